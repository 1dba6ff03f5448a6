// How the visitor writes times and numbers: by the zone and the language in the page's address.
import { WORDS } from "./words.js";

const asked = new URLSearchParams(location.search);
const known = (zone) => {
  try {
    return zone && new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return ""; // no zone that this browser knows
  }
};

export const language = WORDS[asked.get("lang")] ? asked.get("lang") : "en";
export const words = WORDS[language];
export const zone = known(asked.get("timezone")) || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

export const number = (digits) => {
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value) => format.format(value);
};

export const percent = (() => {
  const format = new Intl.NumberFormat(language, { maximumFractionDigits: 1, signDisplay: "exceptZero" });
  return (value) => `${format.format(value)}\u00a0%`;
})();

export const amount = (count, unit) =>
  new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(count);

const writers = new Map();
// A time in Unix seconds in the visitor's zone, or of a day of UTC.
export const moment = (seconds, parts, timeZone = zone) => {
  const key = JSON.stringify([parts, timeZone]);
  if (!writers.has(key)) {
    writers.set(key, new Intl.DateTimeFormat(language, { ...parts, hourCycle: "h23", timeZone }));
  }
  return writers.get(key).format(seconds * 1000);
};

export const CLOCK = { hour: "2-digit", minute: "2-digit" };
export const DAY = { day: "numeric", month: "short" };
export const DAY_AND_CLOCK = { ...DAY, ...CLOCK };

// Seconds by which the visitor's clock is ahead of UTC at a moment.
export const offset = (seconds) => {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric",
  }).formatToParts(seconds * 1000);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second) / 1000 - Math.floor(seconds);
};
