// What a column holds, by its texts; numbers and seconds of them; what its name says of it.

export const NUMBER = "number", TIME = "time", TEXT = "text", EMPTY = "empty";
const DIGITS = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const NO_NUMBER = /^(?:[+-]?inf(?:inity)?|-?nan)$/i; // what a column of numbers may hold, and nobody can draw
const MOMENT = /^([+-]?\d{4,6}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/;
const SAMPLE = 500;

/** By an even sample: what doesn't fit is left out when it is drawn, and said. */
export function kindOf(texts) {
  const step = Math.max(1, Math.ceil(texts.length / SAMPLE));
  let numbers = 0, moments = 0;
  for (let k = 0; k < texts.length; k += step) {
    const text = texts[k];
    if (!text || NO_NUMBER.test(text)) continue;
    if (DIGITS.test(text)) numbers++;
    else if (MOMENT.test(text)) moments++;
    else return TEXT;
  }
  if (numbers && moments) return TEXT;
  return numbers ? NUMBER : moments ? TIME : EMPTY;
}

/** Of a number itself, of a date its seconds since 1970 (UTC where it names no zone); NaN for what is neither. */
export function valuesOf(texts, kind) {
  return Float64Array.from(texts, kind === TIME ? seconds : number);
}

const number = (text) => (text ? +text : NaN);

function seconds(text) {
  const [, date, time = "00:00", zone] = MOMENT.exec(text) ?? [];
  if (!date) return NaN;
  const offset = !zone || zone === "UTC" ? "Z" : zone.length === 3 ? `${zone}:00` : zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  return Date.parse(`${date}T${time}${offset}`) / 1000;
}

export const distinct = (texts) => new Set(texts.filter(Boolean)).size;

/** "hostgalZphot_err" → hostgal, zphot, err. */
const words = (name) => (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? []).map((word) => word.toLowerCase());

const among = (list) => {
  const known = new Set(list.split(" "));
  return (name) => words(name).some((word) => known.has(word));
};

export const isTimelike = (name) => /mjd|^t$/i.test(name) || IS_TIME(name);
const IS_TIME = among("jd time date datetime timestamp night day month year tai utc epoch phase");
export const isId = (name) => /^(id|ids|index|pk|rowid|key)$/.test(words(name).at(-1) ?? "");
export const isError = (name) => /^(err|error|errors|sigma|unc|uncertainty|stddev|std)$/.test(words(name).at(-1) ?? "");
export const isMagnitude = (name) => !isError(name) && among("mag mags magnitude magnitudes")(name);
export const isFlux = (name) => !isError(name) && /flux/i.test(name);
export const isGroup = among("filter band class type kind group category survey label status");
export const isRa = (name) => /^ra(_?deg)?$/i.test(name);
export const isDecl = (name) => /^decl?(_?deg)?$/i.test(name);
const ERRORS = ["Err", "_err", "Error", "_error", "_sigma", "Sigma", "_unc"];

/** The column of a column's errors, as names go. */
export function errorOf(name, names) {
  const wanted = ERRORS.flatMap((word) => [name + word, word.replace("_", "") + "_" + name]).map((one) => one.toLowerCase());
  return names.find((one) => wanted.includes(one.toLowerCase())) ?? "";
}
