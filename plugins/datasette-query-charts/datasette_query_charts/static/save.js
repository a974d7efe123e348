// A chart as PNG, with its title and what its colours mean.

import { sample } from "./looks.js";

export function savePng(name, { title, canvas: source, model, hidden, ink }) {
  const dpr = devicePixelRatio, font = (weight, size) => `${weight} ${size * dpr}px system-ui, sans-serif`;
  const shown = model.ramp || model.series.length < 2 ? [] : model.series.filter((_, k) => !hidden.has(k));
  const canvas = Object.assign(document.createElement("canvas"), { width: source.width });
  const ctx = canvas.getContext("2d");
  ctx.font = font("", 13);
  const lines = legendLines(ctx, shown, source.width - 32 * dpr, dpr);
  const head = (40 + 22 * lines.length) * dpr;
  canvas.height = head + source.height;
  ctx.fillStyle = ink("paper");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = ink("ink");
  ctx.font = font("bold", 15);
  ctx.fillText(title, 16 * dpr, 25 * dpr, canvas.width - 32 * dpr);
  ctx.font = font("", 13);
  lines.forEach((line, row) => line.forEach(({ series, at }) => {
    const x = at + 22 * dpr, y = (48 + 22 * row) * dpr;
    sample(ctx, series.look, model.kind, x, y, dpr);
    ctx.fillStyle = ink("ink");
    ctx.fillText(series.name, x + 13 * dpr, y + 4.5 * dpr);
  }));
  ctx.drawImage(source, 0, head);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }, "image/png");
}

function legendLines(ctx, shown, most, dpr) {
  const lines = [];
  let at = Infinity;
  for (const series of shown) {
    const width = ctx.measureText(series.name).width + 42 * dpr;
    if (at + width > most) {
      lines.push([]);
      at = 0;
    }
    lines.at(-1).push({ series, at });
    at += width;
  }
  return lines;
}
