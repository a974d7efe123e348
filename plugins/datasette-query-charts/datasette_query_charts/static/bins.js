// Rows taken together: a histogram's bins, and bars by number, date or name.

import { NUMBER, TEXT, TIME, valuesOf } from "./columns.js";
import { groupsOf, short } from "./groups.js";
import { labelOf, numberText } from "./axes.js";
import { lookOf } from "./looks.js";
import { Impossible, axisOf, knownLook, placed } from "./places.js";

const FEWEST_BINS = 5, MOST_BINS = 120;
export const MOST_BARS = 200; // by name; more can't be read

const OF = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  mean: (values) => OF.sum(values) / values.length,
  median: (values) => {
    const sorted = values.sort((one, other) => one - other), middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  },
  least: (values) => values.reduce((one, other) => Math.min(one, other)),
  greatest: (values) => values.reduce((one, other) => Math.max(one, other)),
};

export function histogram({ rows, choices, columns, told, column }) {
  const { x, colour, log } = choices;
  if (column(x).kind === "empty") throw new Impossible(`“${x}” is empty in all of these rows.`);
  const groups = groupsOf(rows, colour, column(colour), told, { mayRamp: false });
  const axes = [axisOf(columns, x, log.includes("x")), { label: "rows", kind: NUMBER, isLog: log.includes("y"), isCount: true }];
  const left = { missing: 0, notPositive: 0 };
  const values = valuesOf(rows.texts(x), column(x).kind).map((value) => {
    const place = placed(value, axes[0].isLog);
    if (!Number.isFinite(value)) left.missing++;
    else if (Number.isNaN(place)) left.notPositive++;
    return place;
  });
  const found = values.filter(Number.isFinite).sort();
  if (!found.length) throw new Impossible(left.notPositive ? "No value here is above 0, as a log axis needs." : `No row here has a “${x}”.`);
  const edges = edgesOf(found, choices.bins, axes[0].kind === NUMBER && !axes[0].isLog);
  const bins = edges.length - 1, width = (edges[bins] - edges[0]) / bins;
  const counts = groups.series.map(() => new Float64Array(bins));
  values.forEach((value, row) => {
    if (Number.isFinite(value)) counts[groups.of[row]][Math.min(bins - 1, Math.max(0, Math.floor((value - edges[0]) / width)))]++;
  });
  const total = (bin) => counts.reduce((sum, of) => sum + of[bin], 0);
  const places = Float64Array.from({ length: bins }, (_, bin) => (edges[bin] + edges[bin + 1]) / 2);
  const highest = Float64Array.from(places, (_, bin) => placed(Math.max(...counts.map((of) => of[bin])), axes[1].isLog));
  return {
    type: "xy", kind: "histogram", axes, series: groups.series, left, unit: "bin", bins: { edges, counts }, count: found.length,
    points: { x: places, y: highest.map((value) => (Number.isFinite(value) ? value : 0)), series: new Uint16Array(bins), row: null },
    describe(bin) {
      const edge = (at) => labelOf(axes[0], edges[at], width);
      const many = `${total(bin).toLocaleString("en")} ${total(bin) === 1 ? "row" : "rows"}`;
      const parts = groups.series.length > 1 ? groups.series.map(({ name }, k) => [name, counts[k][bin]]).filter(([, count]) => count).map(([name, count]) => `${name} ${count.toLocaleString("en")}`) : [];
      return [many, `${x} ${edge(bin)} to ${edge(bin + 1)}`, ...parts];
    },
    rowOf: () => -1,
  };
}

/** As many as Freedman and Diaconis would have; of whole numbers no narrower than 1, and then around them. */
function edgesOf(sorted, wanted, mayBeWhole) {
  const least = sorted[0], greatest = sorted.at(-1);
  if (least === greatest) {
    const half = Math.abs(least) * 1e-3 || 0.5;
    return [least - half, least + half];
  }
  const quartile = (share) => sorted[Math.floor(share * (sorted.length - 1))];
  const width = (2 * (quartile(0.75) - quartile(0.25))) / Math.cbrt(sorted.length);
  const fitting = Math.min(MOST_BINS, Math.max(FEWEST_BINS, Math.ceil((greatest - least) / width) || FEWEST_BINS, Math.ceil(Math.log2(sorted.length)) + 1));
  const bins = wanted || fitting;
  const isWhole = mayBeWhole && greatest < 2 ** 53 && sorted.every(Number.isInteger);
  if (isWhole && !wanted && (greatest - least) / bins <= 1.5) return spread(least - 0.5, greatest + 0.5, greatest - least + 1);
  return spread(least, greatest, bins);
}

const spread = (from, to, bins) => Array.from({ length: bins + 1 }, (_, k) => (k === bins ? to : from + ((to - from) * k) / bins));

