// Draws the sky on a canvas in a projection: a density of cells or points, lines with their labels. Inks come from the page's CSS.

import { eclipticPlane, galacticPlane } from "./planes.js";

/** Where the sky lies in a canvas that is at most as wide as `width` CSS pixels. */
export function frame(width, sky) {
  const small = width < 600 ? 0.7 : 1;
  const [sx, sy] = sky.sides.map((one) => one * small);
  const rx = (Math.min(width, sky.most) - 2 * sx) / 2, ry = rx * sky.tall;
  return { width: 2 * (rx + sx), height: 2 * (ry + sy), x: rx + sx, y: ry + sy, rx, ry };
}

export const place = (at, [x, y]) => [at.x + x * at.rx, at.y + y * at.ry];

export function draw(canvas, at, sky, answer, { planes }) {
  const dpr = window.devicePixelRatio || 1;
  canvas.width = Math.round(at.width * dpr);
  canvas.height = Math.round(at.height * dpr);
  canvas.style.width = `${at.width}px`;
  canvas.style.height = `${at.height}px`;
  const ctx = canvas.getContext("2d");
  ctx.scale(dpr, dpr);
  const style = getComputedStyle(canvas);
  const ink = (name) => style.getPropertyValue(`--sky-${name}`).trim();
  ctx.save();
  disc(ctx, at);
  ctx.fillStyle = ink("ground");
  ctx.fill();
  ctx.clip();
  if (answer.kind === "density") density(ctx, at, sky, answer, ink);
  strokes(ctx, at, sky.lines(), ink("line"), 0.8);
  if (planes) {
    cased(ctx, at, cut(galacticPlane(), sky), ink("galactic"), ink("ground"));
    cased(ctx, at, cut(eclipticPlane(), sky), ink("ecliptic"), ink("ground"), [6, 5]);
  }
  ctx.restore();
  if (answer.kind === "points") points(ctx, at, sky, answer, ink);
  disc(ctx, at);
  ctx.strokeStyle = ink("edge");
  ctx.lineWidth = 1.2;
  ctx.stroke();
  labels(ctx, at, sky, ink);
}

function disc(ctx, at) {
  ctx.beginPath();
  ctx.ellipse(at.x, at.y, at.rx, at.ry, 0, 0, 2 * Math.PI);
}

function strokes(ctx, at, lines, colour, width) {
  ctx.beginPath();
  for (const line of lines) line.forEach((one, k) => ctx[k ? "lineTo" : "moveTo"](...place(at, one)));
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

/** With an edge, so that it can be seen on every colour. */
function cased(ctx, at, lines, colour, ground, dash = []) {
  ctx.globalAlpha = 0.5;
  strokes(ctx, at, lines, ground, 3.2);
  ctx.globalAlpha = 1;
  ctx.setLineDash(dash);
  strokes(ctx, at, lines, colour, 1.6);
  ctx.setLineDash([]);
}

/** A line over the sky in pieces, where the map's edge cuts it. */
function cut(positions, sky) {
  const pieces = [[]];
  for (const one of positions.map((p) => sky.project(...p))) {
    const last = pieces.at(-1);
    if (last.length && Math.abs(last.at(-1)[0] - one[0]) > 0.5) pieces.push([]);
    pieces.at(-1).push(one);
  }
  return pieces;
}

function labels(ctx, at, sky, ink) {
  ctx.font = `${at.width < 600 ? 11 : 13}px Helvetica, Arial, sans-serif`;
  ctx.textBaseline = "middle";
  for (const { text, at: where, align, dx, dy } of sky.labels()) {
    const [x, y] = place(at, where);
    const inside = Math.hypot(...where) < 0.97;
    ctx.textAlign = align;
    if (inside) plate(ctx, ctx.measureText(text).width, x + dx, y + dy, align, ink);
    ctx.fillStyle = ink(inside ? "ink" : "muted");
    ctx.fillText(text, x + dx, y + dy);
  }
}

/** Behind a text, so that it can be read on every colour. */
function plate(ctx, width, x, y, align, ink) {
  ctx.fillStyle = ink("ground");
  ctx.globalAlpha = 0.8;
  ctx.beginPath();
  ctx.roundRect(x - 3 - (align === "center" ? width / 2 : align === "right" ? width : 0), y - 8, width + 6, 15, 4);
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** The edges of a cell in ra, 0 … 360, and in decl. */
export function cellEdges(answer, k) {
  const step = 360 / answer.cells_in_ring[k], south = answer.ring[k] * answer.ring_deg - 90;
  return { west: answer.cell[k] * step, east: (answer.cell[k] + 1) * step, south, north: Math.min(90, south + answer.ring_deg) };
}

/** One colour a cell, by the logarithm of its count; five inks, mixed between. Each is a little larger, so that no seams show. */
function density(ctx, at, sky, answer, ink) {
  const most = Math.log1p(answer.count.reduce((a, b) => Math.max(a, b), 1));
  const inks = [1, 2, 3, 4, 5].map((k) => rgb(ink(`density-${k}`)));
  ctx.lineWidth = 0.7;
  answer.count.forEach((count, k) => {
    const { west, east, south, north } = cellEdges(answer, k);
    ctx.fillStyle = ctx.strokeStyle = mixed(inks, Math.log1p(count) / most);
    for (const piece of sky.cell(west, east, south, north)) {
      ctx.beginPath();
      piece.forEach((one, corner) => ctx[corner ? "lineTo" : "moveTo"](...place(at, one)));
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
    }
  });
}

const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

function mixed(inks, share) {
  const at = Math.min(inks.length - 1.001, Math.max(0, share * (inks.length - 1)));
  const k = Math.floor(at), rest = at - k;
  return `rgb(${inks[k].map((one, c) => Math.round(one + rest * (inks[k + 1][c] - one))).join(" ")})`;
}

function points(ctx, at, sky, answer, ink) {
  const many = answer.ra.length > 400;
  const radius = (many ? 2.3 : answer.ra.length > 40 ? 3.2 : 5) * (at.width < 600 ? 0.8 : 1);
  ctx.fillStyle = ink("point");
  ctx.strokeStyle = ink("ground");
  ctx.lineWidth = 0.8;
  ctx.globalAlpha = many ? 0.8 : 0.95;
  answer.ra.forEach((ra, k) => {
    const [x, y] = place(at, sky.project(ra, answer.decl[k]));
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  });
  ctx.globalAlpha = 1;
}
