// What colours mean: a button for each series, which hides it, or a strip from the least to the greatest value.

import { labelOf } from "./axes.js";
import { NUMBER } from "./columns.js";
import { element } from "./controls.js";
import { gradient, mark } from "./looks.js";

export function legend(model, hidden, redraw) {
  if (model.ramp) return [strip(model.ramp)];
  if (model.series.length < 2) return [];
  return model.series.map(({ name, look }, k) => {
    const button = element("button", { type: "button" }, icon(look), element("span", {}, name));
    const tell = () => button.setAttribute("aria-pressed", !hidden.has(k));
    button.onclick = () => {
      hidden.has(k) ? hidden.delete(k) : hidden.add(k);
      tell();
      redraw();
    };
    tell();
    return button;
  });
}

function icon(look) {
  const dpr = devicePixelRatio, canvas = element("canvas", { width: 16 * dpr, height: 16 * dpr, attributes: { "aria-hidden": "true" } });
  mark(canvas.getContext("2d"), look, 8 * dpr, 8 * dpr, 5 * dpr);
  canvas.style.width = canvas.style.height = "16px";
  return canvas;
}

function strip({ name, min, max }) {
  const bar = element("span", { className: "qc-strip" });
  bar.style.background = `linear-gradient(to right, ${Array.from({ length: 9 }, (_, k) => gradient(k / 8)).join(", ")})`;
  const text = (value) => labelOf({ kind: NUMBER }, value, (max - min) / 10 || 1);
  return element("span", { className: "qc-ramp" }, `${name} ${text(min)} `, bar, ` ${text(max)}`);
}
