// A map in a section: drawn for its width and the page's colours; by mouse or keyboard each point or cell is told and opened.

import { circle, round, turned, written } from "./angles.js";
import { closeUp } from "./closeup.js";
import { cellEdges, draw, frame, place } from "./draw.js";
import { wholeSky } from "./mollweide.js";
import { isEquatorial } from "./planes.js";

export { cellEdges };

const NEAR_PX = 14;
const LEAST_PX = 150;
const MOST_CLOSE_DEG = 60;
const LEAST_CLOSE_DEG = 1 / 3600;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) key in made ? (made[key] = value) : made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const number = (value) => value.toLocaleString("en-US");
const tilde = (isEstimate) => (isEstimate ? "~" : "");

/** Fetches an answer of the plugin and shows it; what goes wrong is said in the map's place. */
export async function showAnswer(section, address, options) {
  const status = section.appendChild(element("p", { className: "sky-caption" }, "Finding where the rows are …"));
  try {
    const response = await fetch(address);
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error ?? response.statusText);
    status.remove();
    const cells = unpacked(answer);
    showMap(section, cells, { ...options, open: options.opener(cells) });
  } catch (error) {
    status.textContent = `The map can't be shown: ${error.message}`;
    status.setAttribute("role", "alert");
  }
}

/** A density's cells one by one, as `ring`, `cells_in_ring`, `cell` and `count`. */
function unpacked(answer) {
  const found = { ...answer, ring: [], cells_in_ring: [], cell: [], count: [] };
  for (const [ring, cells, numbers, counts] of answer.rings ?? []) {
    numbers.forEach((number, k) => {
      found.ring.push(ring);
      found.cells_in_ring.push(cells);
      found.cell.push(number);
      found.count.push(counts[k]);
    });
  }
  return found;
}

/**
 * `answer` is the plugin's JSON, unpacked, or the same made of a table's cells; `open(k)` gives the address of a point or cell, or null.
 * `isClose`: begin with a close-up where all points are near each other.
 */
export function showMap(section, answer, { frameName, open, rows = "rows", isClose = false }) {
  const what = summary(answer, rows);
  const close = closeUpOf(answer);
  const skies = answer.kind === "density" && answer.cone ? [close] : close ? [wholeSky, close] : [wholeSky];
  let sky = skies.length > 1 && !(isClose || answer.cone) ? skies[0] : skies.at(-1);
  const canvas = element("canvas", { className: "sky-canvas" });
  const ring = element("span", { className: "sky-ring", hidden: true });
  const tip = element("span", { className: "sky-tip", hidden: true });
  const host = element("div", { className: "sky-host", tabIndex: 0, role: "group" }, canvas, ring, tip);
  host.setAttribute("aria-label", `Map of the sky. ${what} Arrow keys go from one to the next, Enter opens.`);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", what);
  const live = element("p", { className: "sky-unseen" });
  live.setAttribute("aria-live", "polite");
  const caption = element("p", { className: "sky-caption" });
  const planes = element("p", { className: "sky-legend" }, element("i", { className: "sky-galactic" }), " galactic plane ", element("i", { className: "sky-ecliptic" }), " ecliptic");
  let at, marks = [], chosen = -1;

  const redraw = () => {
    const width = section.clientWidth - padding(section);
    if (width < LEAST_PX) return; // not shown, or no more
    const begun = performance.now();
    at = frame(width, sky);
    host.style.width = `${at.width}px`;
    draw(canvas, at, sky, answer, { planes: sky === wholeSky && isEquatorial(frameName) });
    section.dataset.ms = (performance.now() - begun).toFixed(1);
    choose(chosen);
  };
  const view = (chosenSky) => {
    sky = chosenSky;
    marks = marksOf(answer, sky);
    caption.textContent = `${what} ${sky.words(frameName)}`;
    planes.hidden = sky !== wholeSky || !isEquatorial(frameName);
    chosen = -1;
    redraw();
    section.dataset.view = sky.name;
  };
  const choose = (k) => {
    chosen = k;
    ring.hidden = tip.hidden = k < 0;
    if (k < 0) return;
    const [x, y] = place(at, marks[k].at);
    ring.style.translate = `${x}px ${y}px`;
    tip.textContent = marks[k].text;
    const half = tip.offsetWidth / 2 + 4;
    tip.style.translate = `${half * 2 > at.width ? at.width / 2 : Math.min(Math.max(x, half), at.width - half)}px ${y < 50 ? y + 18 : y - 14}px`;
    tip.classList.toggle("sky-below", y < 50);
  };
  const nearest = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return answer.kind === "density" ? cellUnder(answer, sky, at, x, y) : closest(marks, at, x, y);
  };
  host.addEventListener("pointermove", (event) => {
    choose(nearest(event));
    host.style.cursor = chosen >= 0 && open(chosen) ? "pointer" : "";
  });
  host.addEventListener("pointerleave", () => choose(-1));
  host.addEventListener("click", (event) => {
    const k = nearest(event);
    if (k >= 0 && open(k)) location.assign(open(k));
  });
  host.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && chosen >= 0 && open(chosen)) location.assign(open(chosen));
    else if (event.key === "Escape") choose(-1);
    else if (KEYS[event.key] && marks.length) {
      choose(next(marks, at, chosen, KEYS[event.key]));
      live.textContent = marks[chosen].text;
    } else return;
    event.preventDefault();
  });

  section.append(...(skies.length > 1 ? [switches(skies, sky, view)] : []), host);
  section.append(...(answer.kind === "density" ? [legend(answer)] : []), planes, caption, live);
  view(sky);
  new ResizeObserver(redraw).observe(section);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  section.dataset.drawn = answer.kind;
}

