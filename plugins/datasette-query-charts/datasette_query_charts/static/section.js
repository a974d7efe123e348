// The chart's section: what the address says is what it shows, and each choice is a new address.

import { Impossible } from "./places.js";
import { columnsOf, read, write } from "./choices.js";
import { button, controls, element } from "./controls.js";
import { frame } from "./frame.js";
import { legend } from "./legend.js";
import { lyingBars } from "./bars.js";
import { modelOf } from "./model.js";
import { ofAll, ofPage, told as rowsTold } from "./rows.js";
import { isDark, onThemeChange } from "./looks.js";
import { savePng } from "./save.js";
import { sentences } from "./summary.js";

const told = window.datasetteQueryCharts ?? {};
const MOST = told.mostRows ?? 100_000;
const HEIGHT = () => (innerWidth < 600 ? 320 : 430);
const address = (name) => import.meta.resolve(`./${name}`);
let library;

/** uPlot is a classic script; its style sheet comes beside it. */
function uPlotOnce() {
  library ??= new Promise((resolve, reject) => {
    document.head.append(element("link", { rel: "stylesheet", href: address("vendor/uPlot-1.6.32.min.css") }));
    document.head.append(element("script", { src: address("vendor/uPlot-1.6.32.iife.min.js"), onload: () => resolve(window.uPlot), onerror: () => reject(new Error("the library of charts can't be had")) }));
  });
  return library;
}

function styled() {
  return new Promise((resolve) => {
    document.head.append(element("link", { rel: "stylesheet", href: address("chart.css"), onload: resolve, onerror: resolve }));
  });
}

