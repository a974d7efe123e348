// What is painted into a chart's frame: points with error bars, lines, bars and bins.

import { colour, stamp } from "./looks.js";

/** Between places and pixels of the canvas: a multiplication each, where uPlot's own way has a function call and a look-up. */
export function pixels(u) {
  const { left, top, width, height } = u.bbox, { x, y } = u.scales;
  const across = width / (x.max - x.min), up = height / (y.max - y.min);
  const isRight = x.dir !== -1, isUp = y.dir !== -1;
  return {
    left, top, width, height,
    x: (place) => (isRight ? left + (place - x.min) * across : left + (x.max - place) * across),
    y: (place) => (isUp ? top + height - (place - y.min) * up : top + (place - y.min) * up),
  };
}

export function paint(u, model, hidden) {
  const to = pixels(u), { ctx } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(to.left, to.top, to.width, to.height);
  ctx.clip();
  if (model.kind === "histogram") bins(ctx, to, model, hidden, u);
  else if (model.kind === "bar") bars(ctx, to, model, hidden, u);
  else points(ctx, to, model, hidden);
  ctx.restore();
}

const MANY = 3000;
const radiusOf = (count) => (count > 20_000 ? 1.2 : count > MANY ? 1.7 : count > 600 ? 2.6 : 3.8);

function points(ctx, to, model, hidden) {
  const { x, y, series, low, high } = model.points;
  const dpr = devicePixelRatio, radius = radiusOf(x.length) * dpr;
  const bySeries = model.series.map(() => []);
  for (let k = 0; k < x.length; k++) bySeries[series[k]].push(k);
  bySeries.forEach((some, number) => {
    if (!some.length || hidden.has(number)) return;
    const { look } = model.series[number];
    ctx.strokeStyle = ctx.fillStyle = colour(look);
    if (low) errors(ctx, to, some, model.points, dpr);
    if (model.isLine) line(ctx, to, some, model.points, look, dpr);
    if (model.isLine && some.length > to.width / (9 * dpr)) return; // markers would hide the line
    if (x.length > MANY) specks(ctx, to, some, model.points, look, radius);
    else stamps(ctx, to, some, model.points, stamp(look, model.isLine ? radius * 0.85 : radius));
  });
}

function stamps(ctx, to, some, { x, y }, sprite) {
  const half = sprite.width / 2;
  for (const k of some) ctx.drawImage(sprite, to.x(x[k]) - half, to.y(y[k]) - half);
}

/** Squares on whole pixels: so small that no marker could be told, and painted in a third of the time. */
function specks(ctx, to, some, { x, y }, look, radius) {
  const size = Math.max(2, Math.round(1.8 * radius)), half = size / 2;
  ctx.fillStyle = colour(look);
  ctx.globalAlpha = 0.7;
  for (const k of some) ctx.fillRect(Math.round(to.x(x[k]) - half), Math.round(to.y(y[k]) - half), size, size);
  ctx.globalAlpha = 1;
}

function errors(ctx, to, some, { x, low, high }, dpr) {
  const width = Math.max(1, Math.round(1.2 * dpr)), half = width / 2;
  ctx.globalAlpha = x.length > 600 ? 0.35 : 0.6;
  for (const k of some) {
    if (Number.isNaN(high[k])) continue;
    const top = to.y(high[k]), foot = Number.isNaN(low[k]) ? to.top + to.height : to.y(low[k]); // on a log axis it may reach below everything
    ctx.fillRect(Math.round(to.x(x[k]) - half), Math.min(top, foot), width, Math.abs(foot - top));
  }
  ctx.globalAlpha = 1;
}

function line(ctx, to, some, { x, y }, look, dpr) {
  const order = some.slice().sort((one, other) => x[one] - x[other]);
  ctx.lineWidth = 1.6 * dpr;
  ctx.lineJoin = "round";
  ctx.setLineDash(some.length < 200 ? look.dash.map((length) => length * dpr) : []);
  ctx.beginPath();
  for (const k of order) ctx.lineTo(to.x(x[k]), to.y(y[k]));
  ctx.stroke();
  ctx.setLineDash([]);
}

const base = (model, u) => (model.axes[1].isLog ? u.scales.y.min : 0);

/** Bars of one place stand beside each other. */
function bars(ctx, to, model, hidden, u) {
  const { x, y, series } = model.points, dpr = devicePixelRatio;
  const shown = model.series.map((_, k) => k).filter((k) => !hidden.has(k));
  const room = Math.abs(to.x(model.gap) - to.x(0)) * 0.82, width = Math.max(dpr, room / shown.length);
  const zero = to.y(base(model, u));
  let last = -1;
  for (let k = 0; k < x.length; k++) {
    const at = shown.indexOf(series[k]);
    if (at < 0) continue;
    if (series[k] !== last) ctx.fillStyle = colour(model.series[(last = series[k])].look);
    const top = to.y(y[k]);
    ctx.fillRect(to.x(x[k]) - room / 2 + at * width, Math.min(top, zero), Math.max(dpr, width - (width > 4 * dpr ? dpr : 0)), Math.max(dpr, Math.abs(zero - top)));
  }
}

/** One series is filled; several are outlines with a tint, so that none hides another. */
function bins(ctx, to, model, hidden, u) {
  const { edges, counts } = model.bins, dpr = devicePixelRatio;
  const { isLog } = model.axes[1], zero = to.y(base(model, u));
  const height = (count) => (count > 0 ? to.y(isLog ? Math.log10(count) : count) : zero);
  const isAlone = model.series.length === 1;
  model.series.forEach(({ look }, number) => {
    if (hidden.has(number)) return;
    ctx.fillStyle = ctx.strokeStyle = colour(look);
    if (isAlone) {
      counts[0].forEach((count, bin) => {
        if (!count) return;
        const [from, till] = [to.x(edges[bin]), to.x(edges[bin + 1])].sort((one, other) => one - other), top = Math.min(height(count), zero - dpr);
        ctx.fillRect(from + 0.5 * dpr, top, Math.max(dpr, till - from - dpr), zero - top);
      });
      return;
    }
    ctx.beginPath();
    ctx.moveTo(to.x(edges[0]), zero);
    counts[number].forEach((count, bin) => {
      ctx.lineTo(to.x(edges[bin]), height(count));
      ctx.lineTo(to.x(edges[bin + 1]), height(count));
    });
    ctx.lineTo(to.x(edges.at(-1)), zero);
    ctx.globalAlpha = 0.3 / model.series.length;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.lineWidth = 2 * dpr;
    ctx.setLineDash(to.width / counts[number].length > 14 * dpr ? look.dash.map((length) => length * dpr) : []); // steps as short as dashes
    ctx.stroke();
    ctx.setLineDash([]);
  });
}

