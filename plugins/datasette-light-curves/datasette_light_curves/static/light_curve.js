// An object's page: fetches its points, builds the section with its buttons, and keeps both panels on the same time.

import { timeAxis } from "./axes.js";
import { byClassifier, classList, classPanel, classesOf } from "./classes.js";
import { fluxPanel } from "./flux.js";
import { colour, icon, marker, onThemeChange } from "./marks.js";
import { csv, describe, eventOf, peakOf, pointsOf, spanOf } from "./points.js";
import { element, group } from "./page.js";
import { savePng, saveText } from "./save.js";

const told = window.datasetteLightCurves;
const HEIGHT = () => (innerWidth < 600 ? 280 : 400);
const CLASS_HEIGHT = () => (innerWidth < 600 ? 190 : 220);

const section = element("section", { className: "light-curve", id: "light-curve" }, element("h2", {}, "Light curve"));
section.setAttribute("aria-label", "Light curve");
const status = section.appendChild(element("p", { className: "lc-summary", role: "status" }, "Loading the light curve …"));
[...document.querySelectorAll("section.content h1, section.content .row-lead")].at(-1).after(section);
start();

async function start() {
  const [answer, uPlot] = await Promise.all([load(), library()]);
  if (typeof answer === "string") {
    status.textContent = answer;
    section.classList.add("lc-empty");
    return;
  }
  const began = performance.now();
  const view = build(answer, uPlot);
  await null; // uPlot draws in a microtask
  section.dataset.points = view.points;
  section.dataset.milliseconds = (performance.now() - began).toFixed(1);
}

/** The data, or a sentence that says why there are none. The page itself has asked already. */
async function load() {
  try {
    const answer = await told.answer;
    const data = await answer.json();
    return answer.ok ? data : `The light curve can't be shown: ${data.error ?? data.detail ?? answer.statusText}`;
  } catch {
    return "The light curve can't be shown: the portal didn't answer.";
  }
}

/** uPlot is a classic script; its style sheet comes beside it. */
function library() {
  const address = (name) => import.meta.resolve(`./vendor/uPlot-1.6.32${name}`);
  document.head.append(element("link", { rel: "stylesheet", href: address(".min.css") }));
  return new Promise((resolve, reject) => {
    const script = element("script", { src: address(".iife.min.js"), onload: () => resolve(window.uPlot), onerror: reject });
    document.head.append(script);
  });
}