/** `before` is what the section is put before. */
export async function section(before) {
  const [page, isStyled] = [ofPage(), styled()];
  const columnsOfPage = columnsOf(page), inAll = rowsTold();
  const exact = /^[\d,]+$/.test(inAll ?? "") ? Number(inAll.replaceAll(",", "")) : null;
  let rows = page, columns = columnsOfPage, choices = null, model = null, drawn = null, hidden = new Set(), fetching = null, turn = 0;

  const form = element("form", { className: "qc-controls", onsubmit: (event) => event.preventDefault() });
  const status = element("p", { className: "qc-summary", attributes: { role: "status" } });
  const more = element("p", { className: "qc-more" });
  const key = element("div", { className: "qc-legend" });
  const host = element("div", { className: "qc-chart", tabIndex: 0, attributes: { role: "group" } });
  const tip = element("div", { className: "qc-tip", hidden: true }), ring = element("div", { className: "qc-ring", hidden: true });
  const png = button("png", "PNG", save, "Save the chart as PNG");
  const live = element("p", { className: "qc-unseen", attributes: { "aria-live": "polite" } });
  const made = element(
    "section", { className: "query-chart", id: "query-chart", attributes: { "aria-labelledby": "qc-title" } },
    element("div", { className: "qc-head" }, element("h2", { id: "qc-title" }, "Chart"), png, button("close", "Close", close)),
    form, status, more, key, host, live,
    element("p", { className: "qc-note" }, "The table below has the same values. Drag to zoom, double-click for everything. By keyboard: arrows go through the values, Enter shows one in the table, + and − zoom, 0 shows everything."),
  );
  const style = getComputedStyle(made), row = document.querySelector(".qc-row");
  const ink = (name) => style.getPropertyValue(`--qc-${name}`).trim() || "#777";
  made.classList.toggle("qc-dark", isDark());
  await isStyled;
  before.before(made);
  listen();

  function close() {
    history.pushState(null, "", location.pathname + location.search);
    show();
    row?.querySelector("a").focus();
  }

  function choose(changes) {
    choices = { ...choices, ...changes, unknown: [] };
    history.pushState(null, "", write(choices));
    update();
  }

  /** As the address has it now. */
  async function show() {
    const isFirst = made.hidden || !choices;
    choices = read(location.hash, columnsOfPage, told);
    made.hidden = !choices;
    if (row) row.hidden = !made.hidden; // its link would begin anew
    if (!choices) return fetching?.abort();
    if (!page.count) status.textContent = "There are no rows to draw.";
    else if (location.hash === "#chart") history.replaceState(null, "", write(choices));
    await update();
    if (isFirst) made.scrollIntoView({ block: "nearest" });
  }

  async function update() {
    const mine = ++turn;
    if (!choices.all) fetching?.abort();
    if (!choices.all || page.isAll) [rows, columns] = [page, columnsOfPage];
    else if (rows === page || wanted().some((name) => !rows.names.includes(name))) await fetchAll(mine);
    if (mine === turn) await draw(mine);
  }

  const wanted = () => [...new Set([choices.x, ...choices.y, choices.colour, choices.error])].filter(Boolean);

  async function fetchAll(mine) {
    fetching?.abort();
    const control = (fetching = new AbortController());
    more.replaceChildren(button("stop", "Stop reading", () => control.abort()));
    status.textContent = "Reading all rows …";
    try {
      const found = await ofAll(page, wanted(), {
        most: MOST, signal: control.signal,
        wait: (count) => mine === turn && (status.textContent = `Reading all rows: ${count.toLocaleString("en")} …`),
      });
      if (mine !== turn) return;
      rows = found;
      rows.isCut = !found.note && (exact === null ? found.count === page.count : found.count < exact);
      const known = new Map(columnsOf(found).map((column) => [column.name, column]));
      columns = columnsOfPage.map((column) => known.get(column.name) ?? column);
    } catch (error) {
      if (mine !== turn) return;
      [rows, columns] = [page, columnsOfPage];
      choices = { ...choices, all: false };
      history.replaceState(null, "", write(choices));
      rows.problem = error.name === "AbortError" ? "" : `All rows can't be had: ${error.message}. `;
    } finally {
      if (fetching === control) fetching = null;
    }
  }

  async function draw(mine) {
    const began = performance.now();
    let sentence = "";
    try {
      model = modelOf(rows, choices, columns, told);
    } catch (error) {
      if (!(error instanceof Impossible)) throw error;
      [model, sentence] = [null, `${error.message} `];
    }
    hidden = new Set();
    const built = performance.now() - began;
    const uPlot = model?.type === "xy" ? await uPlotOnce() : null;
    if (mine !== turn) return;
    const resumed = performance.now();
    drawn?.destroy();
    drawn = null;
    tell(null);
    host.hidden = !model;
    controls(form, { choices, columns: columnsOfPage, told, choose, isRepeated: model?.isRepeated });
    form.hidden = !page.count;
    made.querySelector(".qc-note").hidden = png.hidden = !model;
    status.textContent = (rows.problem ?? "") + sentence + (page.count ? sentences({ rows, page, inAll, most: MOST, model, choices, columns, unknown: choices.unknown }) : "");
    rows.problem = "";
    offerMore();
    key.replaceChildren(...(model ? legend(model, hidden, () => drawn.redraw()) : []));
    if (model) paint(uPlot);
    await null; // uPlot draws in a microtask
    made.dataset.drawn = model ? (model.points?.x.length ?? model.count) : 0;
    made.dataset.milliseconds = (built + performance.now() - resumed).toFixed(1);
  }

  function paint(uPlot, view = null) {
    const shared = { hidden, tell, open, ink, height: HEIGHT, reverse: choices.reverse, view };
    drawn = model.type === "xy" ? frame(uPlot, host, model, shared) : lyingBars(host, model, shared);
    drawn.canvas.setAttribute("role", "img");
    drawn.canvas.setAttribute("aria-label", spoken());
    host.setAttribute("aria-label", `Chart, ${title()}`);
    host.append(tip);
    (model.type === "xy" ? drawn.over : host).append(ring);
  }

  function title() {
    const what = { line: "line", bar: "bars", scatter: "scatter plot", histogram: "histogram" }[choices.kind];
    if (choices.kind === "histogram") return `${what} of ${choices.x}`;
    return `${what} of ${model.axes[1].label} ${choices.kind === "bar" ? "by" : "against"} ${choices.x}`;
  }

  function spoken() {
    const by = model.series.length > 1 && choices.y.length < 2 && choices.colour ? `, coloured by ${choices.colour}` : "";
    return `${title()}${by}. The table below has the same values.`;
  }

  function offerMore() {
    const isSome = rows === page;
    more.hidden = page.isAll || !page.count;
    if (more.hidden) return;
    const many = Number((inAll ?? "").replace(/[^\d]/g, ""));
    const words = many > MOST ? `Draw the first ${MOST.toLocaleString("en")} rows` : "Draw all rows";
    more.replaceChildren(isSome ? button("all", words, () => choose({ all: true })) : button("page", "Draw this page alone", () => choose({ all: false })));
  }

  function describe(at) {
    return model.type === "xy" ? model.describe(at) : model.describe(Math.floor(at / model.series.length), at % model.series.length);
  }

  function tell(at, place) {
    tip.hidden = ring.hidden = at === null;
    if (at === null || !drawn) return;
    const lines = describe(at);
    tip.replaceChildren(...lines.map((line, k) => element(k ? "span" : "b", {}, line)));
    const over = drawn.over.getBoundingClientRect(), all = host.getBoundingClientRect();
    const [left, top] = [place[0] + over.left - all.left, place[1] + over.top - all.top];
    const isLow = top > host.clientHeight / 2;
    tip.style.left = `${Math.max(0, Math.min(left + 14, host.clientWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${isLow ? top - tip.offsetHeight - 10 : top + 14}px`;
    ring.style.transform = `translate(${place[0]}px, ${place[1]}px)`;
    ring.hidden = model.type === "bars" || choices.kind === "histogram";
  }

  /** The row in the table, where it is on the page. */
  function open(at) {
    const row = model.type === "xy" ? model.rowOf(at) : model.rowOf(Math.floor(at / model.series.length));
    const there = rows.elements?.[row];
    if (!there) return;
    document.querySelector(".qc-found")?.classList.remove("qc-found");
    there.classList.add("qc-found");
    there.tabIndex = -1;
    there.focus({ preventScroll: true });
    there.scrollIntoView({ block: "center" });
  }

  function save() {
    const name = location.pathname.split("/").filter(Boolean).at(-1) ?? "chart";
    const heading = document.querySelector("section.content h1")?.textContent.trim();
    savePng(`${name}-${choices.kind}.png`, { title: [heading, title()].filter(Boolean).join(": "), canvas: drawn.canvas, model, hidden, ink });
  }

  function listen() {
    const keys = {
      ArrowRight: () => drawn.step(1), ArrowLeft: () => drawn.step(-1), ArrowDown: () => drawn.step(1), ArrowUp: () => drawn.step(-1),
      Enter: () => drawn.openCurrent(), Escape: () => drawn.leave(),
      "+": () => drawn.zoom(0.5), "=": () => drawn.zoom(0.5), "-": () => drawn.zoom(2), 0: () => drawn.reset(),
    };
    host.addEventListener("keydown", (event) => {
      if (!drawn || !keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
      const at = drawn.current();
      if (at !== null && event.key.startsWith("Arrow")) live.textContent = describe(at).join(", ");
    });
    host.addEventListener("blur", () => drawn?.leave());
    onThemeChange(() => {
      made.classList.toggle("qc-dark", isDark());
      if (!model || made.hidden) return;
      const view = drawn.view();
      drawn.destroy();
      key.replaceChildren(...legend(model, hidden, () => drawn.redraw()));
      paint(window.uPlot, view);
    });
    let width = made.clientWidth;
    new ResizeObserver(() => {
      if (made.clientWidth === width || made.hidden) return;
      width = made.clientWidth;
      drawn?.resize();
    }).observe(made);
    carryAlong();
  }

  /** Sorting, filtering, the next page and another query keep the chart: their addresses get its settings. */
  function carryAlong() {
    const content = document.querySelector("section.content");
    content.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[href]");
      if (choices && link && link.pathname === location.pathname && !link.hash) link.hash = location.hash;
    }, true);
    content.addEventListener("submit", (event) => {
      const form = event.target;
      if (choices && form.matches("form.sql, form.filters") && form.method === "get") form.action = form.action.replace(/#.*/, "") + location.hash;
    }, true);
  }

  return { show };
}
