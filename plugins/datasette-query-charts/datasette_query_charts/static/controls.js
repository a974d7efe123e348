// The choices as a form. It is made anew after each; whoever was at one of its parts stays there.

import { KINDS, MOST_Y, OFS, binsOf, completed } from "./choices.js";
import { EMPTY, NUMBER, TEXT, TIME, errorOf, isMagnitude } from "./columns.js";

const WORDS = { line: "Line", bar: "Bar", scatter: "Scatter", histogram: "Histogram" };

export function element(name, { attributes = {}, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** `choose(changes)` takes what is to be different. */
export function controls(form, { choices, columns, told, choose, isRepeated }) {
  const { kind, x, y, colour, error, bins, log, reverse, of } = choices;
  const focused = form.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const named = (...kinds) => columns.filter((column) => kinds.includes(column.kind)).map((column) => column.name);
  const isXy = kind === "line" || kind === "scatter";
  const isText = columns.find((column) => column.name === x)?.kind === TEXT;
  const parts = [
    group("Kind", KINDS.map((one) => press(`kind-${one}`, WORDS[one], one === kind, () => choose(turned(one))))),
    chosen("x", "x", isXy ? named(NUMBER, TIME) : named(NUMBER, TIME, TEXT), x, (name) => choose({ x: name, log: log.filter((axis) => axis !== "x") })),
  ];
  if (kind !== "histogram") parts.push(severalY());
  if (kind === "histogram" || y.length < 2) parts.push(chosen("colour", "Colour by", named(NUMBER, TEXT, TIME), colour, (name) => choose({ colour: name }), "one colour"));
  if (isXy && y.length === 1) parts.push(chosen("error", "Error bars", named(NUMBER), error, (name) => choose({ error: name }), "none"));
  if (kind === "histogram" && !isText) parts.push(binNumber());
  if (isRepeated) parts.push(chosen("of", "Of several rows", OFS, of, (one) => choose({ of: one })));
  parts.push(group("Axes", toggles()));
  form.replaceChildren(...parts);
  if (focused) form.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();

  /** Another kind keeps the columns that it can draw. */
  function turned(to) {
    const drawable = (name) => !!name && columns.some((column) => column.name === name && column.kind !== EMPTY && (column.kind !== TEXT || to === "bar" || to === "histogram"));
    const numbers = y.filter((name) => columns.find((column) => column.name === name)?.kind === NUMBER);
    const kept = { ...choices, kind: to, x: drawable(x) ? x : "", y: to === "bar" && kind !== "line" && kind !== "scatter" ? numbers : y, log: [], reverse: to === "bar" || to === "histogram" ? [] : reverse };
    return completed(kept, columns, told);
  }

  function severalY() {
    const names = named(NUMBER);
    const offered = isXy ? named(NUMBER, TIME) : names;
    const place = element("span", { className: "qc-field", attributes: { role: "group", "aria-label": "Columns along y" } }, element("span", { className: "qc-name" }, "y"));
    const chosenOnes = y.length ? y : [""];
    chosenOnes.forEach((name, k) => {
      const others = y.filter((one) => one !== name);
      place.append(select(`y-${k}`, k ? `y, column ${k + 1}` : "y", offered.filter((one) => !others.includes(one)), name, (one) => setY(y.with?.(k, one) ?? replaced(k, one)), kind === "bar" && y.length < 2 ? "number of rows" : null));
      if (y.length > 1) place.append(button(`less-${k}`, "×", () => setY(others), `Take ${name} out`));
    });
    const free = names.filter((name) => !y.includes(name) && name !== x);
    if (y.length && y.length < MOST_Y && free.length) place.append(button("more", "+", () => setY([...y, similar(free)]), "Add a column to y"));
    return place;
  }

  const replaced = (k, one) => y.map((name, at) => (at === k ? one : name));

  /** The next one is likely of the same kind: errors and ids are least so. */
  function similar(free) {
    const like = (name) => (name.length === y.at(-1).length ? 1 : 0) + (name.slice(0, 2) === y.at(-1).slice(0, 2) ? 2 : 0) - (/err|id$/i.test(name) ? 4 : 0);
    return free.slice().sort((one, other) => like(other) - like(one))[0];
  }

  function setY(names) {
    const kept = names.filter(Boolean);
    const changes = { y: kept };
    if (kept[0] !== y[0]) {
      const isUpside = isXy && isMagnitude(kept[0] ?? "");
      changes.reverse = [...reverse.filter((axis) => axis !== "y"), ...(isUpside ? ["y"] : [])];
      changes.error = error && kept[0] ? errorOf(kept[0], columns.map((column) => column.name)) : "";
      changes.log = log.filter((axis) => axis !== "y");
    }
    choose(changes);
  }

  function binNumber() {
    const input = element("input", { type: "number", min: 1, max: 500, value: bins || "", placeholder: "auto", id: "qc-bins" });
    input.dataset.key = "bins";
    input.onchange = () => choose({ bins: binsOf(input.value) });
    return element("span", { className: "qc-field" }, element("label", { htmlFor: "qc-bins", className: "qc-name" }, "Bins"), input);
  }

  function toggles() {
    const isTime = (name) => columns.find((column) => column.name === name)?.kind === TIME;
    const switched = (list, axis) => (list.includes(axis) ? list.filter((one) => one !== axis) : [...list, axis]);
    const made = [];
    const isLying = (kind === "bar" || kind === "histogram") && isText;
    if (!isLying && !isTime(x)) made.push(press("log-x", "log x", log.includes("x"), () => choose({ log: switched(log, "x") })));
    if (!(isXy && isTime(y[0]))) made.push(press("log-y", isLying ? "log" : "log y", log.includes("y"), () => choose({ log: switched(log, "y") })));
    if (!isLying) made.push(press("reverse-x", "reverse x", reverse.includes("x"), () => choose({ reverse: switched(reverse, "x") })));
    if (isXy) made.push(press("reverse-y", "reverse y", reverse.includes("y"), () => choose({ reverse: switched(reverse, "y") })));
    return made;
  }
}

function group(title, children) {
  const attributes = { role: "group", "aria-label": title };
  return element("span", { className: "qc-field", attributes }, element("span", { className: "qc-name" }, title), element("span", { className: "qc-buttons" }, ...children));
}

export function button(key, text, run, what) {
  const made = element("button", { type: "button", onclick: run, title: what ?? "" }, text);
  made.dataset.key = key;
  if (what) made.setAttribute("aria-label", what);
  return made;
}

function press(key, text, isOn, run) {
  const made = button(key, text, run);
  made.setAttribute("aria-pressed", isOn);
  return made;
}

function chosen(key, title, names, value, choose, empty) {
  const made = select(key, null, names, value, choose, empty);
  made.id = `qc-${key}`;
  return element("span", { className: "qc-field" }, element("label", { htmlFor: made.id, className: "qc-name" }, title), made);
}

function select(key, label, names, value, choose, empty = null) {
  const shown = value && !names.includes(value) ? [value, ...names] : names;
  const options = shown.map((name) => element("option", { value: name, selected: name === value }, name));
  if (empty !== null || !value) options.unshift(element("option", { value: "", selected: !value }, empty ?? "choose …"));
  const made = element("select", {}, ...options);
  if (label) made.setAttribute("aria-label", label);
  made.dataset.key = key;
  made.onchange = () => choose(made.value);
  return made;
}
