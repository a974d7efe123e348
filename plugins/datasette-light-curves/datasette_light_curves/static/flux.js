// The panel of flux or magnitude against time.

import { padded, panel } from "./chart.js";
import { colour, marker, outline } from "./marks.js";

/** `state` has unit, off (a set of bands that aren't shown), kinds; it is read at each drawing. */
export function fluxPanel(uPlot, host, { points, told, state, ...rest }) {
  const inMagnitudes = state.unit === "mag";
  const value = inMagnitudes ? (point) => point.mag : (point) => point.flux;
  const spread = inMagnitudes ? (point) => point.magError : (point) => point.error;
  const isShown = (point) => !state.off.has(point.band) && state.kinds.has(point.kind) && !(point.isRepeated && state.kinds.has("detections"));
  const y = (point) => (isShown(point) ? value(point) : null);

  /** Error bars count where they are no longer than what they are of: one bad night must not flatten the rest. */
  function range(from, to) {
    const places = points.filter((point) => point.t >= from && point.t <= to && y(point) !== null);
    const values = places.map(value);
    const bars = places.flatMap((point) => {
      const bar = Math.min(spread(point) ?? 0, inMagnitudes ? 0.7 : Infinity);
      return point.isLimit ? [] : [value(point) - bar, value(point) + bar];
    });
    return padded([...values, ...(bars.length < 4000 ? bars : [])], inMagnitudes ? 0.2 : 1);
  }

  function draw(u, ctx) {
    const dpr = devicePixelRatio, radius = 4.8 * dpr;
    const { min, max } = u.scales.x;
    const byLook = new Map();
    for (const point of points) {
      if (point.t < min || point.t > max || y(point) === null) continue;
      const key = `${point.kind === "forced" ? 0 : 1}${point.band}`;
      if (!byLook.has(key)) byLook.set(key, []);
      byLook.get(key).push(point);
    }
    if (!inMagnitudes) zeroLine(u, ctx, dpr);
    for (const key of [...byLook.keys()].sort()) {
      const [first] = byLook.get(key);
      look(ctx, { hue: colour(told.bands, first.band), isForced: first.kind === "forced", dpr });
      bars(u, ctx, byLook.get(key), radius);
      heads(u, ctx, byLook.get(key), radius);
    }
    ctx.globalAlpha = 1;
  }

  function look(ctx, { hue, isForced, dpr }) {
    ctx.strokeStyle = ctx.fillStyle = hue;
    ctx.lineWidth = 1.3 * dpr;
    ctx.globalAlpha = isForced ? 0.55 : 1;
  }

  function bars(u, ctx, some, radius) {
    ctx.beginPath();
    for (const point of some) {
      const x = u.valToPos(point.t, "x", true), at = u.valToPos(value(point), "y", true);
      if (point.isLimit && inMagnitudes) {
        const end = at + 2.6 * radius;
        ctx.moveTo(x - radius, at);
        ctx.lineTo(x + radius, at);
        ctx.moveTo(x, at);
        ctx.lineTo(x, end);
        ctx.lineTo(x - 0.6 * radius, end - 0.8 * radius);
        ctx.moveTo(x, end);
        ctx.lineTo(x + 0.6 * radius, end - 0.8 * radius);
      } else if (spread(point) > 0) {
        ctx.moveTo(x, u.valToPos(value(point) - spread(point), "y", true));
        ctx.lineTo(x, u.valToPos(value(point) + spread(point), "y", true));
      }
    }
    ctx.stroke();
  }

  function heads(u, ctx, some, radius) {
    const isForced = some[0].kind === "forced";
    ctx.beginPath();
    for (const point of some) {
      if (point.isLimit && inMagnitudes) continue;
      const size = isForced ? 0.75 * radius : radius;
      outline(ctx, marker(told.bands, point.band), u.valToPos(point.t, "x", true), u.valToPos(value(point), "y", true), size);
    }
    if (isForced) ctx.stroke();
    else ctx.fill();
    if (!isForced && marker(told.bands, some[0].band) === "cross") ctx.stroke();
  }

  function zeroLine(u, ctx, dpr) {
    const at = Math.round(u.valToPos(0, "y", true)) + 0.5;
    ctx.beginPath();
    ctx.strokeStyle = getComputedStyle(host).getPropertyValue("--lc-zero").trim() || "#888";
    ctx.lineWidth = dpr;
    ctx.moveTo(u.bbox.left, at);
    ctx.lineTo(u.bbox.left + u.bbox.width, at);
    ctx.stroke();
  }

  const label = inMagnitudes ? "AB magnitude" : `Flux (${told.fluxUnit})`;
  const values = inMagnitudes
    ? undefined
    : (_, splits) => splits.map((flux) => (Math.abs(flux) < 1e7 ? flux.toLocaleString("en") : flux.toExponential(1)).replace("-", "−"));
  return panel(uPlot, host, {
    ...rest,
    points, y, range, draw,
    invert: inMagnitudes,
    value: { label, ...(values && { values }) },
    name: `${label} against time; move through the points with the arrow keys.`,
  });
}
