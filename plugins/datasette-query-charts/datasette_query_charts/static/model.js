// From rows and choices to what is drawn: places, series, and what had to be left out. Throws Impossible with a sentence.

import { barsByNumber, barsByText, histogram } from "./bins.js";
import { NUMBER, TEXT, valuesOf } from "./columns.js";
import { groupsOf } from "./groups.js";
import { lookOf } from "./looks.js";
import { Impossible, axisOf, knownLook, placed } from "./places.js";

export function modelOf(rows, choices, columns, told) {
  if (!rows.count) throw new Impossible("There are no rows to draw.");
  const column = (name) => columns.find((one) => one.name === name);
  if (!choices.x) throw new Impossible(sentenceWithoutNumbers(choices.kind));
  const context = { rows, choices, columns, told, column };
  const isText = column(choices.x).kind === TEXT;
  if (choices.kind === "histogram") return isText ? barsByText({ ...context, choices: { ...choices, y: [] } }) : histogram(context);
  if (choices.kind === "bar") return isText || column(choices.x).kind === "empty" ? barsByText(context) : barsByNumber(context);
  return points(context);
}

function sentenceWithoutNumbers(kind) {
  return kind === "line" || kind === "scatter" ? "No column here has numbers or dates to draw along x; bars can count its texts." : "There is no column to draw.";
}

/** Line and scatter: a point for each row and each column of y. */
function points({ rows, choices, columns, told, column }) {
  const { kind, x, y, colour, error, log } = choices;
  for (const name of [x, ...y]) {
    const { kind: holds } = column(name);
    if (holds === TEXT) throw new Impossible(`“${name}” holds text: ${kind === "line" ? "a line" : "a scatter plot"} needs numbers or dates. Choose another column, or bars.`);
    if (holds === "empty") throw new Impossible(`“${name}” is empty in all of these rows.`);
  }
  if (!y.length) throw new Impossible("Only one column here has numbers; choose a histogram, or a column for y.");
  const isSplit = y.length === 1 && colour;
  const groups = groupsOf(rows, isSplit ? colour : "", column(colour), told, { mayRamp: kind === "scatter" });
  const series = isSplit ? groups.series : y.map((name, k) => ({ name, look: lookOf(k, knownLook(told, name)) }));
  const xs = valuesOf(rows.texts(x), column(x).kind);
  const many = rows.count * y.length;
  const made = { x: new Float64Array(many), y: new Float64Array(many), low: null, high: null, series: new Uint16Array(many), row: new Int32Array(many) };
  if (error && y.length === 1) [made.low, made.high] = [new Float64Array(many), new Float64Array(many)];
  const left = { missing: 0, notPositive: 0 };
  const axes = [axisOf(columns, x, log.includes("x")), axisOf(columns, y[0], log.includes("y"), y.join(", "))];
  const errors = made.low ? valuesOf(rows.texts(error), NUMBER) : null;
  let count = 0;
  y.forEach((name, k) => {
    const ys = valuesOf(rows.texts(name), column(name).kind);
    for (let row = 0; row < rows.count; row++) {
      const left_ = !Number.isFinite(xs[row]) || !Number.isFinite(ys[row]) ? "missing" : (axes[0].isLog && xs[row] <= 0) || (axes[1].isLog && ys[row] <= 0) ? "notPositive" : null;
      if (left_) {
        left[left_]++;
        continue;
      }
      made.x[count] = placed(xs[row], axes[0].isLog);
      made.y[count] = placed(ys[row], axes[1].isLog);
      if (errors) {
        made.low[count] = placed(ys[row] - errors[row], axes[1].isLog);
        made.high[count] = placed(ys[row] + errors[row], axes[1].isLog);
      }
      made.series[count] = isSplit ? groups.of[row] : k;
      made.row[count++] = row;
    }
  });
  if (!count) throw new Impossible(left.notPositive ? "No value here is above 0, as a log axis needs." : `No row here has both a “${x}” and a “${y.join("”, “")}”.`);
  for (const key of Object.keys(made)) made[key] &&= made[key].subarray(0, count);
  const text = (name, row) => rows.words(name)?.get(rows.texts(name)[row]) ?? rows.texts(name)[row];

  return {
    type: "xy", kind, axes, series, points: made, left, unit: "point", ramp: groups.ramp, isLine: kind === "line",
    describe(at) {
      const row = made.row[at], name = isSplit ? y[0] : y[made.series[at]];
      const spread = errors && Number.isFinite(errors[row]) ? ` ± ${rows.texts(error)[row]}` : "";
      const lines = [`${name} ${rows.texts(name)[row]}${spread}`, `${x} ${text(x, row)}`];
      return isSplit ? [...lines, `${colour} ${text(colour, row) || "none"}`] : lines;
    },
    rowOf: (at) => made.row[at],
  };
}
