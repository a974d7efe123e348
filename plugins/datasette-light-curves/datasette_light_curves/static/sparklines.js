// Tables, facets and results that hold objects' ids: a switch, kept in the address, that puts a small light curve beside each.
// Rows of other tables that belong to an object get a link to its light curve, ids without a link one to their object.

import { colour, onThemeChange } from "./marks.js";
import { element } from "./page.js";

const told = window.datasetteLightCurves;
const SWITCH = "_light_curves";
const WIDTH = 132, HEIGHT = 30;
const isOn = new URLSearchParams(location.search).get(SWITCH) === "on";
const places = told.page === "row" ? [] : [...tablePlaces(), ...facetPlaces()];

if (told.page === "row") linkFromRow();
else if (places.length) {
  addSwitch();
  if (isOn) fill();
}

function columnAt(table) {
  const heads = [...table.querySelectorAll("thead th")];
  for (const column of told.columns) {
    const at = heads.findIndex((head) => (head.dataset.column ?? head.textContent.trim()) === column);
    if (at >= 0) return at;
  }
  return -1;
}

/** An id as it stands in a cell: a link to the object's row ends in it. */
function idIn(cell) {
  const link = cell.querySelector("a");
  const text = (link ?? cell).textContent.trim();
  return /^-?\w+$/.test(text) ? text : null;
}

function tablePlaces() {
  const table = document.querySelector("table.rows-and-columns");
  const at = table ? columnAt(table) : -1;
  if (at < 0) return [];
  if (isOn) {
    const head = element("th", { scope: "col", className: "lc-spark-head" }, "Light curve");
    table.querySelectorAll("thead th")[at].after(head);
  }
  return [...table.querySelectorAll("tbody tr")].flatMap((row) => {
    const cell = row.children[at], id = cell && idIn(cell);
    if (id) lead(cell, id);
    return id ? [{ id, put: (spark) => putCell(cell, spark) }] : [];
  });
}

/** Results of SQL have no links of their own. */
function lead(cell, id) {
  if (!cell.querySelector("a")) cell.replaceChildren(element("a", { href: `${told.objects}/${id}` }, id));
}

function putCell(cell, spark) {
  const next = cell.nextElementSibling;
  if (next?.classList.contains("lc-spark")) next.replaceChildren(spark);
  else cell.after(element("td", { className: "lc-spark" }, spark));
}

/** A facet's value is in the address that choosing it leads to; that of the chosen one in the page's own. */
function facetPlaces() {
  return told.columns.flatMap((column) => {
    const items = document.querySelectorAll(`.facet-info[data-column="${CSS.escape(column)}"] li:not(.facet-truncated)`);
    return [...items].flatMap((item) => {
      const link = item.querySelector("a:not(.cross)");
      const asked = new URL(link?.href ?? location.href).searchParams;
      const id = asked.getAll(column).at(-1) ?? asked.get(`${column}__exact`);
      return id ? [{ id, put: (spark) => putItem(item, spark) }] : [];
    });
  });
}

function putItem(item, spark) {
  item.querySelector(".lc-spark")?.remove();
  item.append(element("span", { className: "lc-spark" }, spark));
}

function addSwitch() {
  const address = new URL(location.href);
  isOn ? address.searchParams.delete(SWITCH) : address.searchParams.set(SWITCH, "on");
  const link = element("a", { href: address.pathname + address.search, className: "lc-switch" }, isOn ? "Hide light curves" : "Show light curves");
  const before = document.querySelector(".export-links, .table-wrapper");
  before.before(element("p", { className: "lc-switch-row" }, link));
  if (!isOn) return;
  for (const form of document.querySelectorAll("form.sql, form.filters")) {
    if (!form.querySelector(`[name=${SWITCH}]`)) form.append(element("input", { type: "hidden", name: SWITCH, value: "on" }));
  }
}

async function fill() {
  const ids = [...new Set(places.map((place) => place.id))];
  places.forEach((place) => place.put(element("span", { className: "lc-spark-wait" })));
  try {
    const answer = await fetch(`${told.data}?${new URLSearchParams({ ids: ids.join(",") })}`);
    if (!answer.ok) throw new Error((await answer.json()).error ?? answer.statusText);
    const curves = await answer.json();
    const draw = () => places.forEach((place) => place.put(spark(place.id, curves[place.id])));
    draw();
    onThemeChange(draw);
    document.querySelector(".lc-switch-row").dataset.curves = Object.keys(curves).length;
  } catch (error) {
    places.forEach((place) => place.put(""));
    document.querySelector(".lc-switch-row").append(` The light curves can't be shown: ${error.message}`);
  }
}

/** Seen points in their band's colour, the others small and grey; a link to the object. */
function spark(id, curve) {
  if (!curve) return element("span", { className: "lc-none" }, "no points");
  const dpr = devicePixelRatio;
  const canvas = element("canvas", { width: WIDTH * dpr, height: HEIGHT * dpr });
  canvas.style.width = `${WIDTH}px`;
  canvas.style.height = `${HEIGHT}px`;
  const ctx = canvas.getContext("2d");
  ctx.scale(dpr, dpr);
  const x = place(curve.mjd, 3, WIDTH - 3), y = place([...curve.flux, 0], HEIGHT - 3, 3);
  const grey = getComputedStyle(document.body).getPropertyValue("--lc-zero").trim() || "#999";
  ctx.fillStyle = grey;
  ctx.globalAlpha = 0.5;
  ctx.fillRect(0, Math.round(y(0)), WIDTH, 1);
  curve.mjd.forEach((mjd, k) => {
    ctx.globalAlpha = curve.seen[k] ? 1 : 0.6;
    ctx.fillStyle = curve.seen[k] ? colour(told.bands, curve.band[k]) : grey;
    ctx.beginPath();
    ctx.arc(x(mjd), y(curve.flux[k]), curve.seen[k] ? 1.9 : 1.1, 0, 2 * Math.PI);
    ctx.fill();
  });
  const seen = curve.seen.reduce((sum, one) => sum + one, 0);
  const link = element("a", { href: `${told.objects}/${encodeURIComponent(id)}` }, canvas);
  link.setAttribute("aria-label", `Light curve of ${id}: ${seen} of its brightest ${curve.mjd.length} points are significant`);
  return link;
}

function place(values, from, to) {
  const min = Math.min(...values), max = Math.max(...values);
  return (value) => (max > min ? from + ((to - from) * (value - min)) / (max - min) : (from + to) / 2);
}

function linkFromRow() {
  for (const column of told.columns) {
    const cell = document.querySelector(`dd[data-column="${CSS.escape(column)}"], td.col-${CSS.escape(column)}`);
    const id = cell && idIn(cell);
    if (!id) continue;
    const link = element("a", { href: `${told.objects}/${encodeURIComponent(id)}#light-curve` }, `Light curve of object ${id}`);
    document.querySelector("section.content h1").after(element("p", { className: "lc-switch-row" }, link));
    return;
  }
}
