// From the server's columns to points: what is drawn, what is told of one, and the same as CSV. No page, no chart.

const MJD_OF_1970 = 40587;
const DAY_MS = 86_400_000;
const MAG_PER_RATIO = 2.5 / Math.LN10;

export const dateOf = (mjd) => new Date((mjd - MJD_OF_1970) * DAY_MS);
export const mjdOf = (date) => date / DAY_MS + MJD_OF_1970;

/** Every point in the order of time; a forced point of a visit that is a detection is marked `isRepeated`. */
export function pointsOf(data, told) {
  const detections = unpack(data.detections, "detections");
  const seen = new Set(detections.map(visit));
  const forced = unpack(data.forced, "forced");
  forced.forEach((point) => (point.isRepeated = seen.has(visit(point))));
  const points = [...detections, ...forced].sort((a, b) => a.t - b.t);
  points.forEach((point) => Object.assign(point, magnitude(point, told)));
  return points;
}

const visit = (point) => `${point.t}|${point.band}`;

function unpack(columns, kind) {
  if (!columns) return [];
  return columns.mjd.map((t, k) => ({
    kind, t, id: columns.id[k], band: columns.band[k], flux: columns.flux[k], error: columns.error[k],
  }));
}

/** mag and magError; of a forced point below `sigma` an upper limit; of what has no magnitude nothing. */
function magnitude({ kind, flux, error }, { zeroPoint, sigma }) {
  const of = (value) => zeroPoint - 2.5 * Math.log10(value);
  const isLimit = kind === "forced" && error > 0 && flux !== null && flux < sigma * error;
  if (isLimit) return { isLimit, mag: of(sigma * error), magError: null };
  if (!(flux > 0)) return { isLimit: false, mag: null, magError: null };
  return { isLimit: false, mag: of(flux), magError: error > 0 ? (MAG_PER_RATIO * error) / flux : null };
}

/** When it was brightest: the truth, where it is known and plausible, else the brightest detection. */
export function peakOf(data, points) {
  const first = points[0]?.t, last = points.at(-1)?.t;
  if (data.peak > first - 1000 && data.peak < last + 1000) return { t: data.peak, by: "truth" };
  const brightest = points
    .filter((point) => point.flux !== null)
    .reduce((best, point) => (rank(point) > rank(best) ? point : best), null);
  return brightest && { t: brightest.t, by: brightest.kind === "detections" ? "brightest detection" : "brightest point" };
}

/** Any detection before any forced point. */
const rank = (point) => (point === null ? -Infinity : point.flux + (point.kind === "detections" ? 1e30 : 0));

/** From the first to the last detection, with room around; all there is where nothing was detected. */
export function eventOf(points) {
  const times = points.filter((point) => point.kind === "detections").map((point) => point.t);
  if (!times.length) return spanOf(points);
  const room = Math.max(30, 0.3 * (times.at(-1) - times[0]));
  return [times[0] - room, times.at(-1) + room];
}

export function spanOf(points) {
  if (!points.length) return [MJD_OF_1970, MJD_OF_1970 + 1];
  const room = Math.max(1, 0.02 * (points.at(-1).t - points[0].t));
  return [points[0].t - room, points.at(-1).t + room];
}

const shown = (value, digits) => (value === null ? "–" : value.toFixed(digits));

/** What is told of a point, a line each. */
export function describe(point, told, peak) {
  const kind = point.kind === "detections" ? "detection" : "forced photometry";
  const lines = [
    `${point.band} · ${kind}`,
    `MJD ${point.t.toFixed(4)} (${dateOf(point.t).toISOString().slice(0, 16).replace("T", " ")} ${told.timeScale})`,
    `flux ${shown(point.flux, 1)} ± ${shown(point.error, 1)} ${told.fluxUnit}`,
  ];
  if (peak) lines.splice(2, 0, `${signed(point.t - peak.t)} d from peak (${peak.by})`);
  if (point.isLimit) lines.push(`fainter than ${shown(point.mag, 2)} mag (${told.sigma} σ)`);
  else if (point.mag !== null) lines.push(`${shown(point.mag, 3)} ± ${shown(point.magError, 3)} mag`);
  return lines;
}

const signed = (days) => `${days < 0 ? "−" : "+"}${Math.abs(days).toFixed(2)}`;

export function csv(points, { fluxUnit }) {
  const rows = points.map((p) => [
    p.kind === "detections" ? "detection" : "forced", p.id, p.t, p.band, p.flux, p.error,
    p.isLimit ? "" : p.mag, p.magError, p.isLimit ? p.mag : "",
  ]);
  const head = ["kind", "id", "mjd", "band", `flux_${fluxUnit}`, `flux_err_${fluxUnit}`, "mag", "mag_err", "mag_limit"];
  const cell = (value) => {
    const text = String(value ?? "");
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [head, ...rows].map((row) => row.map(cell).join(",") + "\n").join("");
}
