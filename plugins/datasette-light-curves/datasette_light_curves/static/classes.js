// The panel of what brokers' classifiers said, against the same time.

import { panel } from "./chart.js";
import { icon, isDark, outline } from "./marks.js";

const MOST_COLOURED = 6;
const SHAPES = ["circle", "square", "triangle-up", "diamond", "pentagon", "star"];
const ON_LIGHT = ["#00608f", "#b84a00", "#00775a", "#a8437d", "#6b5500", "#4453c9"];
const ON_DARK = ["#56b4e9", "#e69f00", "#2bd4a8", "#e79ac4", "#f0e442", "#a9b4ff"];
const OTHERS = { light: "#8a929e", dark: "#79828f" };

/** rows of [mjd, classifier, class, probability] → classifier → its points, in the order of time. */
export function byClassifier(rows) {
  const found = new Map();
  for (const [t, classifier, label, probability] of rows) {
    if (t === null || probability === null) continue;
    if (!found.has(classifier)) found.set(classifier, []);
    found.get(classifier).push({ t, label: label ?? "unnamed", probability });
  }
  found.forEach((points) => points.sort((a, b) => a.t - b.t || b.probability - a.probability));
  return new Map([...found].sort(([a], [b]) => a.localeCompare(b)));
}

/** The likeliest classes first, by their greatest probability; each with a look and its last probability. */
export function classesOf(points) {
  const found = new Map();
  for (const { label, probability } of points) {
    const most = Math.max(found.get(label)?.most ?? 0, probability);
    found.set(label, { label, most, last: probability });
  }
  const classes = [...found.values()].sort((a, b) => b.last - a.last || b.most - a.most);
  const strongest = new Set([...classes].sort((a, b) => b.most - a.most).slice(0, MOST_COLOURED));
  let next = 0;
  classes.forEach((one) => {
    const k = strongest.has(one) ? next++ : null;
    one.shape = k === null ? "cross" : SHAPES[k];
    one.colour = k === null ? OTHERS[isDark() ? "dark" : "light"] : (isDark() ? ON_DARK : ON_LIGHT)[k];
    one.isStrong = k !== null;
  });
  return classes;
}

export function classPanel(uPlot, host, { points, classes, ...rest }) {
  const lines = [...classes].reverse().map((one) => ({ ...one, points: points.filter((point) => point.label === one.label) }));

  function draw(u, ctx) {
    const dpr = devicePixelRatio;
    const place = (point) => [u.valToPos(point.t, "x", true), u.valToPos(point.probability, "y", true)];
    for (const line of lines) {
      ctx.strokeStyle = ctx.fillStyle = line.colour;
      ctx.lineWidth = (line.isStrong ? 1.6 : 1) * dpr;
      ctx.beginPath();
      line.points.forEach((point, k) => ctx[k ? "lineTo" : "moveTo"](...place(point)));
      ctx.stroke();
      ctx.beginPath();
      line.points.forEach((point) => outline(ctx, line.shape, ...place(point), (line.isStrong ? 3.6 : 2) * dpr));
      if (line.shape === "cross") ctx.stroke();
      else ctx.fill();
    }
  }

  return panel(uPlot, host, {
    ...rest,
    points, draw,
    y: (point) => point.probability,
    range: () => [-0.04, 1.04],
    value: { label: "Probability", splits: () => [0, 0.25, 0.5, 0.75, 1], values: (_, splits) => splits.map(String) },
    name: "Probability of each class against time; move through the points with the arrow keys.",
  });
}

/** The classes as a list: mark, name, last probability. */
export function classList(classes) {
  const list = document.createElement("ul");
  list.className = "lc-classes";
  for (const { label, last, shape, colour } of classes) {
    const item = list.appendChild(document.createElement("li"));
    item.append(icon(shape, colour), ` ${label} `, Object.assign(document.createElement("b"), { textContent: last.toFixed(2) }));
  }
  return list;
}
