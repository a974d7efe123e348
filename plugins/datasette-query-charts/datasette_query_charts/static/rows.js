// The rows of a chart: those of the page's table, or of the page's CSV, which has all. Both give texts by column.

import { csv } from "./csv.js";

const LONG = 200; // characters of a cell that a chart may show
const NOT_ALL = /^(_next|_size|_labels|_shape|_trace|_facet.*|_stream|_col|_nocol|_nofacet|_nosuggest|_light_curves)$/;

/** Names, how many there are, the texts of a column, and the words that stand for its values, where there are some. */
class Rows {
  #texts = new Map();
  constructor({ names, count, read, words = () => null, elements = null, isAll = false, isCut = false, note = "" }) {
    Object.assign(this, { names, count, words, elements, isAll, isCut, note, read });
  }
  texts(name) {
    if (!this.#texts.has(name)) this.#texts.set(name, this.names.includes(name) ? this.read(name) : Array(this.count).fill(""));
    return this.#texts.get(name);
  }
}

/** As the table shows them. A link to another table shows a label, and the value beside it. */
export function ofPage() {
  const table = document.querySelector("table.rows-and-columns");
  const elements = table ? [...table.tBodies[0].rows] : [];
  const heads = table ? [...table.querySelectorAll("thead th[class^=col-]")] : [];
  const names = heads.map((head) => head.dataset.column ?? head.textContent.trim());
  const words = new Map();
  const cells = elements.map((row) => [...row.cells].filter((cell) => cell.className.startsWith("col-")));
  const isLink = (name) => name === "Link" && cells[0]?.[0]?.classList.contains("type-pk");

  function read(name) {
    const at = names.indexOf(name);
    return cells.map((row) => textOf(row[at], name));
  }

  function textOf(cell, name) {
    const first = cell?.firstElementChild;
    if (!first) return cut(cell?.textContent.trim() ?? "");
    const value = cell.querySelector(":scope > em")?.textContent;
    if (value === undefined) return cut(cell.textContent.trim());
    if (!words.has(name)) words.set(name, new Map());
    words.get(name).set(value, cut(first.textContent.trim()));
    return cut(value);
  }

  return new Rows({
    names: [...new Set(names.filter((name) => !isLink(name)))],
    count: elements.length, read, elements,
    words: (name) => words.get(name) ?? null,
    isAll: isWhole() && elements.length > 0,
  });
}

const cut = (text) => (text.length > LONG ? `${text.slice(0, LONG)}…` : text);

/** Whether the page shows every row: no other page, and nothing that was cut off. */
function isWhole() {
  const asked = new URLSearchParams(location.search);
  const next = [...document.querySelectorAll("section.content a")].some((link) => new URLSearchParams(link.search).has("_next") && link.pathname === location.pathname);
  return !next && !asked.has("_next") && !/more than/i.test(headline());
}

/** The headings, for one of them says how many rows there are; a site's templates may differ in which. */
const headline = () =>
  [...document.querySelectorAll("section.content :is(h2, h3, h4)")].filter((head) => !head.closest(".query-chart")).map((head) => head.textContent).join(" ");

/** How many rows there are in all, in the page's own words: "12,345", "~12,345", "more than 1,000"; null where it says nothing. */
export function told() {
  return /((?:more than |~|>)?\s*[\d,]*\d) rows?\b/i.exec(headline())?.[1].replace(/\s+/g, " ").toLowerCase() ?? null;
}

/**
 * Of the page's CSV, `most` rows at most; of a table the columns `names` alone. `wait(count)` tells how many have come.
 * Throws an Error with a sentence; what had come when `signal` ended it is given.
 */
export async function ofAll(page, names, { most, signal, wait }) {
  const answer = await asked(page, names, signal);
  const columns = [];
  let head = null, note = "";
  const parser = csv((cells) => {
    if (!head) return void (head = cells);
    if (cells.length !== head.length) return void (note = cells.join(", ")); // where a stream breaks off, its last line says why
    if (columns[0]?.length >= most) return false;
    cells.forEach((cell, k) => (columns[k] ??= []).push(cell.length > LONG ? cut(cell) : cell));
  });
  try {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let isOver = false;
    while (!isOver) {
      const { value, done } = await reader.read();
      isOver = done ? (parser.end(), true) : parser.push(value) === false;
      wait(columns[0]?.length ?? 0);
    }
    if (parser.isStopped) {
      note = "most";
      await reader.cancel();
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    note = "stopped";
  }
  const count = columns[0]?.length ?? 0;
  const at = (name) => (head ?? []).indexOf(name);
  return new Rows({
    names: page.names.filter((name) => at(name) >= 0), count, note, isAll: !note,
    read: (name) => columns[at(name)] ?? [], words: page.words,
  });
}

async function asked(page, names, signal) {
  const address = new URL(`${location.pathname}.csv`, location.href);
  const isTable = document.body.classList.contains("table");
  for (const [key, value] of new URLSearchParams(location.search)) {
    if (!NOT_ALL.test(key)) address.searchParams.append(key, value);
  }
  if (isTable) names.forEach((name) => address.searchParams.append("_col", name));
  address.searchParams.set("_size", "max");
  const whole = new URL(address);
  whole.searchParams.set("_stream", "on");
  let answer = await fetch(whole, { signal });
  if (answer.status === 400) answer = await fetch(address, { signal }); // a Datasette may not stream; a page of it can be had
  if (answer.ok) return answer;
  const said = (await answer.text()).trim();
  throw new Error(said && said.length < 300 && !said.startsWith("<") ? said : `the answer was ${answer.status}`);
}
