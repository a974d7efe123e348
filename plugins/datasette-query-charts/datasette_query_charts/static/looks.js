// How series look: a colour for light and one for dark pages, a marker and a dash, so that colour is never needed.

const dark = matchMedia("(prefers-color-scheme: dark)");
/** Where the page has dark colours, too: Datasette's own is always light. */
const looked = () => dark.matches && getComputedStyle(document.documentElement).colorScheme.includes("dark");
let isNight = looked();
export const isDark = () => isNight;
export const onThemeChange = (run) =>
  dark.addEventListener("change", () => {
    isNight = looked();
    run();
  });

// Told apart with any eyes' colours, by their lightness too; the first ones most.
const PALETTE = [
  ["#1f6fb4", "#6cb8ff"], ["#d1590a", "#ff9d4d"], ["#178a55", "#4fd39a"], ["#9c3fa8", "#e08cec"], ["#b3272d", "#ff7f84"], ["#7a6a00", "#e2cb3d"],
  ["#0f8c9c", "#5fdbe9"], ["#6b5ad6", "#a99cff"], ["#8a5a3c", "#d3a184"], ["#5c6f1f", "#b3cc63"], ["#b0447f", "#f58fc4"], ["#4a5568", "#b6c2d4"],
];
const MARKERS = ["circle", "triangle-up", "square", "diamond", "triangle-down", "pentagon", "star", "cross"];
const DASHES = [[], [9, 5], [2, 4], [10, 4, 2, 4], [14, 4], [5, 3, 1, 3]];
export const OTHERS = { colour: ["#6b7585", "#98a3b4"], marker: "circle", dash: [] };
const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];

export const colour = (look) => look.colour[isDark() ? 1 : 0];

/** The look of series number `k`; `known` is what the settings say of it. */
export function lookOf(k, known) {
  const plain = { colour: PALETTE[k % PALETTE.length], marker: MARKERS[k % MARKERS.length], dash: DASHES[k % DASHES.length] };
  return known ? { ...plain, colour: known.slice(0, 2), marker: known[2] || plain.marker } : plain;
}

/** Of a number between 0 and 1, [on light, on dark]: without what can't be seen on the one or the other. */
export const ramp = (share) => [viridis(0.93 * share), viridis(0.2 + 0.8 * share)];

function viridis(share) {
  const place = share * (VIRIDIS.length - 1), low = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const mixed = [1, 3, 5].map((at) => {
    const [from, to] = [VIRIDIS[low], VIRIDIS[low + 1]].map((hex) => parseInt(hex.slice(at, at + 2), 16));
    return Math.round(from + (to - from) * (place - low)).toString(16).padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

const polygon = (corners, turn, inner = 1) =>
  Array.from({ length: corners }, (_, k) => {
    const angle = turn + (2 * Math.PI * k) / corners, far = k % 2 ? inner : 1;
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
const SIZES = { circle: 0.9, square: 1.15, star: 1.4, diamond: 1.2 };

export function outline(ctx, shape, x, y, radius) {
  const r = radius * (SIZES[shape] ?? 1.15);
  if (shape === "circle") {
    ctx.moveTo(x + r, y);
    ctx.arc(x, y, r, 0, 2 * Math.PI);
  } else if (shape === "cross") {
    ctx.moveTo(x - r, y - r);
    ctx.lineTo(x + r, y + r);
    ctx.moveTo(x + r, y - r);
    ctx.lineTo(x - r, y + r);
  } else {
    OUTLINES[shape].forEach(([dx, dy], k) => ctx[k ? "lineTo" : "moveTo"](x + r * dx, y + r * dy));
    ctx.closePath();
  }
}

/** A marker drawn once, to be stamped: thousands of outlines in one path take long to fill. */
export function stamp(look, radius) {
  const size = Math.ceil(2 * (radius * 1.5 + 2));
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  mark(canvas.getContext("2d"), look, size / 2, size / 2, radius);
  return canvas;
}

export function mark(ctx, look, x, y, radius) {
  ctx.beginPath();
  outline(ctx, look.marker, x, y, radius);
  ctx.fillStyle = ctx.strokeStyle = colour(look);
  ctx.lineWidth = Math.max(1, radius / 3);
  look.marker === "cross" ? ctx.stroke() : ctx.fill();
}

/** As a series of that kind of chart is drawn, for what explains it: 16 wide, around x, y; `scale` is the canvas's. */
export function sample(ctx, look, kind, x, y, scale) {
  ctx.fillStyle = ctx.strokeStyle = colour(look);
  if (kind === "bar") return ctx.fillRect(x - 5 * scale, y - 5 * scale, 10 * scale, 10 * scale);
  if (kind !== "scatter") {
    ctx.lineWidth = 2 * scale;
    ctx.setLineDash(look.dash.map((length) => 0.6 * length * scale));
    ctx.beginPath();
    ctx.moveTo(x - 8 * scale, y);
    ctx.lineTo(x + 8 * scale, y);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  if (kind !== "histogram") mark(ctx, look, x, y, (kind === "line" ? 3.8 : 5) * scale);
}
