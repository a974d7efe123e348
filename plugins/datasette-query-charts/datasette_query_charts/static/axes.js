// Ticks: where they are and what is written at them, for numbers, their logarithms and dates. Places are as the scale has them.

import { TIME } from "./columns.js";

const MINUTE = 60, HOUR = 3600, DAY = 86400;
const STEPS = [1, 2, 5, 10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
const UNSEEN = new Intl.NumberFormat("en", { maximumSignificantDigits: 12, useGrouping: false });

/** `most`: how many find room. Returns places and labels of one length. */
export function ticks(axis, min, max, most) {
  if (axis.kind === TIME) return timeTicks(min, max, most);
  if (axis.isLog) return logTicks(min, max, most);
  const step = stepOf(min, max, most, axis.isCount ? 1 : 0);
  const splits = every(step, min, max);
  return { splits, labels: splits.map((value) => numberLabel(value, step, Math.max(Math.abs(min), Math.abs(max)))) };
}

function stepOf(min, max, most, least = 0) {
  const rough = (max - min) / Math.max(1, most), power = 10 ** Math.floor(Math.log10(rough));
  return Math.max(least, [1, 2, 5, 10].find((step) => step * power >= rough * 0.999) * power);
}

function every(step, min, max) {
  const splits = [];
  for (let k = Math.ceil(min / step); k * step <= max && splits.length < 1000; k++) splits.push(k * step);
  return splits;
}

function numberLabel(value, step, greatest) {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (greatest >= 1e7 || (greatest < 1e-4 && greatest > 0)) {
    const shown = Math.min(15, Math.max(0, Math.ceil(Math.log10(Math.abs(value) / step || 1))));
    return minus(value === 0 ? "0" : value.toExponential(shown).replace(/\.?0+e/, "e").replace("e+", "e"));
  }
  return minus(grouped(value.toFixed(Math.min(12, digits)), greatest));
}

/** Years and days of MJD are no thousands. */
const grouped = (text, greatest) => (greatest >= 1e5 ? text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",") : text);
const minus = (text) => text.replace("-", "−");

/** A value as it is told: of what was computed here, not more digits than it has. */
export function numberText(value) {
  if (!Number.isFinite(value)) return "none";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return minus(value.toLocaleString("en"));
  return minus(Math.abs(value) < 1e-4 || Math.abs(value) >= 1e15 ? value.toExponential(5).replace(/\.?0+e/, "e") : String(+value.toPrecision(8)));
}

/** The label of a place by itself, as exact as `step` asks for. */
export function labelOf(axis, place, step) {
  if (axis.kind === TIME) return dateText(place, step);
  if (axis.isLog) return numberText(+(10 ** place).toPrecision(4));
  return numberLabel(place, step / 10, Math.abs(place));
}

function logTicks(min, max, most) {
  const decades = max - min;
  if (decades < 1.2) {
    const step = stepOf(10 ** min, 10 ** max, most);
    const values = every(step, 10 ** min, 10 ** max).filter((value) => value > 0);
    return { splits: values.map(Math.log10), labels: values.map((value) => numberLabel(value, step, 10 ** max)) };
  }
  const within = decades * 3 <= most ? [1, 2, 5] : [1];
  const step = Math.max(1, Math.ceil(decades / most));
  const splits = [];
  for (let power = Math.floor(min / step) * step; power <= max; power += step) {
    for (const times of step === 1 ? within : [1]) splits.push([power, times]);
  }
  const shown = splits.map(([power, times]) => [power + Math.log10(times), power, times]).filter(([place]) => place >= min && place <= max);
  return { splits: shown.map(([place]) => place), labels: shown.map(([, power, times]) => powerText(power, times)) };
}

const powerText = (power, times) =>
  power >= -4 && power < 6 ? minus((+UNSEEN.format(times * 10 ** power)).toLocaleString("en", { maximumFractionDigits: 6 })) : minus(`${times}e${power}`);

function timeTicks(min, max, most) {
  const rough = (max - min) / Math.max(1, most);
  if (rough < 1) {
    const step = stepOf(min, max, most), splits = every(step, min, max);
    return { splits, labels: splits.map((seconds) => dateText(seconds, step)) };
  }
  const step = STEPS.find((one) => one >= rough);
  if (step) {
    const from = Math.floor(min / DAY) * DAY, splits = every(step, min - from, max - from).map((seconds) => seconds + from);
    return { splits, labels: splits.map((seconds) => dateText(seconds, step)) };
  }
  const months = MONTH_STEPS.find((one) => one * 30.4 * DAY >= rough) ?? 6000;
  const splits = [];
  const start = new Date(min * 1000);
  for (let month = Math.floor(start.getUTCMonth() / months) * months; splits.length < 1000; month += months) {
    const seconds = Date.UTC(Math.floor(start.getUTCFullYear() / Math.max(1, months / 12)) * Math.max(1, months / 12), month, 1) / 1000;
    if (!(seconds <= max)) break;
    if (seconds >= min) splits.push(seconds);
  }
  return { splits, labels: splits.map((seconds) => dateText(seconds, months % 12 ? 28 * DAY : 365 * DAY)) };
}

function dateText(seconds, step) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.valueOf())) return "";
  const text = date.toISOString();
  const day = text.indexOf("T"); // years beyond 9999 are longer
  if (step >= 365 * DAY) return text.slice(0, day - 6);
  if (step >= 28 * DAY) return text.slice(0, day - 3);
  if (step >= DAY || seconds % DAY === 0) return text.slice(0, day);
  if (step >= MINUTE) return text.slice(day - 5, day + 6).replace("T", " ");
  return text.slice(day + 1, day + (step >= 1 ? 9 : 13));
}
