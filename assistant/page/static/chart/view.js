// One chart: candles and the fan on one time scale, what to see of them by choice, and what stands under the pointer.
import { colours, onChange, thin } from "./colours.js";
import { LONGEST, STEPS, anomalies, candles, ranges } from "./data.js";
import { Fan } from "./fan.js";
import { Follower } from "./follow.js";
import { reading } from "./reading.js";
import { tables } from "./table.js";
import { CLOCK, DAY, DAY_AND_CLOCK, amount, language, moment, number, offset, percent, words } from "./visitor.js";

const HOUR = 3600, MOST_SLOTS = 1500, COARSE = 20; // a range as wide in prices needs no cents
const SPANS = { // hours, the second of each is the usual one
  "5m": [[6, "hour"], [24, "day"], [48, "day"]],
  "1h": [[48, "day"], [168, "week"], [288, "day"]],
  "1d": [[720, "month"], [2160, "month"], [6480, "month"]],
};
const UNITS = { hour: 1, day: 24, week: 168, month: 720 };
const NAMES = { "5m": [5, "minute"], "1h": [1, "hour"], "1d": [1, "day"] };

const element = (name, className, text = "") =>
  Object.assign(document.createElement(name), { className, textContent: text });

export class View {
  constructor(charts, card) {
    Object.assign(this, { charts, card, candles: [], past: [], odd: [], path: [] });
    this.asked = JSON.parse(card.querySelector(":scope > [content]").getAttribute("content"));
    const { horizons = [], price } = this.asked;
    this.fan = horizons.length ? [[price[0], ...Array(7).fill(price[1])], ...horizons] : [];
    this.now = price[0];
    this.step = this.asked.step ?? "1h";
    this.hours = this.asked.hours ?? SPANS[this.step][0][0];
    this.exact = number(this.asked.digits);
    this.round = number(this.asked.digits > 2 ? this.asked.digits : 0);
  }

  // Raises where there are no candles to show; the picture stays then.
  async open() {
    const picture = this.card.querySelector(".fan");
    this.candles = await candles(this.asked.symbol, this.step, this.hours);
    if (!this.candles.length || !this.card.isConnected) throw new Error("there is nothing to show");
    this.build(picture);
    this.endTheme = onChange(() => this.paint());
    this.follower = new Follower(this);
    this.draw();
    await this.loadRest();
  }

  build(picture) {
    this.frame = element("div", "live-chart");
    this.frame.style.height = `${Math.max(picture.offsetHeight, 240)}px`;
    this.plot = element("div", "plot-area");
    this.read = element("div", "reading");
    this.controls = element("div", "controls");
    this.frame.append(this.controls, this.read, this.plot);
    this.table = element("details", "live-table");
    this.rows = Object.assign(element("div", ""), { tabIndex: 0 });
    this.rows.setAttribute("role", "region");
    this.rows.setAttribute("aria-label", words.table);
    this.table.append(element("summary", "", words.table), this.rows);
    this.table.addEventListener("toggle", () => this.tabulate());
    this.card.append(this.frame, this.table);
    this.card.classList.add("live");
    this.plot.setAttribute("role", "group");
    this.plot.setAttribute("aria-label", picture.querySelector("img")?.alt ?? "");
    this.chart = this.charts.createChart(this.plot, this.options());
    this.series = this.chart.addSeries(this.charts.CandlestickSeries, {
      borderVisible: false, priceLineVisible: false, lastValueVisible: false,
      priceFormat: { type: "custom", formatter: (price) => this.write(price), minMove: 10 ** -this.asked.digits },
    });
    this.overlay = new Fan(() => this.scene);
    this.marks = this.charts.createSeriesMarkers(this.series, []);
    this.last = this.series.createPriceLine({ price: this.asked.price[1], lineVisible: false, title: "" });
    this.thresholds = (this.asked.thresholds ?? []).map((price) =>
      this.series.createPriceLine({ price, title: words.asked, lineStyle: 1, lineWidth: 2 }));
    for (const layout of this.plot.querySelectorAll("table")) layout.setAttribute("role", "presentation");
    this.chart.subscribeCrosshairMove((pointer) => this.tell(pointer));
    this.chart.subscribeClick((pointer) => this.hold(pointer));
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(this.plot);
    this.choose();
  }

