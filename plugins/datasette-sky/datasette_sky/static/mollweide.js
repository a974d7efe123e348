// Mollweide's projection of the whole sky, equal in area: ra 0 in the middle, east to the left. Places are in [-1, 1] × [-1, 1].

import { RAD, border, turned, wrapped } from "./angles.js";

const MERIDIANS = [-120, -60, 0, 60, 120];
const PARALLELS = [-60, -30, 0, 30, 60];

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
  return onEdge(wrapped(ra), decl);
}

/** As project, for an ra that is taken as it stands: -180 and 180 are the two edges. */
function onEdge(ra, decl) {
  const t = auxiliary(decl);
  return [(-ra / 180) * Math.cos(t), -Math.sin(t)];
}

/** null outside of the sky. */
export function unproject(x, y) {
  if (x * x + y * y > 1) return null;
  const t = Math.asin(-y);
  const decl = Math.asin(Math.max(-1, Math.min(1, (2 * t + Math.sin(2 * t)) / Math.PI))) / RAD;
  return [turned(Math.cos(t) < 1e-9 ? 0 : (-x / Math.cos(t)) * 180), decl];
}

/** Polygons of a cell; across ra 180, where the map is cut, one at each edge. */
function cell(west, east, south, north) {
  return pieces(west, east).map(([from, to]) => border(from, to, south, north).map((one) => onEdge(...one)));
}

function pieces(west, east) {
  if (east <= 180) return [[west, east]];
  if (west >= 180) return [[west - 360, east - 360]];
  return [[west, 180], [-180, east - 360]];
}

const span = (from, to, step) => Array.from({ length: Math.round((to - from) / step) + 1 }, (_, k) => from + k * step);

function lines() {
  return [
    ...MERIDIANS.map((ra) => span(-90, 90, 3).map((decl) => onEdge(ra, decl))),
    ...PARALLELS.map((decl) => [onEdge(-180, decl), onEdge(180, decl)]),
  ];
}

/** `dx`, `dy`: how far the text is moved, in pixels. */
function labels() {
  return [
    ...MERIDIANS.map((ra) => ({ text: `${turned(ra) / 15}h`, at: onEdge(ra, 0), align: "center", dx: 0, dy: -8 })),
    ...PARALLELS.map((decl) => ({
      text: `${decl > 0 ? "+" : decl < 0 ? "−" : ""}${Math.abs(decl)}°`, at: onEdge(180, decl), align: "right", dx: -5, dy: decl ? -Math.sign(decl) * 5 : 0,
    })),
  ];
}

export const wholeSky = {
  name: "all sky",
  tall: 0.5,
  most: 1040,
  sides: [40, 10],
  project,
  unproject,
  cell,
  lines,
  labels,
  words: (frame) => `Mollweide projection (equal areas), ${frame}: ra 0h in the middle, east to the left.`,
};
