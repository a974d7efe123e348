// How a band looks: Rubin's colours for light and dark pages, and a marker's outline, so that colour isn't needed.

const dark = matchMedia("(prefers-color-scheme: dark)");
const UNKNOWN = ["#5c6470", "#aab4c3", "cross"];

export const isDark = () => dark.matches;
export const onThemeChange = (run) => dark.addEventListener("change", run);

export const colour = (bands, name) => (bands[name] ?? UNKNOWN)[isDark() ? 1 : 0];
export const marker = (bands, name) => (bands[name] ?? UNKNOWN)[2];

const polygon = (corners, turn, inner = 1) =>
  Array.from({ length: corners }, (_, k) => {
    const angle = turn + (2 * Math.PI * k) / corners;
    const far = k % 2 ? inner : 1;
    return [far * Math.cos(angle), far * Math.sin(angle)];
  });

const OUTLINES = {
  "triangle-up": polygon(3, -Math.PI / 2),
  "triangle-down": polygon(3, Math.PI / 2),
  square: polygon(4, Math.PI / 4),
  diamond: polygon(4, 0),
  star: polygon(10, -Math.PI / 2, 0.45),
  pentagon: polygon(5, -Math.PI / 2),
};
const SIZES = { circle: 0.85, square: 1.1, star: 1.3 };

/** Adds the marker's outline around x, y to the current path; `radius` is in the context's pixels. */
export function outline(ctx, shape, x, y, radius) {
  const r = radius * (SIZES[shape] ?? 1.1);
  if (shape === "circle") {
    ctx.moveTo(x + r, y);
    ctx.arc(x, y, r, 0, 2 * Math.PI);
    return;
  }
  if (shape === "cross") {
    ctx.moveTo(x - r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x + r, y - r);
    ctx.lineTo(x - r, y + r);
    return;
  }
  OUTLINES[shape].forEach(([dx, dy], k) => ctx[k ? "lineTo" : "moveTo"](x + r * dx, y + r * dy));
  ctx.closePath();
}

/** A marker as an inline SVG, for legends and buttons. */
export function icon(shape, colour, filled = true) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-8 -8 16 16");
  svg.setAttribute("width", 14);
  svg.setAttribute("height", 14);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  const parts = [];
  const recorder = {
    moveTo: (x, y) => parts.push(`M${x} ${y}`),
    lineTo: (x, y) => parts.push(`L${x} ${y}`),
    closePath: () => parts.push("Z"),
    arc: (x, y, r) => parts.push(`M${x - r} ${y}A${r} ${r} 0 1 0 ${x + r} ${y}A${r} ${r} 0 1 0 ${x - r} ${y}`),
  };
  outline(recorder, shape, 0, 0, 5.5);
  path.setAttribute("d", parts.join(""));
  path.setAttribute("fill", filled && shape !== "cross" ? colour : "none");
  path.setAttribute("stroke", colour);
  path.setAttribute("stroke-width", 1.6);
  svg.append(path);
  return svg;
}
