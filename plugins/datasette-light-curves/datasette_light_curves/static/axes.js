// The axis of time, three ways: MJD, calendar dates, days since the peak. The scale itself is always MJD.

import { dateOf, mjdOf } from "./points.js";

const DAY_STEPS = [1, 2, 5, 10];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120];
const LABEL_PX = 95;

export function timeAxis(mode, told, peak) {
  if (mode === "date") {
    return {
      label: `Date (${told.timeScale})`,
      splits: (u, _, min, max) => dateSplits(min, max, u.bbox.width / devicePixelRatio / LABEL_PX),
      values: (_, splits) => splits.map((mjd) => label(mjd)),
    };
  }
  if (mode === "days" && peak) {
    return {
      label: `Days since peak (${peak.by})`,
      splits: (_, __, min, max, step) => every(step, min, max, peak.t),
      values: (_, splits) => splits.map((mjd) => trimmed(mjd - peak.t)),
    };
  }
  return { label: `MJD (${told.timeScale}, days)`, values: (_, splits) => splits.map(trimmed) };
}

const trimmed = (value) => String(+value.toFixed(4)).replace("-", "−");

function every(step, min, max, from) {
  const splits = [];
  for (let k = Math.ceil((min - from) / step); from + k * step <= max; k++) splits.push(from + k * step);
  return splits;
}

/** Hours within a day or two are told in MJD's decimals: a survey's nights are what dates are for. */
function label(mjd) {
  const text = dateOf(mjd).toISOString();
  return Number.isInteger(mjd) ? text.slice(0, 10) : text.slice(5, 16).replace("T", " ");
}

function dateSplits(min, max, most) {
  const days = (max - min) / Math.max(2, most);
  if (days < 0.5) return every([1 / 24, 0.125, 0.25, 0.5].find((step) => step >= days) ?? 0.5, min, max, Math.floor(min));
  const step = DAY_STEPS.find((one) => one >= days);
  if (step) return every(step, min, max, Math.floor(min));
  const months = MONTH_STEPS.find((one) => one * 30.4 >= days) ?? 240;
  const from = dateOf(min);
  const splits = [];
  for (let month = Math.floor(from.getUTCMonth() / months) * months; ; month += months) {
    const mjd = mjdOf(Date.UTC(from.getUTCFullYear(), month, 1));
    if (mjd > max) return splits;
    if (mjd >= min) splits.push(mjd);
  }
}
