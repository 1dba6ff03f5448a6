"""The picture under a forecast: recent candles, the newest price, the fan of what may follow. Cyan happened, orange is
forecast.

Lines are drawn in an SVG that stretches to any width; labels are HTML around it, so that they stay readable
on a phone. The SVG travels as an image, because the chat's sanitizer keeps images and strips ``viewBox``. It
would strip the script of a chart library too.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor

from assistant.page.cards.figures import Figures
from assistant.page.cards.words import CardSpeech
from assistant.page.charts import decimals, round_step
from forecaster.schema import HOUR, Candle, Forecast, Horizon

WIDTH, HEIGHT = 1000, 400  # user units; the page stretches them
WIDE = 20  # a range at least this wide needs no cents
FUTURE_SHARE = 0.22  # of the width at least: one hour among 48 would be too thin to read
BANDS = (("0.025", "0.975", 0.18), ("0.10", "0.90", 0.28), ("0.25", "0.75", 0.5))  # low, high, opacity
HAPPENED, FORECAST = "#0e9fb8", "#f28c28"


@dataclass(frozen=True, slots=True)
class Frame:
    """Where times and prices land in the picture."""

    start: float  # Unix seconds of the left edge
    now: float  # of the newest price
    end: float  # the farthest horizon
    low: float  # price of the lower edge
    high: float  # price of the upper edge

    @classmethod
    def around(cls, candles: Sequence[Candle], forecast: Forecast) -> "Frame":
        """A frame that shows every candle and every 95 % band."""
        now = forecast.price_time.timestamp()
        prices = [
            forecast.last_close,
            forecast.last_price,
            *(candle.low for candle in candles),
            *(candle.high for candle in candles),
        ]
        for horizon in forecast.horizons:
            prices += (horizon.quantiles["0.025"], horizon.quantiles["0.975"])
        low, high = min(prices), max(prices)
        margin = 0.05 * (high - low) or 0.01 * high
        start, end = candles[0].open_time.timestamp(), forecast.horizons[-1].target_time.timestamp()
        return cls(start, now, end, low - margin, high + margin)

    @property
    def divide(self) -> float:
        """The share of the width that is past: all of it without a future. Both keep a time scale each."""
        if self.end <= self.now:
            return 1.0
        return 1 - max(FUTURE_SHARE, (self.end - self.now) / (self.end - self.start))

    def x(self, time: float) -> float:
        """The share of the width, 0 at the left, for a time in Unix seconds."""
        if time <= self.now:
            return self.divide * (time - self.start) / (self.now - self.start)
        return self.divide + (1 - self.divide) * (time - self.now) / (self.end - self.now)

    def y(self, price: float) -> float:
        """The share of the height, 0 at the top, for a price."""
        return (self.high - price) / (self.high - self.low)

    @property
    def digits(self) -> int:
        """Decimals of the prices at the axis: as many as tell them apart, and cents where these matter."""
        return 0 if self.high - self.low >= WIDE else max(2, decimals(self._step))

    @property
    def _step(self) -> float:
        return round_step((self.high - self.low) / 6.5)

    def ticks(self) -> list[float]:
        """Three to six round prices inside the frame."""
        step = self._step
        first = floor(self.low / step) + 1
        return [n * step for n in range(first, floor(self.high / step) + 1)]


def fan_chart(candles: Sequence[Candle], forecast: Forecast, speech: CardSpeech) -> str:
    """A figure as HTML on one line. Needs at least one candle, the newest of which closes at ``as_of`` or before it."""
    frame = Frame.around(candles, forecast)
    image = b64encode(svg(candles, forecast, frame).encode()).decode()
    digits = frame.digits
    ticks = "".join(
        f'<i style="top:{top:.2%}"></i><span style="top:{top:.2%}">{speech.number(price, digits)}</span>'
        for top, price in ((frame.y(price), price) for price in frame.ticks())
    )
    return (
        f'<figure class="fan"><div class="plot"><div class="ticks">{ticks}</div>'
        f'<img alt="{description(candles, forecast, speech)}" src="data:image/svg+xml;base64,{image}"/>'
        f'<u style="left:{frame.divide:.2%}"></u></div>{_times(candles[0], forecast, frame, speech)}'
        f"<figcaption>{escape(_legend(speech))}</figcaption></figure>"
    )


def svg(candles: Sequence[Candle], forecast: Forecast, frame: Frame) -> str:
    """The lines alone, without text."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f"{candle_paths(candles, frame)}{_since(candles[-1], forecast, frame)}{_fan(forecast, frame)}</svg>"
    )


