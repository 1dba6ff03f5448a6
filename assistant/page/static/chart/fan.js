// What lightweight-charts does not draw by itself: the fan with its bands, the way to the newest price, "now", and the
// ranges that were forecast before with what came of them. All of it on the one time scale of the candles.
// A point of the fan is [time, 0.025, 0.10, 0.25, median, 0.75, 0.90, 0.975]: Unix seconds and prices.
const BANDS = [[1, 7, 0.18], [2, 6, 0.28], [3, 5, 0.5]]; // both edges and how dense: widest first
const MEDIAN = 4;

// The values of the fan at a time, between its points on the straight lines that are drawn; null outside.
export const valuesAt = (points, time) => {
  const after = points.findIndex((point) => point[0] >= time);
  if (after < 0 || time < points[0][0]) return null;
  if (after === 0) return points[0];
  const [a, b] = [points[after - 1], points[after]];
  const share = (time - a[0]) / (b[0] - a[0]);
  return b.map((value, place) => a[place] + share * (value - a[place]));
};

export class Fan {
  // `scene()` gives {start, step, fan, path, past, now, words, colours}.
  constructor(scene) {
    this.scene = scene;
    const view = (zOrder, draw) => ({
      zOrder: () => zOrder,
      renderer: () => ({
        draw: (target) => target.useMediaCoordinateSpace(({ context, mediaSize }) => draw(context, mediaSize)),
      }),
    });
    this.views = [
      view("bottom", (context) => this.drawFan(context)),
      view("normal", (context, size) => this.drawPast(context, size)),
    ];
  }

  attached({ chart, series, requestUpdate }) {
    Object.assign(this, { chart, series, update: requestUpdate });
  }

  paneViews() {
    return this.views;
  }

  // The price scale holds what of the fan is in view, and a price that was asked about where it is near.
  autoscaleInfo(first, last) {
    const { start, step, fan, near } = this.scene();
    const inside = fan.filter(([time]) => time >= start + (first - 1) * step && time <= start + (last + 1) * step);
    if (!inside.length) return null;
    let low = Math.min(...inside.map((point) => point[1])), high = Math.max(...inside.map((point) => point[7]));
    for (const price of near) {
      const room = high - low;
      if (price > low - room && price < high + room) [low, high] = [Math.min(low, price), Math.max(high, price)];
    }
    return { priceRange: { minValue: low, maxValue: high } };
  }

  // Across, between the middles of candles too, which the library rounds to.
  across() {
    const { start, step } = this.scene(), scale = this.chart.timeScale();
    const zero = scale.logicalToCoordinate(0), width = scale.logicalToCoordinate(1) - zero;
    return (time) => zero + ((time - start) / step) * width;
  }

  drawFan(context) {
    const { fan, colours } = this.scene(), x = this.across(), y = (price) => this.series.priceToCoordinate(price);
    if (fan.length < 2) return;
    context.fillStyle = context.strokeStyle = colours.forecast;
    for (const [low, high, density] of BANDS) {
      context.globalAlpha = density;
      context.beginPath();
      for (const point of fan) context.lineTo(x(point[0]), y(point[high]));
      for (const point of fan.toReversed()) context.lineTo(x(point[0]), y(point[low]));
      context.fill();
    }
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.beginPath();
    for (const point of fan) context.lineTo(x(point[0]), y(point[MEDIAN]));
    context.stroke();
  }

  drawPast(context, { height }) {
    const { past, path, now, words, colours } = this.scene();
    const x = this.across(), y = (price) => this.series.priceToCoordinate(price);
    context.lineWidth = 2;
    context.strokeStyle = colours.happened;
    context.beginPath();
    for (const [time, price] of path) context.lineTo(x(time), y(price));
    context.stroke();
    for (const { time, bands, outcome } of past) {
      const [low, high] = bands["80"].map(y), at = x(time);
      context.globalAlpha = 0.7;
      context.strokeStyle = colours.forecast;
      context.lineWidth = 1.5;
      context.beginPath();
      context.moveTo(at, low);
      context.lineTo(at, high);
      context.stroke();
      context.globalAlpha = 1;
      if (outcome) this.drawOutcome(context, at, y(outcome.actual), outcome.inside["80"]);
    }
    const at = x(now);
    context.strokeStyle = context.fillStyle = colours.text;
    context.lineWidth = 1;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(at, 0);
    context.lineTo(at, height);
    context.stroke();
    context.setLineDash([]);
    context.font = colours.font;
    context.textAlign = "right";
    context.fillText(words.now, at - 5, 12);
  }

  drawOutcome(context, x, y, held) {
    const { colours } = this.scene();
    context.beginPath();
    if (held) {
      context.fillStyle = colours.ink;
      context.arc(x, y, 2.5, 0, 2 * Math.PI);
      context.fill();
      return;
    }
    context.strokeStyle = colours.missed;
    context.lineWidth = 2;
    context.moveTo(x - 4, y - 4);
    context.lineTo(x + 4, y + 4);
    context.moveTo(x + 4, y - 4);
    context.lineTo(x - 4, y + 4);
    context.stroke();
  }
}