  options() {
    return {
      autoSize: true,
      layout: { attributionLogo: true, fontSize: 12, fontFamily: getComputedStyle(this.card).fontFamily },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.09, bottom: 0.07 } },
      timeScale: {
        borderVisible: false, timeVisible: true, secondsVisible: false, minBarSpacing: 0.2,
        tickMarkFormatter: (time, kind) => this.mark(time - this.shift, kind),
      },
      crosshair: { mode: this.charts.CrosshairMode.Normal },
      localization: { locale: language, timeFormatter: (time) => this.when(time - this.shift) },
      handleScroll: { mouseWheel: false, vertTouchDrag: false }, // the wheel and the finger move the conversation
      handleScale: { mouseWheel: false, axisPressedMouseMove: { price: false, time: true } },
    };
  }

  get seconds() {
    return STEPS[this.step];
  }

  get daily() {
    return this.step === "1d";
  }

  when(time) {
    return this.daily && time <= this.candles.at(-1).time ? moment(time, DAY, "UTC") : moment(time, DAY_AND_CLOCK);
  }

  mark(time, kind) { // 0 a year, 1 a month, 2 a day, else a time of day
    const zone = this.daily ? "UTC" : undefined;
    return moment(time, [{ year: "numeric" }, { month: "short" }, DAY][kind] ?? CLOCK, zone);
  }

  write(price) {
    return (this.coarse ? this.round : this.exact)(price);
  }

  // Everything anew: after another step or span, or another candle.
  draw(keep = false) {
    const start = this.candles[0].time, newest = this.candles.at(-1);
    const end = Math.max(newest.time, this.fan.at(-1)?.[0] ?? 0, this.now);
    const slots = Math.min(Math.ceil((end - start) / this.seconds) + 1, MOST_SLOTS);
    this.count = slots;
    this.shift = this.daily ? 0 : offset(this.now);
    const found = new Map(this.candles.map((each) => [each.time, each]));
    const rows = Array.from({ length: slots }, (_, slot) => {
      const time = start + slot * this.seconds;
      const { open, high, low, close } = found.get(time) ?? {};
      return { time: time + this.shift, ...(close && { open, high, low, close }) };
    });
    const prices = this.candles.flatMap(({ low, high }) => [low, high]).concat(this.fan.flatMap((point) => point.slice(1)));
    this.coarse = Math.max(...prices) - Math.min(...prices) >= COARSE;
    this.series.setData(rows);
    this.arrange();
    if (!this.primitive) {
      this.primitive = true;
      this.series.attachPrimitive(this.overlay);
    }
    this.paint();
    if (!keep) this.fit();
    this.tell();
    this.tabulate();
  }

  // All of it in view, or the span that was asked about.
  fit() {
    const { from, to } = this.asked;
    if (!from || this.hours !== this.asked.hours) {
      this.chart.timeScale().setVisibleLogicalRange({ from: -0.03 * this.count - 0.5, to: this.count - 0.5 });
      return;
    }
    const at = (time) => (time - this.candles[0].time) / this.seconds;
    this.chart.timeScale().setVisibleLogicalRange({ from: at(from) - 1, to: at(to) + 1 });
  }

  // What lies over the candles.
  arrange() {
    const newest = this.candles.at(-1), closed = newest.time + this.seconds, [time, price] = this.asked.price;
    const known = [[closed, newest.close], [time, price], ...this.path].filter(([at]) => at >= closed);
    if (known.length > 1) known.sort(([a], [b]) => a - b);
    this.newest = known.at(-1) ?? [closed, newest.close];
    this.now = this.newest[0];
    const slots = new Map(); // one range a slot, of which one that was missed is shown first
    for (const each of this.past) {
      const slot = Math.round((each.time - this.candles[0].time) / this.seconds), other = slots.get(slot);
      if (slot >= 0 && (!other || (other.outcome?.inside["80"] ?? true))) slots.set(slot, each);
    }
    this.slots = slots;
    this.scene = {
      start: this.candles[0].time, step: this.seconds, fan: this.fan, path: known, past: [...slots.values()],
      now: this.now, words, colours: this.palette ?? colours(this.card), near: this.asked.thresholds ?? [],
    };
    this.last.applyOptions({ price: this.newest[1] });
    this.overlay.update?.();
  }

  paint() {
    this.palette = colours(this.card);
    const { text, line, panel, happened, forecast, ink } = this.palette;
    this.scene.colours = this.palette;
    this.chart.applyOptions({
      layout: { background: { type: "solid", color: panel }, textColor: text },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      crosshair: { vertLine: { color: text, labelBackgroundColor: ink }, horzLine: { color: text, labelBackgroundColor: ink } },
    });
    const pale = thin(happened, 0.45);
    this.series.applyOptions({ upColor: happened, downColor: pale, wickUpColor: happened, wickDownColor: pale });
    this.last.applyOptions({ color: happened, axisLabelColor: happened, axisLabelTextColor: panel });
    for (const each of this.thresholds) each.applyOptions({ color: forecast, axisLabelColor: forecast, axisLabelTextColor: panel });
    this.flag();
    this.overlay.update?.();
  }

  flag() {
    const first = this.candles[0].time, newest = this.candles.at(-1).time;
    const times = new Set(this.candles.map(({ time }) => time));
    this.marks.setMarkers(this.odd.flatMap(({ time, move }) => {
      const slot = first + Math.floor((time - 1 - first) / this.seconds) * this.seconds;
      return slot > newest || !times.has(slot) ? [] : [{
        time: slot + this.shift, position: move < 0 ? "belowBar" : "aboveBar", shape: move < 0 ? "arrowUp" : "arrowDown",
        color: this.palette.missed, text: percent(move),
      }];
    }));
  }

  async loadRest() {
    const asked = `${this.step} ${this.hours}`;
    const [past, odd] = await Promise.all([
      ranges(this.asked.symbol, this.step, this.candles[0].time, this.asked.source),
      anomalies(this.asked.symbol, this.hours),
    ]);
    if (asked !== `${this.step} ${this.hours}` || !this.chart) return;
    this.past = past.filter(({ outcome }) => outcome);
    this.odd = odd;
    this.arrange();
    this.flag();
    this.tell();
  }

  // Another step or span; what is shown stays where that cannot be had.
  async change(step, hours) {
    const before = [this.step, this.hours];
    [this.step, this.hours] = [step, Math.min(hours, LONGEST[step])];
    this.choose();
    const asked = `${this.step} ${this.hours}`;
    try {
      const found = await candles(this.asked.symbol, this.step, this.hours);
      if (asked !== `${this.step} ${this.hours}` || !this.chart || !found.length) return;
      Object.assign(this, { candles: found, past: [], odd: [] });
      this.draw();
      await this.loadRest();
    } catch {
      if (asked === `${this.step} ${this.hours}`) [this.step, this.hours] = before;
      this.choose();
    }
  }

  choose() {
    const button = (text, title, pressed, press) => {
      const made = Object.assign(element("button", "", text), { type: "button", title });
      made.setAttribute("aria-pressed", String(pressed));
      made.addEventListener("click", press);
      return made;
    };
    const group = (name, buttons) => {
      const made = element("div", "");
      made.setAttribute("role", "group");
      made.setAttribute("aria-label", name);
      made.append(...buttons);
      return made;
    };
    const focused = [...this.controls.querySelectorAll("button")].indexOf(document.activeElement);
    this.controls.replaceChildren(
      group(words.candles, Object.entries(NAMES).map(([step, named]) =>
        button(amount(...named), words.candles, step === this.step, () => this.change(step, SPANS[step][1][0])))),
      group(words.span, SPANS[this.step].map(([hours, unit]) =>
        button(amount(hours / UNITS[unit], unit), words.span, hours === this.hours, () => this.change(this.step, hours)))),
    );
    this.controls.querySelectorAll("button")[focused]?.focus();
  }

  // What stands under the pointer, or where there is none, what is drawn.
  tell(pointer) {
    const slot = pointer?.point && pointer.logical !== undefined ? Math.round(pointer.logical) : null;
    this.read.replaceChildren(...reading(this, slot));
  }

  // A tap leaves the crosshair where it was made.
  hold({ point, logical }) {
    if (!point || logical === undefined) return;
    const slot = Math.round(logical), time = this.scene.start + slot * this.seconds + this.shift;
    this.chart.setCrosshairPosition(this.series.coordinateToPrice(point.y), time, this.series);
    this.tell({ point, logical });
  }

  tabulate() {
    if (!this.table.open) return;
    const { candles, seconds } = this;
    this.rows.replaceChildren(...tables({ fan: this.fan.slice(1), candles, step: seconds, write: (price) => this.write(price) }));
  }

  dispose() {
    this.follower?.end();
    this.endTheme?.();
    this.resized?.disconnect();
    this.chart?.remove();
    this.chart = null;
    this.frame?.remove();
    this.table?.remove();
    this.card.classList.remove("live");
  }
}
