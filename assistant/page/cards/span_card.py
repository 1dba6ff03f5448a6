"""The card of a span of candles: a picture of them, which becomes a chart where scripts run.

Its words are those of the answer beside it.
"""

from base64 import b64encode
from datetime import timedelta
from html import escape
from math import ceil

from assistant.page.cards.chart_data import charted
from assistant.page.cards.fan_chart import HEIGHT, WIDTH, Frame, candle_paths
from assistant.replies import SIMULATED, clock, day, money, source_name
from forecaster.schema import CandleSpan, ForecastWarning
from tools import LONGEST_LOOK_BACK, SpanAnswer, decimals_of

HOUR = timedelta(hours=1)
FINEST = 6  # hours up to which five-minute candles are shown first


def span_card(answer: CandleSpan | SpanAnswer) -> str:
    """One line of HTML, every text in it escaped; nothing for a span of less than two candles."""
    span = answer.span if isinstance(answer, SpanAnswer) else answer
    if len(span.candles) < 2:
        return ""
    badge = f'<p class="simulated">{SIMULATED}</p>' if ForecastWarning.DEMO_DATA in span.warnings else ""
    first, end = span.candles[0].open_time, span.candles[-1].open_time + HOUR
    when = f"{day(first)} {clock(first)} to {day(end)} {clock(end)} UTC"
    parts = (
        badge,
        f"<header><span><b>{span.symbol}</b> {when}</span></header>",
        charted(_data(span), _picture(span)),
        f"<footer><span>{escape(source_name(span.source))}, {escape(span.quote)}</span></footer>",
    )
    return f'<section class="forecast-card span-card">{"".join(parts)}</section>'.replace("\n", " ")


def _data(span: CandleSpan) -> dict[str, object]:
    first, end = span.candles[0].open_time, span.candles[-1].open_time + HOUR
    now = span.as_of
    back = ceil((now - first) / HOUR)
    digits = decimals_of(span.symbol, span.last_close)
    data: dict[str, object] = {
        "symbol": span.symbol,
        "source": span.source,
        "digits": digits,
        "price": [int(end.timestamp()), round(span.last_close, digits)],
        "step": "5m" if back <= FINEST else "1h",
        "hours": min(max(back, 1), LONGEST_LOOK_BACK),
    }
    if end < now:
        data |= {"from": int(first.timestamp()), "to": int(end.timestamp())}
    return data


def _picture(span: CandleSpan) -> str:
    """Candles alone, with their prices at the right and the two ends of time below."""
    first, end = span.candles[0].open_time, span.candles[-1].open_time + HOUR
    margin = 0.05 * (span.high - span.low) or 0.01 * span.high
    frame = Frame(first.timestamp(), end.timestamp(), end.timestamp(), span.low - margin, span.high + margin)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f"{candle_paths(span.candles, frame)}</svg>"
    )
    low, high = (money(price, span.quote, decimals_of(span.symbol, price)) for price in (span.low, span.high))
    told = f"{len(span.candles)} hourly candles of {span.symbol} between {low} and {high}."
    ticks = "".join(
        f'<i style="top:{frame.y(price):.2%}"></i>'
        f'<span style="top:{frame.y(price):.2%}">{price:,.{frame.digits}f}</span>'
        for price in frame.ticks()
    )
    return (
        f'<figure class="fan"><div class="plot"><div class="ticks">{ticks}</div><img alt="{escape(told)}" '
        f'src="data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"/></div><div class="times">'
        f"<span>{day(first)} {clock(first)} UTC</span><span></span><span>{day(end)} {clock(end)}</span></div></figure>"
    )