def description(candles: Sequence[Candle], forecast: Forecast, speech: CardSpeech) -> str:
    """What the picture shows, for those who do not see it: escaped, its prices as the card tells them."""
    figures = Figures(speech, forecast, forecast.horizons[-1])
    ends = min(candle.low for candle in candles), max(candle.high for candle in candles)
    low, high = (escape(speech.price(end, forecast.symbol, forecast.quote)) for end in ends)
    past = speech.say(
        "fan.past",
        n=speech.number(len(candles)),
        coin=forecast.symbol,
        low=low,
        high=high,
        price=figures.last,
        time=speech.near(forecast.price_time, forecast.as_of),
    )
    bands = speech.comma([figures.spoken(band) for band in ("80", "95")])
    target = speech.near(forecast.horizons[-1].target_time, forecast.as_of)
    return "; ".join((past, speech.say("fan.ahead", time=target, bands=bands)))


def _legend(speech: CardSpeech) -> str:
    narrow, usual, wide = (speech.percent(each, 0) for each in (50, 80, 95))
    return speech.say("fan.legend", narrow=narrow, usual=usual, wide=wide)


def candle_paths(candles: Sequence[Candle], frame: Frame, step: float = HOUR) -> str:
    """Wicks, rising bodies (solid) and falling bodies (pale) of candles of `step` seconds: one path each."""
    wicks: list[str] = []
    rising: list[str] = []
    falling: list[str] = []
    half = 0.32 * (frame.x(frame.start + step) - frame.x(frame.start)) * WIDTH
    for candle in candles:
        middle = frame.x(candle.open_time.timestamp() + step / 2) * WIDTH
        top, bottom = _y(frame, max(candle.open, candle.close)), _y(frame, min(candle.open, candle.close))
        wicks.append(f"M{middle:.1f} {_y(frame, candle.high):.1f}V{top:.1f}M{middle:.1f} {bottom:.1f}")
        wicks.append(f"V{_y(frame, candle.low):.1f}")
        body = f"M{middle - half:.1f} {top:.1f}h{2 * half:.1f}v{max(bottom - top, 1.5):.1f}h{-2 * half:.1f}z"
        (rising if candle.close >= candle.open else falling).append(body)
    stroke = f'fill="none" stroke="{HAPPENED}" vector-effect="non-scaling-stroke" opacity=".6"'
    return (
        f'<path {stroke} d="{"".join(wicks)}"/><path fill="{HAPPENED}" d="{"".join(rising)}"/>'
        f'<path fill="{HAPPENED}" opacity=".45" d="{"".join(falling)}"/>'
    )


def _since(newest: Candle, forecast: Forecast, frame: Frame) -> str:
    """The way from the newest candle's close to the newest price, where there is any."""
    closed = newest.open_time.timestamp() + HOUR
    if closed >= frame.now:
        return ""
    known = (
        (closed, newest.close),
        (forecast.as_of.timestamp(), forecast.last_close),
        (frame.now, forecast.last_price),
    )
    line = _points([(frame.x(time) * WIDTH, _y(frame, price)) for time, price in known])
    return f'<path fill="none" stroke="{HAPPENED}" stroke-width="2" vector-effect="non-scaling-stroke" d="M{line}"/>'


def _fan(forecast: Forecast, frame: Frame) -> str:
    """The bands, widest first, and the median: from the newest price outwards."""
    start = (frame.x(frame.now) * WIDTH, _y(frame, forecast.last_price))
    drawn = []
    for low, high, opacity in BANDS:
        upper = [start, *(_point(frame, horizon, horizon.quantiles[high]) for horizon in forecast.horizons)]
        lower = [_point(frame, horizon, horizon.quantiles[low]) for horizon in reversed(forecast.horizons)]
        drawn.append(f'<polygon fill="{FORECAST}" opacity="{opacity}" points="{_points([*upper, *lower])}"/>')
    median = [start, *(_point(frame, horizon, horizon.median) for horizon in forecast.horizons)]
    drawn.append(
        f'<polyline fill="none" stroke="{FORECAST}" stroke-width="2" vector-effect="non-scaling-stroke" '
        f'points="{_points(median)}"/>'
    )
    return "".join(drawn)


def _times(first: Candle, forecast: Forecast, frame: Frame, speech: CardSpeech) -> str:
    """The three times that matter, under the picture: where it starts, the newest price, the horizon."""
    target = forecast.horizons[-1].target_time
    return (
        f'<div class="times"><span title="{escape(speech.utc(first.open_time))}">'
        f"{escape(speech.near(first.open_time, forecast.as_of))}</span>"
        f'<span style="left:{frame.divide:.2%}" title="{escape(speech.utc(forecast.price_time))}">'
        f"{speech.clock(forecast.price_time)}</span>"
        f'<span title="{escape(speech.utc(target))}">{speech.clock(target)}</span></div>'
    )


def _point(frame: Frame, horizon: Horizon, price: float) -> tuple[float, float]:
    return frame.x(horizon.target_time.timestamp()) * WIDTH, _y(frame, price)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _y(frame: Frame, price: float) -> float:
    return frame.y(price) * HEIGHT
