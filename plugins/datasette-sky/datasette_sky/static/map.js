// A map in a section: drawn for its width and the page's colours; by mouse or keyboard each point or cell is told and opened.

import { cellEdges, draw, frame, place } from "./draw.js";
import { project, unproject } from "./mollweide.js";

const NEAR_PX = 14;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) key in made ? (made[key] = value) : made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const number = (value) => value.toLocaleString("en-US");
const tilde = (isEstimate) => (isEstimate ? "~" : "");
const degrees = (ra, decl, digits = 4) => `${ra.toFixed(digits)}° ${decl < 0 ? "−" : "+"}${Math.abs(decl).toFixed(digits)}°`;

/** `answer` is the plugin's JSON or the same made of a table's cells; `open(k)` gives the address of a point or cell. */
export function showMap(section, answer, { frameName, open, rows = "rows" }) {
  const what = summary(answer, rows);
  const canvas = element("canvas", { className: "sky-canvas" });
  const ring = element("span", { className: "sky-ring", hidden: true });
  const tip = element("span", { className: "sky-tip", hidden: true });
  const host = element("div", { className: "sky-host", tabIndex: 0, role: "group" }, canvas, ring, tip);
  host.setAttribute("aria-label", `All-sky map. ${what} Arrow keys go from one to the next, Enter opens.`);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", what);
  const live = element("p", { className: "sky-unseen" });
  live.setAttribute("aria-live", "polite");
  const marks = marksOf(answer);
  let at, chosen = -1;

  const redraw = () => {
    if (!host.clientWidth) return; // not shown, or no more
    at = frame(host.clientWidth);
    draw(canvas, at, answer);
    choose(chosen);
  };
  const choose = (k) => {
    chosen = k;
    ring.hidden = tip.hidden = k < 0;
    if (k < 0) return;
    const [x, y] = place(at, marks[k].at);
    ring.style.translate = `${x}px ${y}px`;
    tip.textContent = marks[k].text;
    const half = tip.offsetWidth / 2 + 4;
    tip.style.translate = `${Math.min(Math.max(x, half), at.width - half)}px ${y < 50 ? y + 18 : y - 14}px`;
    tip.classList.toggle("sky-below", y < 50);
  };
  const nearest = (event) => {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return answer.kind === "density" ? cellUnder(answer, at, x, y) : closest(marks, at, x, y);
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

  const caption = element("p", { className: "sky-caption" }, `${what} Mollweide projection (equal areas), ${frameName}; ra 0h in the middle, east to the left.`);
  section.append(host, ...(answer.kind === "density" ? [legend(answer)] : []), caption, live);
  new ResizeObserver(redraw).observe(host);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  redraw();
  section.dataset.drawn = answer.kind;
}

function summary(answer, rows) {
  const total = `${tilde(answer.is_estimate)}${number(answer.total)} ${answer.total === 1 ? rows.replace(/s$/, "") : rows}`;
  if (answer.kind === "points") return `${total} with a position.`;
  if (!answer.is_estimate) return `${total} with a position.`;
  return `${total} with a position, estimated from a sample of ${number(answer.looked_at)}.`;
}

/** What can be told and opened: its place on the map, and words. */
function marksOf(answer) {
  if (answer.kind === "points") {
    return answer.ra.map((ra, k) => ({ at: project(ra, answer.decl[k]), text: `${answer.label[k] ? `${answer.label[k]}: ` : ""}${degrees(ra, answer.decl[k])}` }));
  }
  return answer.count.map((count, k) => {
    const [ra, decl] = cellCentre(answer, k);
    return { at: project(ra, decl), text: `${tilde(answer.is_estimate)}${number(count)} around ${degrees(ra, decl, 1)}` };
  });
}

/** ra, decl, and the radius of a cone that holds the cell: degrees. */
export function cellCentre(answer, k) {
  const { west, east, south, north } = cellEdges(answer, answer.ring[k], answer.cell[k]);
  const decl = (south + north) / 2;
  const width = (east - west) * Math.cos((Math.min(Math.abs(south), Math.abs(north)) * Math.PI) / 180);
  return [(west + east) / 2, decl, Math.hypot(Math.min(width, 180), north - south) / 2];
}

function closest(marks, at, x, y) {
  let best = -1, least = NEAR_PX ** 2;
  marks.forEach((mark, k) => {
    const [mx, my] = place(at, mark.at);
    const far = (mx - x) ** 2 + (my - y) ** 2;
    if (far < least) [best, least] = [k, far];
  });
  return best;
}

function cellUnder(answer, at, x, y) {
  const found = unproject((x - at.x) / at.rx, (y - at.y) / at.ry);
  if (!found) return -1;
  const ring = Math.min(answer.cells_in_ring.length - 1, Math.floor((found[1] + 90) / answer.ring_deg));
  const cell = Math.floor((found[0] / 360) * answer.cells_in_ring[ring]);
  return answer.count.findIndex((_, k) => answer.ring[k] === ring && answer.cell[k] === cell);
}

/** The nearest mark in a direction, those beside the way counting as farther. */
function next(marks, at, chosen, [dx, dy]) {
  if (chosen < 0) return 0;
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
  const area = Math.round(answer.ring_deg ** 2);
  return element("p", { className: "sky-legend" }, "1 ", element("i"), ` ${tilde(answer.is_estimate)}${number(most)} rows in about ${area} square degrees`);
}