function padding(section) {
  const style = getComputedStyle(section);
  return parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
}

/** Around the cone that was asked for, or around points that are near each other. */
function closeUpOf(answer) {
  if (answer.cone) return closeUp(answer.cone);
  const found = answer.kind === "points" && circle(answer.ra, answer.decl);
  if (!found || found[2] > MOST_CLOSE_DEG / 1.2) return null;
  const radius = Math.max(found[2] * 1.15, answer.ra.length > 1 ? LEAST_CLOSE_DEG : 1 / 60);
  const step = round(radius / 4);
  return closeUp([found[0], found[1], Math.ceil(radius / step - 1e-9) * step]);
}

/** Two buttons, of which one is pressed. */
function switches(skies, first, view) {
  const row = element("p", { className: "sky-switches", role: "group" });
  row.setAttribute("aria-label", "What the map shows");
  for (const sky of skies) {
    const button = element("button", { type: "button" }, sky.name[0].toUpperCase() + sky.name.slice(1));
    button.setAttribute("aria-pressed", sky === first);
    button.addEventListener("click", () => {
      for (const other of row.children) other.setAttribute("aria-pressed", other === button);
      view(sky);
    });
    row.append(button);
  }
  return row;
}

function summary(answer, rows) {
  const total = `${tilde(answer.is_estimate && !answer.is_first)}${number(answer.total)} ${answer.total === 1 ? rows.replace(/(?<=ch)es\b|s\b/, "") : rows}`;
  if (answer.is_first) return `The first ${total} with a position: counting all takes too long.`;
  if (!answer.is_estimate) return `${total} with a position.`;
  return `${total} with a position, estimated from a sample of ${number(answer.looked_at)}.`;
}

/** What can be told and opened: its place on the map, and words. */
function marksOf(answer, sky) {
  if (answer.kind === "points") {
    return answer.ra.map((ra, k) => ({ at: sky.project(ra, answer.decl[k]), text: `${answer.label[k] ? `${answer.label[k]}: ` : ""}${written(turned(ra), answer.decl[k])}` }));
  }
  const digits = Math.max(1, Math.ceil(-Math.log10(answer.ring_deg)) + 1);
  return answer.count.map((count, k) => {
    const [ra, decl] = cellCentre(answer, k);
    return { at: sky.project(ra, decl), text: `${tilde(answer.is_estimate)}${number(count)} around ${written(ra, decl, digits)}` };
  });
}

/** ra, decl, and the radius of a cone that holds the cell: degrees. */
export function cellCentre(answer, k) {
  const { west, east, south, north } = cellEdges(answer, k);
  const width = (east - west) * Math.cos((Math.min(Math.abs(south), Math.abs(north)) * Math.PI) / 180);
  return [(west + east) / 2, (south + north) / 2, Math.hypot(Math.min(width, 180), north - south) / 2];
}

/** As it stands in an address. */
export const coneOf = (answer, k) => cellCentre(answer, k).map((one) => Number(one.toFixed(8))).join(",");

function closest(marks, at, x, y) {
  let best = -1, least = NEAR_PX ** 2;
  marks.forEach((mark, k) => {
    const [mx, my] = place(at, mark.at);
    const far = (mx - x) ** 2 + (my - y) ** 2;
    if (far < least) [best, least] = [k, far];
  });
  return best;
}

function cellUnder(answer, sky, at, x, y) {
  const found = sky.unproject((x - at.x) / at.rx, (y - at.y) / at.ry);
  if (!found) return -1;
  const ring = Math.floor((found[1] + 90) / answer.ring_deg);
  return answer.count.findIndex((_, k) => answer.ring[k] === ring && answer.cell[k] === Math.floor((found[0] / 360) * answer.cells_in_ring[k]));
}

/** The nearest mark in a direction, those beside the way counting as farther; the first one is the nearest to the middle. */
function next(marks, at, chosen, [dx, dy]) {
  if (chosen < 0) return marks.reduce((best, { at: one }, k) => (Math.hypot(...one) < Math.hypot(...marks[best].at) ? k : best), 0);
  const [x0, y0] = place(at, marks[chosen].at);
  let best = chosen, least = Infinity;
  marks.forEach((mark, k) => {
    const [x, y] = place(at, mark.at);
    const ahead = (x - x0) * dx + (y - y0) * dy, aside = Math.abs((x - x0) * dy) + Math.abs((y - y0) * dx);
    if (k !== chosen && ahead > 0.01 && ahead + 2.5 * aside < least) [best, least] = [k, ahead + 2.5 * aside];
  });
  return best;
}

function legend(answer) {
  const most = answer.count.reduce((a, b) => Math.max(a, b), 1);
  const size = answer.ring_deg ** 2;
  const [area, unit] = size >= 1 ? [size, "square degrees"] : size >= 1 / 3600 ? [size * 3600, "square arc minutes"] : [size * 12960000, "square arc seconds"];
  return element("p", { className: "sky-legend" }, "1 ", element("i", { className: "sky-scale" }), ` ${tilde(answer.is_estimate)}${number(most)} rows in cells of about ${Number(area.toPrecision(2))} ${unit}`);
}
