// The frame of points, lines, upright bars and bins: uPlot gives axes, zoom and cursor; paint.js fills it.

import { ticks } from "./axes.js";
import { paint, pixels } from "./paint.js";

const NEAR_PX = 26;
const FONT = "12px system-ui, sans-serif";

/** `tell(at, [left, top])` shows a point by its number, null hides it; `open(at)` is for a click. Returns what keys may do. */
export function frame(uPlot, host, model, { height, reverse, hidden, tell, open, ink, view = null }) {
  const { x: xs, y: ys, series } = model.points;
  const [whole, tall] = [spanX(model), spanY(model)];
  const grid = { stroke: ink("grid"), width: 1 };
  const axis = (which, space, more) => {
    let shown = [];
    return {
      stroke: ink("ink"), grid, ticks: { ...grid, size: 5 }, font: FONT, labelFont: `600 ${FONT}`, labelGap: 2, gap: 5,
      label: shortened(model.axes[which].label),
      splits: (u, _, min, max) => {
        const { splits, labels } = ticks(model.axes[which], min, max, Math.max(2, u.bbox[which ? "height" : "width"] / devicePixelRatio / space));
        shown = labels;
        return splits;
      },
      values: () => shown,
      ...more,
    };
  };
  const widest = (_, values) => Math.max(30, ...(values ?? []).map((text) => 7 * (text?.length ?? 0) + 14));

  const u = new uPlot(
    {
      width: host.clientWidth || 600,
      height: height(),
      padding: [12, 16, 0, 4],
      legend: { show: false },
      cursor: { drag: { x: true, y: model.kind === "scatter" || model.kind === "line", uni: 30 }, points: { show: false }, x: false, y: false },
      scales: {
        x: { time: false, dir: reverse.includes("x") ? -1 : 1, range: (_, min, max) => [min, max] },
        y: { dir: reverse.includes("y") ? -1 : 1, range: (_, min, max) => [min, max] },
      },
      axes: [axis(0, model.axes[0].kind === "time" ? 84 : 80, { size: 32, labelSize: 22 }), axis(1, 36, { size: widest, labelSize: 22 })],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(self) => paint(self, model, hidden)],
        setScale: [() => tell(null)],
        setCursor: [(self) => self.status === 1 && self.cursor.left >= 0 && show(nearest(self.cursor.left, self.cursor.top))],
      },
    },
    [whole, tall],
    host,
  );
  if (view) setView(view);
  let current = null, order = null;
  u.over.addEventListener("mouseleave", () => show(null));
  u.over.addEventListener("click", () => current !== null && !u.select.width && open(current));

  function at(k) {
    const to = pixels(u), dpr = devicePixelRatio;
    return [(to.x(xs[k]) - to.left) / dpr, (to.y(ys[k]) - to.top) / dpr];
  }

  /** Of bars and bins the one above or below the pointer. */
  function nearest(left, top) {
    const to = pixels(u), dpr = devicePixelRatio, isUpright = model.kind === "bar" || model.kind === "histogram";
    const px = left * dpr + to.left, py = top * dpr + to.top;
    let best = null, least = isUpright ? Infinity : (NEAR_PX * dpr) ** 2;
    for (let k = 0; k < xs.length; k++) {
      if (hidden.has(series[k])) continue;
      const across = to.x(xs[k]) - px, along = to.y(ys[k]) - py;
      const far = isUpright ? across * across + 1e-6 * along * along : across * across + along * along;
      if (far < least) [best, least] = [k, far];
    }
    return best;
  }

  function show(k) {
    if (k === current && k === null) return;
    current = k;
    u.over.style.cursor = k === null ? "crosshair" : "pointer";
    tell(k, k === null ? null : at(k));
  }

  /** Through what is in view, from left to right. */
  function step(by) {
    const dir = reverse.includes("x") ? -1 : 1;
    order ??= Array.from(xs.keys()).sort((one, other) => dir * (xs[one] - xs[other]) || one - other);
    const { x, y } = u.scales;
    const there = order.filter((k) => !hidden.has(series[k]) && xs[k] >= x.min && xs[k] <= x.max && ys[k] >= y.min && ys[k] <= y.max);
    if (!there.length) return;
    const now = there.indexOf(current);
    show(there[now < 0 ? (by > 0 ? 0 : there.length - 1) : Math.min(Math.max(now + by, 0), there.length - 1)]);
  }

  function setView([x, y]) {
    u.batch(() => {
      u.setScale("x", { min: x[0], max: x[1] });
      u.setScale("y", { min: y[0], max: y[1] });
    });
  }

  const viewed = () => [[u.scales.x.min, u.scales.x.max], [u.scales.y.min, u.scales.y.max]];
  return {
    canvas: u.ctx.canvas,
    over: u.over,
    step,
    leave: () => show(null),
    openCurrent: () => current !== null && open(current),
    current: () => current,
    zoom: (factor) => setView([scaled(viewed()[0], factor), viewed()[1]]),
    reset: () => setView([whole, tall]),
    view: viewed,
    redraw: () => u.redraw(false),
    resize: () => host.clientWidth && u.setSize({ width: host.clientWidth, height: height() }),
    destroy: () => u.destroy(),
  };
}

const scaled = ([min, max], factor) => {
  const middle = (min + max) / 2, half = ((max - min) / 2) * factor;
  return half > 0 && Number.isFinite(half) ? [middle - half, middle + half] : [min, max];
};

const shortened = (label) => (label.length > 60 ? `${label.slice(0, 60)}…` : label);

function spanX(model) {
  if (model.bins) return [model.bins.edges[0], model.bins.edges.at(-1)];
  const [min, max] = extent(model.points.x);
  if (model.kind === "bar") return [min - 0.6 * model.gap, max + 0.6 * model.gap];
  return padded(min, max, 0.03);
}

/**
 * Error bars count where they are not longer than half of what all points are apart: one bad night must not flatten the rest.
 * Bars begin at zero, on a log axis a little below the least.
 */
function spanY({ kind, points, axes }) {
  let [min, max] = extent(points.y);
  if (kind === "bar" || kind === "histogram") {
    if (axes[1].isLog) return [Math.min(min, kind === "histogram" ? 0 : min) - 0.3, max + 0.05 * (max - min || 1)];
    const [least, most] = [Math.min(0, min), Math.max(0, max)], room = 0.05 * (most - least || 1);
    return [least < 0 ? least - room : 0, most > 0 || least === 0 ? most + room : 0];
  }
  if (points.low) {
    const most = (max - min) / 2 || Infinity;
    for (let k = 0; k < points.y.length; k++) {
      const [y, low, high] = [points.y[k], points.low[k], points.high[k]];
      if (high - y <= most && high > max) max = high;
      if (y - low <= most && low < min) min = low;
    }
  }
  return padded(min, max, 0.06);
}

function extent(values) {
  let min = Infinity, max = -Infinity;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

/** Something where all is in one place; doubles can't be wider than they are. */
function padded(min, max, share) {
  const room = share * (max - min) || Math.abs(min) * 1e-3 || 0.5;
  return [Math.max(min - room, -8e307), Math.min(max + room, 8e307)];
}
