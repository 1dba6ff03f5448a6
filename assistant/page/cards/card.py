"""The forecast card as HTML: the range first, the same range as a bar, four honest facts, the picture, the sources.

Pure functions from a ForecastAnswer to one line of HTML, every text in it escaped. Accessible names are
given by ``title``, ``alt`` and hidden text, because the chat's sanitizer strips ``aria-*``.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from html import escape

from assistant.page.cards.chart_data import with_chart
from assistant.page.cards.fan_chart import fan_chart
from assistant.replies import (
    NBSP,
    SIMULATED,
    WARNINGS,
    ago,
    ahead,
    asked_price,
    chance,
    clock,
    day,
    money,
    odds,
    percent,
    record,
    source_name,
    whose,
)
from forecaster.schema import Forecast, ForecastWarning, Horizon
from tools import ForecastAnswer, decimals_of, minute

COARSE = 20  # a band at least this wide needs no cents
NOTED = {ForecastWarning.HOURLY, ForecastWarning.STALE_QUOTE, ForecastWarning.SOURCES_DISAGREE}  # never without a note
BANDS = (("95", "0.025", "0.975"), ("80", "0.10", "0.90"), ("50", "0.25", "0.75"))  # widest first: painted over


def forecast_card(answer: ForecastAnswer) -> str:
    """The card for the farthest horizon of a forecast, with a picture where there are candles to show."""
    forecast = answer.forecast
    horizon = forecast.horizons[-1]
    parts = (
        _badge(forecast),
        _heading(forecast, horizon),
        _range(forecast, horizon),
        _bar(answer, horizon),
        _facts(answer, horizon),
        with_chart(answer, fan_chart(answer.recent, forecast) if answer.recent else ""),
        _cautions(forecast),
        _sources(forecast),
        _told(forecast, horizon),
    )
    # a blank line would end the HTML block in the page's markdown
    return f'<section class="forecast-card">{"".join(parts)}</section>'.replace("\n", " ")


def _badge(forecast: Forecast) -> str:
    simulated = ForecastWarning.DEMO_DATA in forecast.warnings
    return f'<p class="simulated">{SIMULATED}</p>' if simulated else ""


def _heading(forecast: Forecast, horizon: Horizon) -> str:
    """How far ahead and when that is, and which moment the forecast starts at."""
    target = _near(horizon.target_time, forecast.as_of)
    when = f"in {ahead(horizon.minutes)} ({target})"
    if ForecastWarning.HOURLY in forecast.warnings:  # its minutes count from the last full hour
        when = f"at {target}"
    begins = f"from {clock(forecast.price_time)} UTC"  # the sources tell the day
    return f"<header><span><b>{forecast.symbol}</b> {when}</span><span>{begins}</span></header>"


def _near(time: datetime, beside: datetime) -> str:
    """A time in UTC, with its day where that is another."""
    return f"{clock(time)} UTC" if day(time) == day(beside) else f"{day(time)} {clock(time)} UTC"


def _range(forecast: Forecast, horizon: Horizon) -> str:
    low, high = _ends(forecast, horizon, "0.10", "0.90")
    held = odds(forecast.coverage.get("80"))
    return f'<p class="range"><b>{low}</b> <em>to</em> <b>{high}</b> <small>{held}</small></p>'


def _bar(answer: ForecastAnswer, horizon: Horizon) -> str:
    """The 95, 80 and 50 % bands over one another, the price they start from, and the one that was asked about."""
    forecast, threshold = answer.forecast, answer.threshold
    quantiles, last = horizon.quantiles, forecast.last_price
    left, right = min(quantiles["0.025"], last), max(quantiles["0.975"], last)
    width = right - left or 1.0

    def share(price: float) -> str:
        return f"{(price - left) / width:.1%}"

    drawn = "".join(
        f'<i class="b{band}" style="left:{share(quantiles[low])};'
        f'width:{(quantiles[high] - quantiles[low]) / width:.1%}"></i>'
        for band, low, high in BANDS
    )
    spoken = "; ".join(
        f"{band}{NBSP}% between {' and '.join(_ends(forecast, horizon, low, high))}" for band, low, high in BANDS
    )
    asked_for = "" if threshold is None else f"; asked about {escape(asked_price(threshold, forecast.quote))}"
    name = "last close" if forecast.price_time == forecast.as_of else "last price"
    starts = f"{name} {escape(money(last, forecast.quote, decimals_of(forecast.symbol, last)))}"
    at = share(last)
    asked = "" if threshold is None or not left <= threshold <= right else f'<s style="left:{share(threshold)}"></s>'
    widest = " to ".join(_ends(forecast, horizon, "0.025", "0.975"))
    return (
        f'<div class="mark"><span style="left:{at};transform:translateX(-{at})">{starts}</span></div>'
        f'<div class="bar" role="img" title="{spoken}; {starts}{asked_for}">{drawn}'
        f'<u style="left:{at}"></u>{asked}</div>'
        f'<div class="scale"><span>95{NBSP}%: {widest}</span>'
        f"<span>median {_money(horizon.median, forecast, horizon)}</span></div>"
    )


def _facts(answer: ForecastAnswer, horizon: Horizon) -> str:
    forecast = answer.forecast
    skill, held = forecast.skill, forecast.coverage.get("80")
    better = percent(100 * skill.value, 0 if abs(skill.value) >= 1 else 1, sign=True)
    facts = (
        *_above(answer, horizon),
        ("chance of going up", chance(horizon.probability_up)),
        ("typical move", f"±{percent(horizon.expected_move_pct, 2)}"),
        ("against “no change”", f"{better} <small>{skill.n:,}{NBSP}h</small>"),
        (f"80{NBSP}% bands held", "unknown" if held is None else percent(100 * held)),
    )
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    return f"<dl>{rows}</dl>"


def _above(answer: ForecastAnswer, horizon: Horizon) -> Iterator[tuple[str, str]]:
    """The chance that was asked about."""
    if answer.threshold is not None and horizon.probability_above is not None:
        price = escape(asked_price(answer.threshold, answer.forecast.quote))
        yield f"chance of closing above {price}", _at_most_known(horizon, horizon.probability_above)


def _at_most_known(horizon: Horizon, probability: float) -> str:
    """A chance; beyond the outermost quantiles, no more is known than that it is smaller or larger."""
    lowest, highest = (end(map(float, horizon.quantiles)) for end in (min, max))
    if probability <= lowest:
        return f"under {percent(100 * lowest)}"
    return f"over {percent(100 * highest)}" if probability >= highest else chance(probability)


def _cautions(forecast: Forecast) -> str:
    """Why to trust this less than usual, in words: the model's record, the warnings, what the source noted."""
    told = {ForecastWarning.DEMO_DATA} | {ForecastWarning.UNEVALUATED_SYMBOL for note in forecast.notes if whose(note)}
    told |= NOTED if forecast.notes else set()
    lines = [WARNINGS[warning] for warning in forecast.warnings if warning not in told]
    lines += [_sentence(note) for note in forecast.notes if note.strip(" .").casefold() != SIMULATED.casefold()]
    worse = record(forecast.skill)
    if worse is not None:
        lines.insert(0, f"{worse} Its ranges and direction are a demonstration, not a guide.")
    if not lines:
        return ""
    return f'<ul class="cautions">{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ul>'


