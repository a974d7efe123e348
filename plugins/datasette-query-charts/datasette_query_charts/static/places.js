// What every kind of chart needs of columns: axes, places on them, and a way to say why nothing is drawn.

import { NUMBER, TIME } from "./columns.js";

/** Its message is a sentence for the reader. */
export class Impossible extends Error {}

/** An axis: what it measures and how its values become places. */
export function axisOf(columns, name, isLog, label = name) {
  const kind = columns.find((column) => column.name === name)?.kind ?? NUMBER;
  return { label, kind: kind === TIME ? TIME : NUMBER, isLog: isLog && kind !== TIME };
}

/** NaN is nowhere. */
export const placed = (value, isLog) => (isLog ? (value > 0 ? Math.log10(value) : NaN) : value);

/** A column may itself be a known value: counts by band have a column a band. */
export function knownLook(told, name) {
  return Object.values(told.colours ?? {}).find((looks) => name in looks)?.[name];
}
