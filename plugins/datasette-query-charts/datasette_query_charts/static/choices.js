// What is chosen of a chart: guessed from the columns, written into the address behind its #, and read from there.

import {
  EMPTY, NUMBER, TEXT, TIME, distinct, errorOf, isDecl, isError, isFlux, isGroup, isId, isMagnitude, isRa, isTimelike, kindOf,
} from "./columns.js";
import { knownLook } from "./places.js";

export const KINDS = ["line", "bar", "scatter", "histogram"];
export const OFS = ["sum", "mean", "median", "least", "greatest"];
export const FEW = 12; // values that can each have a colour
export const MOST_Y = 8;
const SHORT = 200;
const MOST_BINS = 500;

/** Names, what they hold, and how often they differ; ids may be drawn, but are never the first guess. */
export function columnsOf(rows) {
  return rows.names.map((name) => {
    const texts = rows.texts(name);
    return { name, kind: kindOf(texts), distinct: distinct(texts), isId: isId(name) || !!rows.words(name) };
  });
}

/**
 * Null where the address has no chart. What it leaves out is guessed: alone after #chart everything is. So is what isn't there,
 * since the link may be older than the query: `unknown` has the names.
 */
export function read(hash, columns, told) {
  const asked = new URLSearchParams(hash.replace(/^#/, ""));
  if (!asked.has("chart")) return null;
  const kind = asked.get("chart");
  if (!KINDS.includes(kind)) return guess(columns, told);
  const list = (key, known) => (asked.get(key) ?? "").split(",").filter((one) => known.includes(one));
  const unknown = [];
  const named = (key) =>
    asked.getAll(key).filter((name) => {
      if (!name || columns.some((column) => column.name === name)) return name;
      unknown.push(name);
      return false;
    });
  const given = {
    kind,
    x: named("x")[0] ?? "",
    y: [...new Set(named("y"))],
    colour: named("colour")[0] ?? "",
    error: named("error")[0] ?? "",
    unknown,
    bins: binsOf(asked.get("bins")),
    log: list("log", ["x", "y"]),
    reverse: list("reverse", ["x", "y"]),
    of: OFS.includes(asked.get("of")) ? asked.get("of") : "sum",
    all: asked.get("rows") === "all",
  };
  return completed(given, columns, told);
}

/** 0 stands for as many as fit. */
export function binsOf(text) {
  const bins = Math.round(Number(text ?? 0));
  return bins >= 1 ? Math.min(bins, MOST_BINS) : 0;
}

export function write({ kind, x, y, colour, error, bins, log, reverse, of, all }) {
  const asked = new URLSearchParams({ chart: kind });
  if (x) asked.append("x", x);
  if (kind !== "histogram") y.forEach((name) => asked.append("y", name));
  if (colour && !(kind !== "histogram" && y.length > 1)) asked.append("colour", colour);
  if (error && (kind === "line" || kind === "scatter") && y.length === 1) asked.append("error", error);
  if (bins && kind === "histogram") asked.append("bins", bins);
  if (log.length) asked.append("log", log.join(","));
  if (reverse.length) asked.append("reverse", reverse.join(","));
  if (of !== "sum" && kind === "bar" && y.length) asked.append("of", of);
  if (all) asked.append("rows", "all");
  return `#${asked}`;
}

/** Columns for what is missing; a kind that was chosen keeps what it can of the choices before. */
export function completed(choices, columns, told) {
  const fits = (name, ...kinds) => columns.some((column) => column.name === name && kinds.includes(column.kind));
  const made = { ...choices };
  if (!made.x) made.x = xOf(columns, told, made.kind)?.name ?? "";
  const needsY = made.kind === "line" || made.kind === "scatter" || (made.kind === "bar" && fits(made.x, TEXT));
  if (!made.y.length && needsY) {
    const [best] = ysOf(columns, told, made.x, made.kind);
    if (best) {
      made.y = knownTogether(columns, told, made.x, best.name) ?? [best.name];
      if (isMagnitude(best.name) && made.kind !== "bar") made.reverse = [...new Set([...made.reverse, "y"])];
    }
  }
  return made;
}

/** Columns that are each a known value, as counts a band are: all of them at once, where lines are short enough to be told apart. */
function knownTogether(columns, told, x, best) {
  const known = columns.filter(({ name, kind }) => kind === NUMBER && name !== x && knownLook(told, name)).map(({ name }) => name);
  const isShort = Math.max(...columns.map((column) => column.distinct)) <= SHORT;
  return isShort && known.includes(best) ? known.slice(0, MOST_Y) : null;
}

export function guess(columns, told) {
  const plain = { bins: 0, log: [], of: "sum", all: false, error: "", colour: "", reverse: [], y: [] };
  const kind = kindGuessed(columns, told);
  const choices = completed({ ...plain, kind, x: "" }, columns, told);
  const [y] = choices.y;
  const names = columns.map((column) => column.name);
  if (isRa(choices.x) && isDecl(y ?? "")) choices.reverse = ["x"]; // the sky from inside: right ascension grows to the left
  if (kind === "line" || kind === "scatter") choices.error = y ? errorOf(y, names) : "";
  if (kind !== "bar") choices.colour = colourOf(columns, told, choices)?.name ?? "";
  return choices;
}

function kindGuessed(columns, told) {
  const x = xOf(columns.filter((column) => !column.isId), told, "scatter");
  const y = x && ysOf(columns, told, x.name, "scatter")[0];
  const label = columns.find((column) => column.kind === TEXT && column.distinct > 1 && !column.isId);
  if (x && y && isTime(x)) {
    const names = columns.map((column) => column.name);
    return errorOf(y.name, names) || colourOf(columns, told, { x: x.name, y: [y.name] }) ? "scatter" : "line";
  }
  if (x && y && isRa(x.name) && isDecl(y.name)) return "scatter";
  const isNamed = label && label.distinct >= 0.8 * Math.max(...columns.map((column) => column.distinct));
  if (isNamed && ysOf(columns, told, label.name, "bar").length) return "bar";
  if (x && y) return "scatter";
  if (x) return "histogram";
  return "bar";
}

const isTime = ({ name, kind }) => kind === TIME || (kind === NUMBER && isTimelike(name));
const preferred = (columns, names = []) => names.map((name) => columns.find((column) => column.name === name)).find(Boolean);

/** Along x: time, then right ascension, then the first number; for bars names, then time. */
function xOf(columns, told, kind) {
  const drawn = columns.filter((column) => column.kind === NUMBER || column.kind === TIME);
  const plain = drawn.filter((column) => !column.isId && !isError(column.name));
  const first = preferred(drawn, told.x);
  const texts = columns.filter((column) => column.kind === TEXT && !column.isId);
  if (kind === "bar") return preferred(columns, told.x) ?? texts.find((one) => one.distinct > 1) ?? plain.find(isTime) ?? texts[0] ?? plain[0] ?? columns[0];
  if (kind === "histogram") {
    return ysOf(columns, told, "", kind)[0] ?? plain[0] ?? drawn[0] ?? texts[0] ?? columns[0];
  }
  return first ?? plain.find(isTime) ?? plain.find((one) => isRa(one.name)) ?? plain[0] ?? drawn[0];
}

function ysOf(columns, told, x, kind) {
  const score = ({ name, isId: id, distinct: many }) =>
    (knownLook(told, name) ? -1 : 0) + (told.y?.includes(name) ? 20 - told.y.indexOf(name) / 100 : 0) +
    (isFlux(name) ? 6 : isMagnitude(name) ? 5 : 0) + (isRa(x) && isDecl(name) ? 8 : 0) -
    (isError(name) ? 6 : 0) - (id ? 12 : 0) - (isTimelike(name) ? 3 : 0) - (many > 1 ? 0 : 2) -
    (kind !== "histogram" && isDecl(name) && !isRa(x) ? 1 : 0);
  return columns
    .filter((column) => column.kind === NUMBER && column.name !== x && (!column.isId || kind === "histogram"))
    .sort((one, other) => score(other) - score(one));
}

/** A column of few values: one whose colours are known, one whose name says so, or any text. */
export function colourOf(columns, told, { x, y }) {
  const free = columns.filter((column) => column.name !== x && !y.includes(column.name) && column.kind !== EMPTY);
  const known = preferred(free, [...(told.colourBy ?? []), ...Object.keys(told.colours ?? {})]);
  const few = free.filter((column) => column.distinct > 1 && column.distinct <= FEW && column.kind === TEXT);
  return known ?? few.find((column) => isGroup(column.name)) ?? few[0];
}
