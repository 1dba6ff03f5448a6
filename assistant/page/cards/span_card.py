"""The card of a span of candles: a picture of them, which becomes a chart where scripts run.

Its words are those of the answer beside it.
"""

from base64 import b64encode
from datetime import timedelta
from html import escape
from math import ceil

from assistant.page.cards.chart_data import charted
from assistant.page.cards.fan_chart import HEIGHT, WIDTH, Frame, candle_paths
from assistant.page.cards.words import CardSpeech
from assistant.understanding import Language
from forecaster.schema import ForecastWarning
from tools import LONGEST_LOOK_BACK, SpanAnswer, decimals_of

HOUR = timedelta(hours=1)
FINEST = 6  # hours up to which five-minute candles are shown first


def span_card(answer: SpanAnswer, language: Language = Language.ENGLISH, zone: str = "UTC") -> str:
    """One line of HTML, every text in it escaped; nothing for less than two candles."""
    speech = CardSpeech(language, zone)
    span = answer.span
    if len(span.candles) < 2:
        return ""
    made_up = ForecastWarning.DEMO_DATA in span.warnings
    badge = f'<p class="simulated">{escape(speech.simulated)}</p>' if made_up else ""
    when = escape(speech.period(answer.start, answer.end, span.as_of, None))
    parts = (
        badge,
        f'<header><span title="{escape(speech.utc(answer.start))}"><b>{span.symbol}</b> {when}</span></header>',
        charted(_data(answer), _picture(answer, speech)),
        f"<footer><span>{escape(speech.source(span.source))}, {escape(span.quote)}</span></footer>",
    )
    return f'<section class="forecast-card span-card">{"".join(parts)}</section>'.replace("\n", " ")


def _data(answer: SpanAnswer) -> dict[str, object]:
    span, first, end = answer.span, answer.start, answer.end
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


def _picture(answer: SpanAnswer, speech: CardSpeech) -> str:
    """Candles alone, with their prices at the right and the two ends of time below."""
    span, first, end = answer.span, answer.start, answer.end
    margin = 0.05 * (span.high - span.low) or 0.01 * span.high
    frame = Frame(first.timestamp(), end.timestamp(), end.timestamp(), span.low - margin, span.high + margin)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f"{candle_paths(span.candles, frame, 60 * span.step_minutes)}</svg>"
    )
    low, high = (speech.price(price, span.symbol, span.quote) for price in (span.low, span.high))
    told = speech.say("fan.span", n=speech.number(len(span.candles)), coin=span.symbol, low=low, high=high)
    ticks = "".join(
        f'<i style="top:{frame.y(price):.2%}"></i>'
        f'<span style="top:{frame.y(price):.2%}">{speech.number(price, frame.digits)}</span>'
        for price in frame.ticks()
    )
    ends = "<span></span>".join(
        f'<span title="{escape(speech.utc(time))}">{escape(speech.near(time, span.as_of))}</span>'
        for time in (first, end)
    )
    return (
        f'<figure class="fan"><div class="plot"><div class="ticks">{ticks}</div><img alt="{escape(told)}" '
        f'src="data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"/></div>'
        f'<div class="times">{ends}</div></figure>'
    )
