// Angles on the sphere, in degrees, and how they are written.

export const RAD = Math.PI / 180;

/** -180 < result <= 180. */
export const wrapped = (ra) => ra - 360 * Math.ceil((ra - 180) / 360);

export const turned = (ra) => ra - 360 * Math.floor(ra / 360);

export const vector = (ra, decl) => [Math.cos(ra * RAD) * Math.cos(decl * RAD), Math.sin(ra * RAD) * Math.cos(decl * RAD), Math.sin(decl * RAD)];

export const position = ([x, y, z]) => [turned(Math.atan2(y, x) / RAD), Math.atan2(z, Math.hypot(x, y)) / RAD];

/** Angle between two positions. */
export function apart(ra1, decl1, ra2, decl2) {
  const half = Math.sin(((decl2 - decl1) * RAD) / 2) ** 2
    + Math.cos(decl1 * RAD) * Math.cos(decl2 * RAD) * Math.sin(((ra2 - ra1) * RAD) / 2) ** 2;
  return (2 * Math.asin(Math.min(1, Math.sqrt(half)))) / RAD;
}

/** The positions around a cell, close enough that lines between them follow it. */
export function border(west, east, south, north) {
  const count = Math.max(2, Math.ceil((east - west) / 6)), half = (south + north) / 2;
  const along = Array.from({ length: count + 1 }, (_, k) => west + ((east - west) * k) / count);
  return [...along.map((ra) => [ra, south]), [east, half], ...along.reverse().map((ra) => [ra, north]), [west, half]];
}

/** The middle of some positions and the largest distance from it; null where they have none. */
export function circle(ras, decls) {
  const sum = [0, 0, 0];
  ras.forEach((ra, k) => vector(ra, decls[k]).forEach((one, axis) => { sum[axis] += one; }));
  if (!ras.length || Math.hypot(...sum) < 1e-6 * ras.length) return null;
  const [ra, decl] = position(sum);
  return [ra, decl, ras.reduce((most, one, k) => Math.max(most, apart(ra, decl, one, decls[k])), 0)];
}

const UNITS = [["°", 1], ["′", 1 / 60], ["″", 1 / 3600]];

/** As a person would say it. */
export function said(degrees) {
  const [mark, size] = UNITS.find(([, one]) => degrees >= one * 0.9999) ?? UNITS[2];
  return `${Number((degrees / size).toPrecision(3))}${mark}`;
}

/** The largest of 1, 2, 5, 10, 15, 30 times a unit that isn't above. */
export function round(degrees) {
  const sizes = UNITS.flatMap(([, unit]) => [30, 15, 10, 5, 2, 1].map((one) => one * unit));
  return sizes.find((one) => one <= degrees * 1.0001) ?? 10 ** Math.floor(Math.log10(degrees));
}

export const written = (ra, decl, digits = 4) => `${ra.toFixed(digits)}° ${decl < 0 ? "−" : "+"}${Math.abs(decl).toFixed(digits)}°`;
