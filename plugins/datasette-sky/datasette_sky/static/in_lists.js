// Tables, facets and results of SQL that hold positions: a switch, kept in the address, that shows them as an all-sky map.
// A table's rows come as one answer of the plugin, all that its filters leave; a result's are those on the page.

import { cellCentre, element, showMap } from "./map.js";

const told = window.datasetteSky;
const SWITCH = "_sky";
const isOn = new URLSearchParams(location.search).get(SWITCH) === "on";
const table = document.querySelector("table.rows-and-columns");
const pair = told.data || !table ? null : pairOf(table);

if (told.data ? document.querySelector(".export-links, .table-wrapper") : pair) addSwitch();

function addSwitch() {
  const address = new URL(location.href);
  isOn ? address.searchParams.delete(SWITCH) : address.searchParams.set(SWITCH, "on");
  const links = element("p", { className: "sky-switch-row" },
    element("a", { href: address.pathname + address.search, className: "sky-switch" }, isOn ? "Hide the sky" : "Show on the sky"));
  if (told.data) links.append(" · ", element("a", { href: `${told.cone}?table=${encodeURIComponent(told.tableName)}` }, "Search around a position"));
  document.querySelector(".export-links, .table-wrapper").before(links);
  if (!isOn) return;
  for (const form of document.querySelectorAll("form.sql, form.filters")) {
    if (!form.querySelector(`[name=${SWITCH}]`)) form.append(element("input", { type: "hidden", name: SWITCH, value: "on" }));
  }
  const section = element("section", { className: "sky-map" });
  section.setAttribute("aria-label", "Where the rows are");
  links.after(section);
  told.data ? fromTable(section) : fromCells(section);
}

async function fromTable(section) {
  const status = section.appendChild(element("p", { className: "sky-caption" }, "Finding where the rows are …"));
  try {
    const answer = await fetch(told.data + location.search);
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error ?? answer.statusText);
    status.remove();
    showMap(section, body, { frameName: told.frame, open: (k) => addressOf(body, k) });
  } catch (error) {
    status.textContent = `The map can't be shown: ${error.message}`;
    status.setAttribute("role", "alert");
  }
}

/** A point's row; a cell's rows, as the page's own with a cone more. */
function addressOf(answer, k) {
  if (answer.kind === "points") return answer.path[k] ? `${told.table}/${answer.path[k]}` : null;
  const address = new URL(location.href);
  address.searchParams.delete("_next");
  address.searchParams.set("_cone", cellCentre(answer, k).map((one) => one.toFixed(4)).join(","));
  return address.pathname + address.search;
}

function headsOf(from) {
  return [...from.querySelectorAll("thead th")].map((head) => head.dataset.column ?? head.textContent.trim());
}

function pairOf(from) {
  const heads = headsOf(from);
  const found = told.pairs.find(([ra, decl]) => heads.includes(ra) && heads.includes(decl));
  return found ? found.map((name) => heads.indexOf(name)) : null;
}

function fromCells(section) {
  const heads = headsOf(table);
  const id = told.idColumns.map((name) => heads.indexOf(name)).find((k) => k >= 0) ?? -1;
  const made = { kind: "points", ra: [], decl: [], label: [], path: [], total: 0 };
  for (const row of table.querySelectorAll("tbody tr")) {
    const [ra, decl] = pair.map((k) => parseFloat(row.children[k]?.textContent));
    if (!(ra >= -180 && ra <= 360 && Math.abs(decl) <= 90)) continue;
    const label = id < 0 ? "" : row.children[id].textContent.trim();
    made.ra.push(ra);
    made.decl.push(decl);
    made.label.push(label);
    made.path.push(/^-?\w+$/.test(label) ? `${told.objects}/${label}` : null);
    made.total += 1;
  }
  showMap(section, made, { frameName: told.frame, open: (k) => made.path[k], rows: "rows on this page" });
}
