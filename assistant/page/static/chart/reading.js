// The line over the chart: what stands under the pointer, or what is drawn.
import { valuesAt } from "./fan.js";
import { CLOCK, DAY, DAY_AND_CLOCK, moment, words } from "./visitor.js";

const part = (name, text) => Object.assign(document.createElement(name), { textContent: text });

// Parts with a dot between them.
const line = (...parts) => parts.flatMap((each, n) => (n ? [document.createTextNode(" · "), each] : [each]));

const span = (view, time) => {
  if (view.daily) return `${moment(time, DAY, "UTC")} (${words.day})`;
  return `${moment(time, DAY_AND_CLOCK)}–${moment(time + view.seconds, CLOCK)}`;
};

const future = (view, time) => {
  const last = view.fan.at(-1), values = valuesAt(view.fan, Math.min(time, last[0]));
  const write = (price) => view.write(price);
  const [at, a, b, c, median, d, e, f] = values;
  const bands = [["50 %", c, d], ["80 %", b, e], ["95 %", a, f]];
  return line(
    part("b", moment(at, DAY_AND_CLOCK)), part("span", `${words.median} ${write(median)}`),
    ...bands.map(([name, low, high]) => part("span", `${name}: ${write(low)} – ${write(high)}`)),
  );
};

const before = (view, slot) => {
  const found = view.slots.get(slot);
  if (!found) return [];
  const [low, high] = found.bands["80"].map((price) => view.write(price));
  const came = found.outcome ? `: ${found.outcome.inside["80"] ? `● ${words.held}` : `✕ ${words.missed}`}` : "";
  return [part("span", `${words.said} ${low} – ${high}${came}`)];
};

export const reading = (view, slot) => {
  const time = slot === null ? null : view.scene.start + slot * view.seconds;
  const candle = time === null ? null : view.candles.find((each) => each.time === time);
  if (candle) {
    const prices = ["open", "high", "low", "close"].map((name) => part("span", `${words[name]} ${view.write(candle[name])}`));
    return line(part("b", span(view, time)), ...prices, ...before(view, slot));
  }
  if (time !== null && view.fan.length && time >= view.fan[0][0] - view.seconds) {
    return time > view.fan[0][0] ? future(view, time) : line(
      part("b", moment(view.newest[0], DAY_AND_CLOCK)), part("span", `${words.price} ${view.exact(view.newest[1])}`), ...before(view, slot),
    );
  }
  const [at, price] = view.newest;
  const drawn = [part("b", `${moment(at, DAY_AND_CLOCK)}`), part("span", `${words.price} ${view.exact(price)}`)];
  if (view.fan.length) drawn.push(part("span", words.legend));
  if (view.slots.size) drawn.push(part("span", words.graded));
  if (drawn.length < 3) drawn.push(part("span", words.hint));
  return line(...drawn);
};
