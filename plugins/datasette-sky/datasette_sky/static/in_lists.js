// Tables, facets and results of SQL that hold positions: a switch, kept in the address, that shows them as a map of the sky.
// A table's rows come as one answer of the plugin, all that its filters leave; a result's are those on the page, and where
// these are not all, an answer about all of them.

let map; // is loaded where a map is wanted
const told = window.datasetteSky;
const SWITCH = "_sky";
const isOn = new URLSearchParams(location.search).get(SWITCH) === "on";
const table = document.querySelector("table.rows-and-columns");
const heads = table ? [...table.querySelectorAll("thead th")].map((head) => head.dataset.column ?? head.textContent.trim()) : [];
const pair = pairOf(heads);
const before = document.querySelector(".export-links, .table-wrapper");

/** The names of the columns with a position: those of the settings, else what surveys call them. */
function pairOf(names) {
  const named = told.named.find((both) => both.every((one) => names.includes(one)));
  if (named) return named;
  const plain = names.map((name) => name.toLowerCase().replaceAll("_", ""));
  for (const [ra, declinations] of Object.entries(told.pairs)) {
    const decl = plain.includes(ra) && declinations.find((one) => plain.includes(one));
    if (decl) return [names[plain.indexOf(ra)], names[plain.indexOf(decl)]];
  }
  return null;
}

const cellsOf = (row, name) => row.children[heads.indexOf(name)]?.textContent.trim() ?? "";

function addSearch() {
  const row = pair && told.cone && table.querySelector("tbody tr");
  const [ra, decl] = row ? pair.map((name) => parseFloat(cellsOf(row, name))) : [NaN, NaN];
  if (!isPosition(ra, decl) || !before) return;
  const around = new URLSearchParams({ position: `${ra} ${decl}`, radius: "1", unit: "deg" });
  before.before(element("p", { className: "sky-switch-row" }, element("a", { href: `${told.cone}?${around}` }, "What is around it on the sky")));
}

/** An element with properties and children. */
function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

async function addSwitch() {
  const address = new URL(location.href);
  isOn ? address.searchParams.delete(SWITCH) : address.searchParams.set(SWITCH, "on");
  const links = element("p", { className: "sky-switch-row" },
    element("a", { href: address.pathname + address.search, className: "sky-switch" }, isOn ? "Hide the sky" : "Show on the sky"));
  if (told.data && told.cone) links.append(" · ", element("a", { href: `${told.cone}?table=${encodeURIComponent(told.tableName)}` }, "Search around a position"));
  before.before(links);
  if (!isOn) return;
  for (const form of document.querySelectorAll("form.sql, form.filters")) {
    if (!form.querySelector(`[name=${SWITCH}]`)) form.append(element("input", { type: "hidden", name: SWITCH, value: "on" }));
  }
  const section = element("section", { className: "sky-map" });
  section.setAttribute("aria-label", "Where the rows are");
  (document.querySelector(".facet-results, .table-wrapper") ?? links.nextSibling).before(section);
  map = await import("./map.js");
  if (told.data) map.showAnswer(section, told.data + location.search, { frameName: told.frame, opener: ofTable });
  else if (table.querySelectorAll("tbody tr").length < told.most) fromPage(section);
  else fromResult(section);
}

/** A point's row; a cell's rows, as the page's own with a cone. */
const ofTable = (answer) => (k) => {
  if (answer.kind === "points") return answer.path[k] ? `${told.table}/${answer.path[k]}` : null;
  const address = new URL(location.href);
  address.searchParams.delete("_next");
  address.searchParams.set("_cone", map.coneOf(answer, k));
  return address.pathname + address.search;
};

const isPosition = (ra, decl) => ra >= -360 && ra <= 720 && Math.abs(decl) <= 90;

/** An object's row where the result has its id, else what is around the position. */
function addressOf(path, ra, decl) {
  if (path) return `${told.objects}/${path}`;
  return told.cone && `${told.cone}?${new URLSearchParams({ position: `${ra} ${decl}`, radius: "1", unit: "arcmin" })}`;
}

function fromPage(section) {
  const id = told.idColumns.find((name) => heads.includes(name));
  const made = { kind: "points", ra: [], decl: [], label: [], total: 0 };
  for (const row of table.querySelectorAll("tbody tr")) {
    const [ra, decl] = pair.map((name) => parseFloat(cellsOf(row, name)));
    if (!isPosition(ra, decl)) continue;
    made.ra.push(ra);
    made.decl.push(decl);
    made.label.push(id ? cellsOf(row, id) : "");
    made.total += 1;
  }
  const open = (k) => addressOf(/^-?\w+$/.test(made.label[k]) ? made.label[k] : null, made.ra[k], made.decl[k]);
  map.showMap(section, made, { frameName: told.frame, open, rows: "rows on this page" });
}

function fromResult(section) {
  const address = new URL(told.result + location.search, location.origin);
  const id = told.idColumns.find((name) => heads.includes(name));
  for (const name of [...pair, ...(id ? [id] : [])]) address.searchParams.append("_columns", name);
  const opener = (answer) => (k) => answer.kind === "points" ? addressOf(answer.path[k], answer.ra[k], answer.decl[k]) : within(answer, k);
  map.showAnswer(section, address, { frameName: told.frame, opener });
}

/** The person's own SQL, for the rows of a cell. */
function within(answer, k) {
  const address = new URL(location.href);
  const sql = address.searchParams.get("sql");
  if (!told.isOwn || !sql) return null;
  const { west, east, south, north } = map.cellEdges(answer, k);
  const [ra, decl] = pair.map((name) => `"${name.replaceAll('"', '""')}"`);
  const inside = sql.trim().replace(/;\s*$/, "");
  address.searchParams.set("sql", `select * from (\n${inside}\n) as found\nwhere ${decl} between ${south} and ${north}\n  and ${ra} between ${west} and ${east}`);
  return address.pathname + address.search;
}

if (told.view === "row") addSearch();
else if (before && (told.data || (pair && told.result))) addSwitch();
