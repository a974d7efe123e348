// What colours mean: a button for each series, which hides it, or a strip from the least to the greatest value.

import { labelOf } from "./axes.js";
import { NUMBER } from "./columns.js";
import { element } from "./controls.js";
import { isDark, ramp, sample } from "./looks.js";

export function legend(model, hidden, redraw) {
  if (model.ramp) return [strip(model.ramp)];
  if (model.series.length < 2) return [];
  return model.series.map(({ name, look }, k) => {
    const button = element("button", { type: "button" }, icon(look, model.kind), element("span", {}, name));
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

function icon(look, kind) {
  const dpr = devicePixelRatio, canvas = element("canvas", { width: 16 * dpr, height: 16 * dpr, attributes: { "aria-hidden": "true" } });
  sample(canvas.getContext("2d"), look, kind, 8 * dpr, 8 * dpr, dpr);
  canvas.style.width = canvas.style.height = "16px";
  return canvas;
}

function strip({ name, min, max }) {
  const bar = element("span", { className: "qc-strip" });
  bar.style.background = `linear-gradient(to right, ${Array.from({ length: 9 }, (_, k) => ramp(k / 8)[Number(isDark())]).join(", ")})`;
  const text = (value) => labelOf({ kind: NUMBER }, value, (max - min) / 10 || 1);
  return element("span", { className: "qc-ramp" }, `${name} ${text(min)} `, bar, ` ${text(max)}`);
}
