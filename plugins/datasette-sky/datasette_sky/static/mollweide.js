// Mollweide's projection, equal in area: ra 0 in the middle, east to the left. Degrees to a place in [-1, 1] × [-1, 1] and back.

const RAD = Math.PI / 180;

/** -180 < result <= 180. */
export const wrapped = (ra) => ra - 360 * Math.ceil((ra - 180) / 360);

/** The auxiliary angle t of a latitude: 2t + sin 2t = π sin decl, by Newton's steps. */
function auxiliary(decl) {
  const target = Math.PI * Math.sin(decl * RAD);
  if (Math.abs(decl) > 89.999) return (Math.sign(decl) * Math.PI) / 2;
  let t = decl * RAD;
  for (let k = 0; k < 30; k++) {
    const step = (2 * t + Math.sin(2 * t) - target) / (2 + 2 * Math.cos(2 * t));
    t -= step;
    if (Math.abs(step) < 1e-9) break;
  }
  return t;
}

export function project(ra, decl) {
  const t = auxiliary(decl);
  return [(-wrapped(ra) / 180) * Math.cos(t), -Math.sin(t)];
}

/** As project, for an ra that is taken as it stands: -180 and 180 are the two edges. */
export function projectEdge(ra, decl) {
  const t = auxiliary(decl);
  return [(-ra / 180) * Math.cos(t), -Math.sin(t)];
}

/** null outside of the sky. */
export function unproject(x, y) {
  if (x * x + y * y > 1) return null;
  const t = Math.asin(-y);
  const decl = Math.asin((2 * t + Math.sin(2 * t)) / Math.PI) / RAD;
  const ra = Math.cos(t) < 1e-9 ? 0 : (-x / Math.cos(t)) * 180;
  return [(ra + 360) % 360, decl];
}

/** Angle between two positions, degrees. */
export function apart(ra1, decl1, ra2, decl2) {
  const half = Math.sin(((decl2 - decl1) * RAD) / 2) ** 2
    + Math.cos(decl1 * RAD) * Math.cos(decl2 * RAD) * Math.sin(((ra2 - ra1) * RAD) / 2) ** 2;
  return (2 * Math.asin(Math.min(1, Math.sqrt(half)))) / RAD;
}