function build(data, uPlot) {
  const points = pointsOf(data, told);
  const peak = peakOf(data, points);
  const bands = Object.keys(told.bands).filter((band) => points.some((point) => point.band === band));
  bands.push(...new Set(points.map((point) => point.band).filter((band) => !(band in told.bands))));
  const said = byClassifier(data.classes ?? []);
  const state = {
    unit: "flux", time: "mjd", off: new Set(), kinds: new Set(["detections", "forced"]), classifier: said.keys().next().value,
    view: eventOf(points),
  };
  status.textContent = summary(points, bands);
  if (!points.length) {
    section.classList.add("lc-empty");
    return { points: 0 };
  }

  const flux = element("div", { className: "lc-chart" });
  const classes = element("div", { className: "lc-chart" });
  const list = element("div");
  let panels = [];

  function draw() {
    panels.forEach((one) => one.destroy());
    const shared = { view: state.view, time: timeAxis(state.time, told, peak), onView: follow };
    panels = [
      fluxPanel(uPlot, flux, {
        ...shared, points, told, state, height: HEIGHT(), describe: (point) => describe(point, told, peak), open: openRow,
      }),
    ];
    if (said.size) {
      const some = said.get(state.classifier);
      const looks = classesOf(some);
      panels.push(
        classPanel(uPlot, classes, {
          ...shared, points: some, classes: looks, height: CLASS_HEIGHT(),
          describe: (point) => [point.label, `probability ${point.probability.toFixed(3)}`, `MJD ${point.t.toFixed(4)}`],
        }),
      );
      list.replaceChildren(classList(looks));
    }
  }

  function follow(view) {
    if (view[0] === state.view[0] && view[1] === state.view[1]) return;
    state.view = view;
    section.dataset.view = view.map((mjd) => mjd.toFixed(2)).join(" ");
    panels.forEach((one) => one.setView(view));
  }

  function zoom(factor) {
    const [min, max] = state.view, middle = (min + max) / 2, half = ((max - min) / 2) * factor;
    follow([middle - half, middle + half]);
  }

  const pan = (by) => follow(state.view.map((edge) => edge + by * (state.view[1] - state.view[0])));
  const set = (key) => (value) => {
    state[key] = value;
    draw();
  };
  const toggle = (among, redraw) => (name, isOn) => {
    isOn ? among.add(name) : among.delete(name);
    redraw();
  };
  const refresh = () => panels[0].refresh();

  section.append(
    element("div", { className: "lc-controls" },
      group("Brightness", { choices: [["flux", "Flux"], ["mag", "Magnitude"]], chosen: "flux", choose: set("unit") }),
      group("Time", { choices: [["mjd", "MJD"], ["date", "Date"], ["days", "Days since peak"]], chosen: "mjd", choose: set("time") }),
      group("View", {
        actions: [
          ["Detections", () => follow(eventOf(points))], ["All", () => follow(spanOf(points))],
          ["+", () => zoom(0.5), "Zoom in"], ["−", () => zoom(2), "Zoom out"], ["◀", () => pan(-0.25), "Earlier"], ["▶", () => pan(0.25), "Later"],
        ],
      }),
      group("Save", {
        actions: [
          ["PNG", () => savePng(`${told.object}.png`, { title: `Object ${told.object}`, panels: panels.map((one) => one.u), bands: bands.filter((band) => !state.off.has(band)).map((band) => [band, marker(told.bands, band), colour(told.bands, band)]), section }), "Save the panels as PNG"],
          ["CSV", () => saveText(`${told.object}.csv`, "text/csv", csv(points, told)), "Save all points as CSV"],
        ],
      }),
    ),
  );
  const legend = element("div", { className: "lc-controls lc-legend" });
  const drawLegend = () =>
    legend.replaceChildren(
      group("Bands", {
        toggles: bands.map((band) => [band, [icon(marker(told.bands, band), colour(told.bands, band)), ` ${band}`], !state.off.has(band)]),
        toggle: (band, isOn) => toggle(state.off, refresh)(band, !isOn),
      }),
      group("Points", {
        toggles: [
          ["detections", [icon("circle", "currentColor"), " detections"], state.kinds.has("detections")],
          ["forced", [icon("circle", "currentColor", false), " forced"], state.kinds.has("forced")],
        ],
        toggle: toggle(state.kinds, refresh),
      }),
    );
  drawLegend();
  section.append(legend, flux);
  if (said.size) section.append(classHead(), classes, list);
  else if (data.classes) section.append(element("p", { className: "lc-note" }, "No broker has classified this object yet."));
  section.append(
    element("p", { className: "lc-note" },
      "Drag to zoom, double-click for everything. With the keyboard: arrows move through the points, Enter opens one, + and − zoom, 0 shows all."),
  );
  draw();

  [flux, classes].forEach((host, k) => {
    host.tabIndex = 0;
    host.setAttribute("role", "group");
    host.setAttribute("aria-label", k ? "Classifications, a chart" : "Light curve, a chart");
    host.addEventListener("keydown", (event) => keys(event, () => panels[k]));
    host.addEventListener("dblclick", () => follow(spanOf(points)));
    host.addEventListener("blur", () => panels[k]?.leave());
  });
  onThemeChange(() => {
    drawLegend();
    draw();
  });
  let width = section.clientWidth;
  new ResizeObserver(() => {
    if (section.clientWidth === width) return;
    width = section.clientWidth;
    panels.forEach((one) => one.resize());
  }).observe(section);

  function keys(event, at) {
    const actions = {
      ArrowRight: () => at().step(1), ArrowLeft: () => at().step(-1), Enter: () => at().openCurrent(), Escape: () => at().leave(),
      "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => follow(spanOf(points)),
    };
    if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  function classHead() {
    const select = element("select", { id: "lc-classifier", onchange: () => set("classifier")(select.value) });
    said.forEach((_, name) => select.append(element("option", { value: name }, name)));
    const head = element("div", { className: "lc-class-head" }, element("h3", {}, "Classifications"), element("label", { htmlFor: "lc-classifier" }, "Classifier"), select);
    if (told.classTable) {
      const query = new URLSearchParams({ [told.classParameter]: told.object });
      head.append(element("a", { href: `${told.classTable}?${query}` }, "as a table"));
    }
    return head;
  }

  return { points: points.length };
}

function openRow(point) {
  const table = told[point.kind];
  if (table) location.href = `${table}/${encodeURIComponent(point.id)}`;
}

function summary(points, bands) {
  const detections = points.filter((point) => point.kind === "detections").length;
  const forced = points.length - detections;
  if (!points.length) return "There are no points of this object.";
  const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
  const what = [count(detections, "detection", "detections"), ...(forced ? [count(forced, "forced point", "forced points")] : [])];
  const from = points[0].t.toFixed(1), to = points.at(-1).t.toFixed(1);
  return `${what.join(" and ")} in ${count(bands.length, "band", "bands")}, MJD ${from} to ${to}.`;
}
