// The sky around a position: distances from it and directions are true (zenithal equidistant), north up, east to the left.

import { RAD, apart, border, position, round, said, vector, written } from "./angles.js";

export function closeUp([ra0, decl0, radius]) {
  const [cx, cy, cz] = vector(ra0, decl0);
  const east = [-Math.sin(ra0 * RAD), Math.cos(ra0 * RAD), 0];
  const north = [-Math.sin(decl0 * RAD) * Math.cos(ra0 * RAD), -Math.sin(decl0 * RAD) * Math.sin(ra0 * RAD), Math.cos(decl0 * RAD)];
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

  function project(ra, decl) {
    const seen = vector(ra, decl);
    const [x, y] = [dot(seen, east), dot(seen, north)];
    const across = Math.hypot(x, y), share = apart(ra0, decl0, ra, decl) / radius;
    return across < 1e-15 ? [0, 0] : [(-x / across) * share, (-y / across) * share];
  }

  function unproject(x, y) {
    const share = Math.hypot(x, y);
    if (share > 1) return null;
    const angle = share * radius * RAD, [dx, dy] = share ? [-x / share, -y / share] : [0, 0];
    return position([cx, cy, cz].map((one, k) => one * Math.cos(angle) + (dx * east[k] + dy * north[k]) * Math.sin(angle)));
  }

  const cell = (...edges) => [border(...edges).map((one) => project(...one))];

  const step = round(radius / 2);
  const rings = Array.from({ length: Math.floor(radius / step - 0.05) }, (_, k) => (k + 1) * step);
  const ring = (share) => Array.from({ length: 73 }, (_, k) => [share * Math.cos(k * 5 * RAD), share * Math.sin(k * 5 * RAD)]);

  return {
    name: "close-up",
    tall: 1,
    most: 600,
    sides: [26, 26],
    project,
    unproject,
    cell,
    lines: () => [...rings.map((one) => ring(one / radius)), [[-1, 0], [1, 0]], [[0, -1], [0, 1]]],
    labels: () => [
      ...rings.map((one) => ({ text: said(one), at: [0, one / radius], align: "left", dx: 5, dy: -8 })),
      { text: said(radius), at: [0, 1], align: "center", dx: 0, dy: 14 },
      { text: "N", at: [0, -1], align: "center", dx: 0, dy: -12 },
      { text: "E", at: [-1, 0], align: "center", dx: -13, dy: 0 },
    ],
    words: (frame) => `${said(radius)} around ${written(ra0, decl0, digits(radius))} (${frame}), north up, east to the left.`,
  };
}

const digits = (radius) => Math.max(2, Math.min(7, Math.ceil(2 - Math.log10(radius))));