/** Each place's values by series; without y the rows are counted. */
function gathered({ rows, choices, told, column }, key) {
  const { y, colour } = choices;
  for (const name of y) {
    if (column(name).kind === TEXT || column(name).kind === TIME) throw new Impossible(`“${name}” holds ${column(name).kind === TEXT ? "text" : "dates"}: the length of a bar is a number. Choose another column, or count rows.`);
  }
  const isSplit = y.length < 2 && colour;
  const groups = groupsOf(rows, isSplit ? colour : "", column(colour), told, { mayRamp: false });
  const series = isSplit || !y.length ? groups.series : y.map((name, k) => ({ name: y.length > 1 ? name : "", look: lookOf(k, knownLook(told, name)) }));
  const places = new Map();
  const left = { missing: 0, notPositive: 0 };
  let isRepeated = false;
  const put = (row, at, value) => {
    const place = key(row);
    if (place === null || Number.isNaN(value)) return void left.missing++;
    if (!places.has(place)) places.set(place, { row, values: series.map(() => []) });
    const values = places.get(place).values[at];
    isRepeated ||= values.length > 0;
    values.push(value);
  };
  if (!y.length) for (let row = 0; row < rows.count; row++) put(row, groups.of[row], 1);
  y.forEach((name, k) => {
    const values = valuesOf(rows.texts(name), NUMBER);
    values.forEach((value, row) => put(row, isSplit ? groups.of[row] : k, Number.isFinite(value) ? value : NaN));
  });
  if (!places.size) throw new Impossible(`No row here has both a “${choices.x}” and a “${y.join("”, “")}”.`);
  const reduce = OF[y.length ? choices.of : "sum"];
  for (const place of places.values()) place.values = place.values.map((values) => (values.length ? reduce(values) : NaN));
  const what = (k) => [isRepeated && y.length ? `${choices.of} of` : "", y.length > 1 ? series[k].name : y[0] ?? "rows", isSplit ? `of ${series[k].name}` : ""].filter(Boolean).join(" ");
  const label = y.length ? (isRepeated ? `${choices.of} of ${y.join(", ")}` : y.join(", ")) : "rows";
  return { places, series, left, label, what, isRepeated: isRepeated && y.length > 0 };
}

export function barsByNumber(context) {
  const { rows, choices, columns, column } = context;
  const { x, log } = choices;
  const axes = [axisOf(columns, x, log.includes("x")), { kind: NUMBER, isLog: log.includes("y") }];
  const xs = valuesOf(rows.texts(x), column(x).kind).map((value) => placed(value, axes[0].isLog));
  const { places, series, left, label, what, isRepeated } = gathered(context, (row) => (Number.isFinite(xs[row]) ? xs[row] : null));
  axes[1].label = label;
  const flat = [...places].flatMap(([place, { row, values }]) => values.flatMap((value, k) => (Number.isNaN(value) ? [] : [{ place, row, k, value }])));
  const shown = flat.filter(({ value }) => !axes[1].isLog || value > 0);
  left.notPositive = flat.length - shown.length;
  if (!shown.length) throw new Impossible("No value here is above 0, as a log axis needs.");
  const sorted = [...places.keys()].sort((one, other) => one - other);
  let gap = Infinity;
  sorted.forEach((place, k) => k && (gap = Math.min(gap, place - sorted[k - 1])));
  return {
    type: "xy", kind: "bar", axes, series, left, unit: "bar", isRepeated,
    gap: Number.isFinite(gap) ? gap : Math.abs(sorted[0]) * 0.1 || 1,
    points: {
      x: Float64Array.from(shown, ({ place }) => place), y: Float64Array.from(shown, ({ value }) => placed(value, axes[1].isLog)),
      series: Uint16Array.from(shown, ({ k }) => k), row: Int32Array.from(shown, ({ row }) => row),
    },
    describe(at) {
      const { row, k, value } = shown[at];
      return [`${what(k)} ${numberText(value)}`, `${x} ${rows.texts(x)[row]}`];
    },
    rowOf: (at) => (isRepeated || !choices.y.length ? -1 : shown[at].row),
  };
}

export function barsByText(context) {
  const { rows, choices } = context;
  const texts = rows.texts(choices.x), words = rows.words(choices.x);
  const { places, series, left, label, what, isRepeated } = gathered(context, (row) => texts[row]);
  const isLog = choices.log.includes("y");
  const all = [...places].map(([text, { row, values }]) => ({ name: short(words?.get(text) ?? (text || "none")), row, values }));
  if (isLog && !all.some(({ values }) => values.some((value) => value > 0))) throw new Impossible("No value here is above 0, as a log axis needs.");
  const bars = all.slice(0, MOST_BARS);
  return {
    type: "bars", kind: "bar", axes: [{ label: choices.x }, { label, kind: NUMBER, isLog }], series, left, unit: "bar", isRepeated, bars,
    cut: all.length - bars.length, count: bars.length,
    describe: (at, k) => [`${what(k)} ${numberText(bars[at].values[k])}`, `${choices.x} ${bars[at].name}`],
    rowOf: (at) => (isRepeated || !choices.y.length ? -1 : bars[at].row),
  };
}
