// The same as the chart in a table, for the keyboard and for those who do not see it.
import { DAY, DAY_AND_CLOCK, moment, words } from "./visitor.js";

const MOST = 24; // newest candles

const made = (name, text, attributes = {}) => {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

const table = (columns, rows) => {
  const whole = document.createElement("table"), head = document.createElement("tr");
  head.append(...columns.map((column) => made("th", column, { scope: "col" })));
  whole.createTHead().append(head);
  const body = whole.createTBody();
  for (const [first, ...rest] of rows) {
    const row = body.insertRow();
    row.append(made("th", first, { scope: "row" }), ...rest.map((cell) => made("td", cell)));
  }
  return whole;
};

// `fan` without its first point, which is the newest price; `write` writes a price.
export const tables = ({ fan, candles, step, write }) => {
  const [parts, zone] = step === 86400 ? [DAY, "UTC"] : [DAY_AND_CLOCK];
  const at = (time) => moment(time, parts, zone), between = (low, high) => `${write(low)} – ${write(high)}`;
  const future = fan.map(([time, a, b, c, median, d, e, f]) =>
    [moment(time, DAY_AND_CLOCK), write(median), between(c, d), between(b, e), between(a, f)]);
  const past = candles.slice(-MOST).reverse().map(({ time, open, high, low, close }) =>
    [at(time), ...[open, high, low, close].map(write)]);
  const found = [];
  if (future.length) found.push(table([words.time, words.median, "50 %", "80 %", "95 %"], future));
  found.push(table([words.time, words.open, words.high, words.low, words.close], past));
  return found;
};
