// Draws the sky on a canvas: the graticule with its labels, a density of cells or points. Inks come from the page's CSS.

import { project, projectEdge } from "./mollweide.js";

const MERIDIANS = [-120, -60, 0, 60, 120];
const PARALLELS = [-60, -30, 0, 30, 60];
const MARGIN = 6;

/** Where the sky lies in a canvas of `width` CSS pixels: half as high as it is wide. */
export function frame(width) {
  const rx = width / 2 - MARGIN, ry = rx / 2;
  return { width, height: 2 * ry + 2 * MARGIN, x: width / 2, y: ry + MARGIN, rx, ry };
}

export const place = (at, [x, y]) => [at.x + x * at.rx, at.y + y * at.ry];

export function draw(canvas, at, answer) {
  const dpr = window.devicePixelRatio || 1;
  canvas.width = Math.round(at.width * dpr);
  canvas.height = Math.round(at.height * dpr);
  canvas.style.height = `${at.height}px`;
  const ctx = canvas.getContext("2d");
  ctx.scale(dpr, dpr);
  const style = getComputedStyle(canvas);
  const ink = (name) => style.getPropertyValue(`--sky-${name}`).trim();
  disc(ctx, at);
  ctx.fillStyle = ink("ground");
  ctx.fill();
  if (answer.kind === "density") density(ctx, at, answer, ink);
  graticule(ctx, at, ink);
  if (answer.kind === "points") points(ctx, at, answer, ink);
  labels(ctx, at, ink);
  disc(ctx, at);
  ctx.strokeStyle = ink("muted");
  ctx.lineWidth = 1;
  ctx.stroke();
}

function disc(ctx, at) {
  ctx.beginPath();
  ctx.ellipse(at.x, at.y, at.rx, at.ry, 0, 0, 2 * Math.PI);
}

function path(ctx, at, places) {
  places.forEach((one, k) => ctx[k ? "lineTo" : "moveTo"](...place(at, one)));
}

const span = (from, to, step) => Array.from({ length: Math.round((to - from) / step) + 1 }, (_, k) => from + k * step);

function graticule(ctx, at, ink) {
  ctx.beginPath();
  for (const ra of MERIDIANS) path(ctx, at, span(-90, 90, 3).map((decl) => projectEdge(ra, decl)));
  for (const decl of PARALLELS) path(ctx, at, [projectEdge(-180, decl), projectEdge(180, decl)]);
  ctx.strokeStyle = ink("line");
  ctx.lineWidth = 0.8;
  ctx.stroke();
}

function labels(ctx, at, ink) {
  const isSmall = at.width < 600;
  ctx.font = `${isSmall ? 10 : 12}px Helvetica, Arial, sans-serif`;
  ctx.fillStyle = ink("ink");
  ctx.strokeStyle = ink("ground");
  ctx.lineWidth = 3;
  ctx.lineJoin = "round";
  ctx.textBaseline = "bottom";
  ctx.textAlign = "center";
  const write = (text, [x, y]) => {
    ctx.strokeText(text, x, y);
    ctx.fillText(text, x, y);
  };
  for (const ra of MERIDIANS) write(`${((ra + 360) % 360) / 15}h`, place(at, projectEdge(ra, 0)));
  ctx.textAlign = "left";
  for (const decl of PARALLELS) {
    const [x, y] = place(at, projectEdge(180, decl));
    write(`${decl > 0 ? "+" : decl < 0 ? "−" : ""}${Math.abs(decl)}°`, [x + 6, y - 1]);
  }
}

/** The edges of a cell in ra, -180 … 180, and in decl. */
export function cellEdges(answer, ring, cell) {
  const step = 360 / answer.cells_in_ring[ring];
  const south = ring * answer.ring_deg - 90;
  return { west: cell * step, east: (cell + 1) * step, south, north: south + answer.ring_deg };
}

/** One colour a cell, by the logarithm of its count; five inks, mixed between. */
function density(ctx, at, answer, ink) {
  const most = Math.log1p(answer.count.reduce((a, b) => Math.max(a, b), 1));
  const inks = [1, 2, 3, 4, 5].map((k) => rgb(ink(`density-${k}`)));
  answer.count.forEach((count, k) => {
    const { west, east, south, north } = cellEdges(answer, answer.ring[k], answer.cell[k]);
    ctx.fillStyle = mixed(inks, Math.log1p(count) / most);
    for (const [from, to] of pieces(west, east)) {
      ctx.beginPath();
      const middle = (from + to) / 2;
      path(ctx, at, [[from, south], [to, south], [to, (south + north) / 2], [to, north], [middle, north], [from, north]].map((p) => projectEdge(...p)));
      ctx.closePath();
      ctx.fill();
    }
  });
}

/** Across ra 180, where the map is cut, a cell is drawn at both edges; a little wider, so that no seams show. */
function pieces(west, east) {
  const more = (east - west) * 0.04;
  if (east <= 180) return [[west, Math.min(180, east + more)]];
  if (west >= 180) return [[west - 360, Math.min(0, east - 360 + more)]];
  return [[west, 180], [-180, east - 360]];
}

const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));

function mixed(inks, share) {
  const at = Math.min(inks.length - 1.001, Math.max(0, share * (inks.length - 1)));
  const k = Math.floor(at), rest = at - k;
  return `rgb(${inks[k].map((one, c) => Math.round(one + rest * (inks[k + 1][c] - one))).join(" ")})`;
}

function points(ctx, at, answer, ink) {
  const many = answer.ra.length > 400;
  const radius = many ? 2.2 : answer.ra.length > 40 ? 3 : 4.5;
  ctx.fillStyle = ink("point");
  ctx.strokeStyle = ink("ground");
  ctx.lineWidth = 0.8;
  ctx.globalAlpha = many ? 0.75 : 0.9;
  answer.ra.forEach((ra, k) => {
    const [x, y] = place(at, project(ra, answer.decl[k]));
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  });
  ctx.globalAlpha = 1;
}