def _sources(forecast: Forecast) -> str:
    chips = (
        f"{source_name(forecast.source)}, {forecast.quote}",
        f"candles to {day(forecast.as_of)} {clock(forecast.as_of)} UTC, {ago(forecast.age_seconds)} old",
        f"{forecast.model.name} {forecast.model.version}",
    )
    return f"<footer>{''.join(f'<span>{escape(chip)}</span>' for chip in chips)}</footer>"


def _told(forecast: Forecast, horizon: Horizon) -> str:
    """The same for programs: what a page in a frame tells the site around it (static/embed.js)."""
    facts = {
        "symbol": forecast.symbol,
        "hours": horizon.hours,
        "minutes": horizon.minutes,
        "target_time": minute(horizon.target_time),
        "as_of": minute(forecast.as_of),
        "price": _rounded(forecast.last_price, forecast),
        "price_time": minute(forecast.price_time),
        "median": _rounded(horizon.median, forecast),
        "range_80": [_rounded(horizon.quantiles[level], forecast) for level in ("0.10", "0.90")],
        "probability_up": round(horizon.probability_up, 3),
        "source": forecast.source,
        "warnings": [str(warning) for warning in forecast.warnings],
    }
    # of all that may hold data, the page's sanitizer leaves this attribute alone
    return f'<span content="{escape(json.dumps(facts))}"></span>'


def _rounded(price: float, forecast: Forecast) -> float:
    return round(price, decimals_of(forecast.symbol, price))


def _ends(forecast: Forecast, horizon: Horizon, low: str, high: str) -> tuple[str, str]:
    """Both ends of a band. A currency without a sign is named once, after the second."""
    first, second = (_money(horizon.quantiles[level], forecast, horizon) for level in (low, high))
    return first.removesuffix(f"{NBSP}{escape(forecast.quote)}"), second


def _money(value: float, forecast: Forecast, horizon: Horizon) -> str:
    """A forecast price, escaped, with cents only where the band is so narrow that they matter."""
    wide = horizon.quantiles["0.90"] - horizon.quantiles["0.10"] >= COARSE
    return escape(money(value, forecast.quote, 0 if wide else decimals_of(forecast.symbol, value)))


def _sentence(note: str) -> str:
    note = note.strip(" .")
    return f"{note[:1].upper()}{note[1:]}."
