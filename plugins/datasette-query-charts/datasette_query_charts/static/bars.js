// Bars by name, lying, each with its name before it and its number behind it: names want room, on narrow screens most.

import { numberText, ticks } from "./axes.js";
import { colour } from "./looks.js";

const FONT = "12px system-ui, sans-serif";
const brief = (value) => numberText(Number.isInteger(value) ? value : +value.toPrecision(4));
const HEAD = 8, FOOT = 44, GAP = 7;

/** The same doors as frame.js has; `at` is a number of bar and series together. */
export function lyingBars(host, model, { hidden, tell, open, ink }) {
  const canvas = host.appendChild(Object.assign(document.createElement("canvas"), { className: "qc-bars" }));
  const ctx = canvas.getContext("2d"), many = model.series.length;
  const { isLog } = model.axes[1];
  let places = [], current = null;

  function draw() {
    const dpr = devicePixelRatio, width = host.clientWidth || 600;
    const shown = model.series.map((_, k) => k).filter((k) => !hidden.has(k));
    const thick = shown.length > 1 ? Math.max(8, 18 - 2 * shown.length) : 20;
    const each = thick * Math.max(1, shown.length) + GAP;
    const height = HEAD + model.bars.length * each + FOOT;
    Object.assign(canvas, { width: width * dpr, height: height * dpr });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    ctx.scale(dpr, dpr);
    ctx.font = FONT;
    ctx.textBaseline = "middle";
    const most = Math.min(width * 0.42, 320);
    const names = model.bars.map(({ name }) => fitted(name, most));
    const left = Math.ceil(Math.max(...names.map((name) => ctx.measureText(name).width))) + 12;
    const [min, max] = span(model, isLog);
    const numbers = model.bars.flatMap(({ values }) => shown.map((k) => values[k])).filter(Number.isFinite).map((value) => ctx.measureText(brief(value)).width);
    const right = width - Math.min(90, Math.max(0, ...numbers) + 12);
    const x = (place) => left + ((right - left) * (place - min)) / (max - min || 1);
    const inks = { true: ink("ink"), false: ink("muted") };
    axis(x, left, right, height, min, max);
    places = [];
    const zero = x(isLog ? min : 0);
    model.bars.forEach(({ values }, bar) => {
      const top = HEAD + bar * each;
      ctx.fillStyle = inks.true;
      ctx.textAlign = "right";
      ctx.fillText(names[bar], left - 8, top + (each - GAP) / 2);
      shown.forEach((k, row) => {
        const value = isLog ? (values[k] > 0 ? Math.log10(values[k]) : NaN) : values[k];
        const y = top + row * thick, end = Number.isFinite(value) ? x(value) : zero;
        places.push({ bar, k, at: bar * many + k, y, end: Math.max(end, zero), middle: y + thick / 2 });
        ctx.textAlign = "left";
        if (Number.isFinite(value)) {
          ctx.fillStyle = colour(model.series[k].look);
          ctx.fillRect(Math.min(zero, end), y + 1, Math.max(1, Math.abs(end - zero)), thick - 2);
        }
        ctx.fillStyle = inks[Number.isFinite(value)];
        if (thick >= 10 && (Number.isFinite(value) || shown.length === 1)) ctx.fillText(Number.isFinite(values[k]) ? brief(values[k]) : "none", Math.max(end, zero) + 5, y + thick / 2);
      });
    });
    places.each = thick;
  }

  function axis(x, left, right, height, min, max) {
    const { splits, labels } = ticks(model.axes[1], min, max, Math.max(2, (right - left) / 80));
    const foot = height - FOOT;
    ctx.textAlign = "center";
    splits.forEach((place, k) => {
      ctx.fillStyle = ink("grid");
      ctx.fillRect(Math.round(x(place)), HEAD - 4, 1, foot - HEAD + 6);
      ctx.fillStyle = ink("ink");
      ctx.fillText(labels[k], x(place), foot + 12);
    });
    ctx.font = `600 ${FONT}`;
    ctx.fillText(fitted(model.axes[1].label, right - left), (left + right) / 2, foot + 32);
    ctx.font = FONT;
  }

  function fitted(text, most) {
    if (ctx.measureText(text).width <= most) return text;
    let length = text.length;
    while (length > 1 && ctx.measureText(`${text.slice(0, length)}…`).width > most) length--;
    return `${text.slice(0, length)}…`;
  }

  function show(place) {
    current = place;
    canvas.style.cursor = place ? "pointer" : "";
    place ? tell(place.at, [Math.min(place.end, canvas.clientWidth - 20), place.middle]) : tell(null);
  }

  canvas.addEventListener("mousemove", (event) => show(places.find(({ y }) => event.offsetY >= y && event.offsetY < y + places.each) ?? null));
  canvas.addEventListener("mouseleave", () => show(null));
  canvas.addEventListener("click", () => current && open(current.at));
  draw();
  return {
    canvas,
    over: canvas,
    step: (by) => {
      const now = places.findIndex(({ at }) => at === current?.at);
      if (places.length) show(places[now < 0 ? (by > 0 ? 0 : places.length - 1) : Math.min(Math.max(now + by, 0), places.length - 1)]);
    },
    leave: () => show(null),
    openCurrent: () => current && open(current.at),
    current: () => current?.at ?? null,
    zoom: () => {},
    reset: () => {},
    view: () => null,
    redraw: draw,
    resize: draw,
    destroy: () => canvas.remove(),
  };
}

function span({ bars }, isLog) {
  const values = bars.flatMap((bar) => bar.values).filter((value) => Number.isFinite(value) && (!isLog || value > 0));
  let min = values.reduce((one, other) => Math.min(one, other), Infinity), max = values.reduce((one, other) => Math.max(one, other), -Infinity);
  if (isLog) return [Math.log10(min) - 0.15 * Math.max(0.5, Math.log10(max / min)), Math.log10(max)];
  [min, max] = [Math.min(0, min), Math.max(0, max)];
  return min === max ? [0, 1] : [min, max];
}
