// What is on the page as a file: PNG of the panels with a title and a legend, or text.

import { outline } from "./marks.js";

export function saveText(name, type, text) {
  save(name, new Blob([text], { type }));
}

/** panels: uPlots, one below the other; bands: [name, marker, colour]. */
export function savePng(name, { title, panels, bands, section }) {
  const dpr = devicePixelRatio, head = 54 * dpr;
  const sources = panels.map((u) => u.ctx.canvas);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(...sources.map((source) => source.width));
  canvas.height = head + sources.reduce((sum, source) => sum + source.height, 0);
  const ctx = canvas.getContext("2d");
  const style = getComputedStyle(section);
  ctx.fillStyle = style.getPropertyValue("--lc-paper").trim() || "#fff";
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = style.getPropertyValue("--lc-ink").trim() || "#222";
  ctx.font = `bold ${15 * dpr}px system-ui, sans-serif`;
  ctx.fillText(title, 16 * dpr, 20 * dpr);
  legend(ctx, bands, dpr, style);
  let top = head;
  for (const source of sources) {
    ctx.drawImage(source, 0, top);
    top += source.height;
  }
  canvas.toBlob((blob) => save(name, blob), "image/png");
}

function legend(ctx, bands, dpr, style) {
  ctx.font = `${13 * dpr}px system-ui, sans-serif`;
  bands.forEach(([band, shape, colour], k) => {
    const x = (24 + k * 48) * dpr, y = 40 * dpr;
    ctx.fillStyle = ctx.strokeStyle = colour;
    ctx.beginPath();
    outline(ctx, shape, x, y, 5 * dpr);
    shape === "cross" ? ctx.stroke() : ctx.fill();
    ctx.fillStyle = style.getPropertyValue("--lc-ink").trim() || "#222";
    ctx.fillText(band, x + 10 * dpr, y + 4.5 * dpr);
  });
}

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
