// Which series a row belongs to: by the values of the column that gives the colour, or by their size.

import { NUMBER, valuesOf } from "./columns.js";
import { FEW } from "./choices.js";
import { OTHERS, lookOf, ramp } from "./looks.js";

const STEPS = 24; // of a gradient
const SHORT = 60; // characters of a name

export const short = (text) => (text.length > SHORT ? `${text.slice(0, SHORT)}…` : text);

/**
 * `series`: name and look of each; `of`: the series of each row, one number a row; `ramp`: the least and the greatest value,
 * where colours stand for numbers.
 */
export function groupsOf(rows, name, column, told, { mayRamp }) {
  const of = new Uint16Array(rows.count);
  if (!name || !column) return { series: [{ name: "", look: lookOf(0) }], of };
  const texts = rows.texts(name);
  if (mayRamp && column.kind === NUMBER && column.distinct > FEW && !told.colours?.[name]) return ramped(texts, of, name);

  const known = told.colours?.[name] ?? {};
  const counts = new Map();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const most = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one)).slice(0, counts.size > FEW ? FEW - 1 : FEW);
  const order = Object.keys(known);
  const place = (text) => (order.includes(text) ? order.indexOf(text) : order.length);
  const shown = most.sort((one, other) => place(one) - place(other) || naturally(one, other));
  const words = rows.words(name);
  const series = shown.map((text, k) => ({ name: short(words?.get(text) ?? (text || "none")), look: lookOf(k, known[text]) }));
  if (counts.size > shown.length) series.push({ name: `${(counts.size - shown.length).toLocaleString("en")} others`, look: OTHERS });
  const numbers = new Map(shown.map((text, k) => [text, k]));
  texts.forEach((text, k) => (of[k] = numbers.get(text) ?? shown.length));
  return { series, of };
}

const naturally = (one, other) => one.localeCompare(other, "en", { numeric: true });

function ramped(texts, of, name) {
  const values = valuesOf(texts, NUMBER);
  let min = Infinity, max = -Infinity;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max && value < Infinity) max = value;
  }
  const wide = max - min || 1;
  values.forEach((value, k) => (of[k] = Number.isFinite(value) ? Math.min(STEPS - 1, Math.floor((STEPS * (value - min)) / wide)) : STEPS));
  const series = Array.from({ length: STEPS }, (_, k) => {
    return { name, look: { colour: ramp((k + 0.5) / STEPS), marker: "circle", dash: [] } };
  });
  return { series: [...series, { name: "none", look: OTHERS }], of, ramp: { name, min, max } };
}
