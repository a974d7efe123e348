// One panel: uPlot gives axes, zoom and cursor; the points are drawn here, so that each may have a marker and error bars.

const AXIS_PX = 66; // of every panel, so that panels below each other are aligned
const NEAR_PX = 24;

/**
 * points: in the order of time, each with t; y(point) gives its place or null.
 * range(from, to): the least and greatest y of what is shown between two times.
 * draw(u, ctx): paints the points, clipped to the panel. describe(point): lines of text. open(point): on a click or Enter.
 */
export function panel(uPlot, host, { points, y, range, draw, describe, open, height, time, value, invert, view, onView, name }) {
  const style = getComputedStyle(host);
  const ink = style.getPropertyValue("--lc-ink").trim() || "#222";
  const grid = { stroke: style.getPropertyValue("--lc-grid").trim() || "#ddd", width: 1 };
  const font = "12px system-ui, sans-serif";
  const axis = { stroke: ink, grid, ticks: grid, font, labelFont: font };
  const data = [points.map((point) => point.t), points.map((point) => y(point))];
  if (!points.length) data.forEach((column, k) => column.push(k ? null : view[0]));
  let current = null;

  const u = new uPlot(
    {
      width: host.clientWidth || 600,
      height,
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { show: false }, y: false },
      scales: {
        x: { time: false, min: view[0], max: view[1] },
        y: { dir: invert ? -1 : 1, range: (self) => range(self.scales.x.min ?? view[0], self.scales.x.max ?? view[1]) },
      },
      axes: [
        { ...axis, ...time, size: 34, labelSize: 22, space: 80 },
        { ...axis, ...value, size: AXIS_PX, labelSize: 20 },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(self) => clipped(self, () => draw(self, self.ctx))],
        setScale: [(self, key) => key === "x" && self.status === 1 && onView([self.scales.x.min, self.scales.x.max])],
        setCursor: [(self) => self.cursor.left >= 0 && tell(nearest(self))],
      },
    },
    data,
    host,
  );
  const tip = host.appendChild(document.createElement("div"));
  tip.className = "lc-tip";
  tip.hidden = true;
  const ring = u.over.appendChild(document.createElement("div"));
  ring.className = "lc-ring";
  ring.hidden = true;
  const live = host.appendChild(document.createElement("p"));
  live.className = "lc-unseen";
  live.setAttribute("aria-live", "polite");
  u.root.querySelector("canvas").setAttribute("role", "img");
  u.root.querySelector("canvas").setAttribute("aria-label", name);
  u.over.addEventListener("mouseleave", () => tell(null));
  u.over.addEventListener("click", () => current && !u.select.width && open?.(current));

  function place(point) {
    return [u.valToPos(point.t, "x"), u.valToPos(y(point), "y")];
  }

  function visible() {
    const { min, max } = u.scales.x;
    return points.filter((point) => point.t >= min && point.t <= max && y(point) !== null);
  }

  function nearest(self) {
    let best = null, least = NEAR_PX ** 2;
    for (const point of visible()) {
      const [left, top] = place(point);
      const far = (left - self.cursor.left) ** 2 + (top - self.cursor.top) ** 2;
      if (far < least) [best, least] = [point, far];
    }
    return best;
  }

  function tell(point) {
    current = point;
    tip.hidden = ring.hidden = !point;
    u.over.style.cursor = point && open ? "pointer" : "crosshair";
    if (!point) return;
    const [left, top] = place(point);
    tip.replaceChildren(...describe(point).map((line, k) => Object.assign(document.createElement(k ? "span" : "b"), { textContent: line })));
    const room = u.over.clientWidth;
    tip.style.left = `${AXIS_PX + 20 + Math.min(left + 14, Math.max(0, room - tip.offsetWidth))}px`;
    tip.style.top = `${Math.max(0, top > u.over.clientHeight / 2 ? top - tip.offsetHeight - 8 : top + 18)}px`;
    ring.style.transform = `translate(${left}px, ${top}px)`;
  }

  function step(by) {
    const there = visible();
    if (!there.length) return;
    const at = there.indexOf(current);
    const next = there[at < 0 ? (by > 0 ? 0 : there.length - 1) : Math.min(Math.max(at + by, 0), there.length - 1)];
    tell(next);
    live.textContent = describe(next).join(", ");
  }

  return {
    u,
    step,
    leave: () => tell(null),
    openCurrent: () => current && open?.(current),
    setView: ([min, max]) => {
      const set = () => u.setScale("x", { min, max });
      u.status === 1 ? set() : queueMicrotask(set); // before its first drawing uPlot would take the first view instead
    },
    refresh: () => {
      data[1] = points.length ? points.map((point) => y(point)) : [null];
      const { min, max } = u.scales.x;
      u.batch(() => {
        u.setData(data, false);
        u.setScale("x", { min, max });
      });
      tell(null);
    },
    resize: () => host.clientWidth && u.setSize({ width: host.clientWidth, height }),
    destroy: () => {
      u.destroy();
      tip.remove();
      live.remove();
    },
  };
}

function clipped(u, paint) {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  paint();
  u.ctx.restore();
}

/** A little more than the least and the greatest, and something where there is nothing. */
export function padded(values, least = 0) {
  let min = Infinity, max = -Infinity;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) return [0, 1];
  const room = Math.max(0.06 * (max - min), least) || 1;
  return [min - room, max + room];
}
