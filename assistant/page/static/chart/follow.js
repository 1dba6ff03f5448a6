// What happens while the chart is shown: prices, candles, forecasts and outcomes, as static/live.js tells them.
import { STEPS, candle, candles, seconds } from "./data.js";

const KEPT = 240, PAUSE = 10; // newest prices on the way from the last candle, and seconds between two of them
const MOST_CANDLES = 1000, MOST_PAST = 200;

const simulated = ({ source }) => source === "demo";

export class Follower {
  constructor(view) {
    this.view = view;
    this.heard = Object.entries({
      quote: this.quote, candle: this.candle, forecast: this.forecast, settled: this.outcome, outcome: this.outcome,
    }).map(([name, hear]) => [`cryptosense:${name}`, ({ detail }) => {
      if (!view.card.isConnected) this.end();
      else if (detail?.symbol === view.asked.symbol && simulated(detail) === simulated(view.asked)) hear.call(this, detail);
    }]);
    for (const [name, hear] of this.heard) document.addEventListener(name, hear);
  }

  end() {
    for (const [name, hear] of this.heard) document.removeEventListener(name, hear);
    this.heard = [];
  }

  quote({ price, time }) {
    const { view } = this, at = seconds(time), last = view.path.at(-1), before = view.path.at(-2);
    if (!(price > 0) || !(at >= view.now)) return; // of before what is shown
    if (last && before && last[0] - before[0] < PAUSE) view.path.pop();
    view.path.push([at, price]);
    view.path.splice(0, view.path.length - KEPT);
    if (at > view.scene.start + (view.count - 1) * view.seconds) view.draw(true);
    else view.arrange();
    view.tell();
  }

  async candle(told) {
    const { view } = this, found = candle(told), newest = view.candles.at(-1);
    if (told.step_minutes * 60 !== STEPS["5m"]) return;
    const closed = found.time + STEPS["5m"];
    view.path = view.path.filter(([at]) => at >= closed);
    if (view.step === "5m") {
      if (found.time <= newest.time) return;
      view.candles.push(found);
      view.candles.splice(0, view.candles.length - MOST_CANDLES);
    } else {
      if (closed % view.seconds || closed <= newest.time + view.seconds) return;
      try {
        view.candles = await candles(view.asked.symbol, view.step, view.hours);
      } catch {
        return; // the next one tells
      }
      if (!view.chart) return;
    }
    view.draw(true);
  }

  forecast({ id, horizon }) {
    const { view } = this, edge = (low, high) => [horizon.quantiles[low], horizon.quantiles[high]];
    if (view.past.some((each) => each.id === id)) return;
    view.past.push({
      id, time: seconds(horizon.target_time), minutes: horizon.minutes, median: horizon.median, outcome: null,
      bands: { 50: edge("0.25", "0.75"), 80: edge("0.10", "0.90"), 95: edge("0.025", "0.975") },
    });
    view.past.splice(0, view.past.length - MOST_PAST);
    view.arrange();
  }

  outcome({ id, outcomes }) {
    const { view } = this, told = view.past.find((each) => each.id === id);
    const came = told && outcomes?.find((each) => seconds(each.target_time) === told.time);
    if (!came) return;
    told.outcome = { actual: came.actual, inside: came.inside };
    view.arrange();
  }
}
