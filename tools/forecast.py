"""The forecast: the distribution of the next closes, with the record of such forecasts."""

import logging
from datetime import timedelta
from math import ceil

from pydantic import Field

from forecaster.calibration import Touch
from forecaster.errors import CryptoSenseError, UnsupportedHorizon
from forecaster.inference import HIGHEST, LOWEST, Odds, detailed, odds
from forecaster.market import plain, rounded
from forecaster.schema import HOUR, Candle, Forecast, ForecastWarning, Frozen, Horizon
from forecaster.serving import ForecastBackend
from tools.arguments import ForecastArguments
from tools.currencies import InCurrency, facts_of, in_currency, in_dollars, rate_of
from tools.facts import ForecastFacts
from tools.tool import LONGEST_TEXT, Tool, ToolResult, fitting, minute, provenance

PICTURED = 48  # hours of candles shown before the forecast
LATE = 60  # minutes: of candles so old, or as old as what is asked is ahead, more is over than is left to say
WHOLE = 1_000  # a price from which on cents are left out of the hours in brief

log = logging.getLogger(__name__)


class ForecastAnswer(Frozen):
    """A forecast with the candles that led up to it, oldest first; none where they could not be had."""

    forecast: Forecast
    recent: tuple[Candle, ...] = ()
    threshold: float | None = Field(default=None, description="of each horizon's probability_above")
    move_size: float | None = Field(default=None, description="move asked about, in the currency of the price")
    odds: Odds | None = Field(default=None, description="of the last horizon; None where no question needs them")
    touch: bool = Field(default=False, description="whether the way there was asked about, and not the close alone")
    path: bool = Field(default=False, description="whether every step on the way was asked about")
    in_currency: InCurrency | None = Field(default=None, description="the same in the currency that was asked in")
    currency_unknown: str | None = Field(default=None, description="asked in, and quoted by nobody that is asked")


async def forecast(backend: ForecastBackend, arguments: ForecastArguments) -> ToolResult:
    """The forecast from now on, as a ForecastAnswer."""
    named, currency = arguments, arguments.foreign
    rate = await rate_of(backend, arguments.symbol, currency) if currency else None
    if currency:
        arguments = in_dollars(arguments, rate)
    issued = await _issued(backend, arguments)
    if (move := arguments.move) is not None:
        arguments = arguments.model_copy(update={"move": None, "move_pct": 100 * move / issued.last_price})
    told = detailed(issued, threshold=arguments.threshold)
    asked = arguments.asked
    taught = await _touch(backend, told) if arguments.touch else None
    answered = odds(told, asked, taught) if asked else None
    answer = ForecastAnswer(
        forecast=told,
        recent=await _recent(backend, told),
        threshold=arguments.threshold,
        move_size=move,
        odds=answered,
        touch=arguments.touch,
        path=arguments.path,
        in_currency=in_currency(rate, named, answered) if rate else None,
        currency_unknown=None if rate else currency,
    )
    return ToolResult(_text(answer), answer)


async def _issued(backend: ForecastBackend, arguments: ForecastArguments) -> Forecast:
    if arguments.until is not None:
        return await backend.forecast(arguments.symbol, until=arguments.until)
    if arguments.minutes is not None:
        minutes, hourly = arguments.minutes, ForecastWarning.HOURLY
        issued = await backend.forecast(arguments.symbol, minutes=minutes)
    else:
        minutes, hourly = 60 * (arguments.hours or 1), None
        issued = await backend.forecast(arguments.symbol, arguments.hours or 1)
    stale = ForecastWarning.STALE_CANDLES in issued.warnings and issued.age_seconds >= 60 * min(minutes, LATE)
    if not stale and hourly not in issued.warnings:
        return issued
    now = issued.as_of + timedelta(seconds=issued.age_seconds)  # what was asked was counted from older candles
    try:
        return await backend.forecast(arguments.symbol, until=now + timedelta(minutes=minutes))
    except UnsupportedHorizon:  # so far ahead of now the model does not look: as far as it does
        return issued


async def _touch(backend: ForecastBackend, issued: Forecast) -> Touch | None:
    """How often the model's prices are touched; None where that is not known of the one that answered."""
    try:
        facts = await backend.facts()
    except CryptoSenseError as error:
        log.warning("Nothing is told of touches: %s", error)
        return None
    if facts.touch is None or facts.model != issued.model:
        return None
    return Touch(up=facts.touch.up, down=facts.touch.down)


async def _recent(backend: ForecastBackend, issued: Forecast) -> tuple[Candle, ...]:
    """The candles before a forecast, or none: a picture must neither fail a forecast nor contradict it."""
    try:
        span = await backend.candles(issued.symbol, PICTURED)
    except CryptoSenseError as error:
        log.warning("The forecast is shown without candles: %s", error)
        return ()
    ahead = (issued.as_of - span.as_of).total_seconds()
    return span.candles if span.source == issued.source and 0 <= ahead < HOUR else ()


def _text(answer: ForecastAnswer) -> str:
    issued = answer.forecast
    last = issued.horizons[-1]
    facts: dict[str, object] = {
        "symbol": issued.symbol,
        "last_close": rounded(issued.last_close),
        "last_price": rounded(issued.last_price),
        "price_time": minute(issued.price_time),
        **({"hours": last.hours} if last.hours else {"minutes": last.minutes}),
        "target_time": minute(last.target_time),
        "range_80": [rounded(last.quantiles["0.10"]), rounded(last.quantiles["0.90"])],
        "range_50": [rounded(last.quantiles["0.25"]), rounded(last.quantiles["0.75"])],
        "median": rounded(last.median),
        "probability_up": round(last.probability_up, 3),
        **_above(answer.threshold, last.probability_above),
        "expected_move_pct": round(last.expected_move_pct, 2),
        "skill_vs_no_change_pct": round(100 * issued.skill.value, 2),
        "error_as_multiple_of_no_change": round(1 - issued.skill.value, 2),
        "graded_hours": issued.skill.n,
        "coverage_pct": {band: round(100 * share, 1) for band, share in issued.coverage.items()},
        "model": f"{issued.model.name} {issued.model.version}",
    }
    facts |= {"move_size": answer.move_size} if answer.move_size else {}
    facts |= _odds(answer.odds, answer.touch) if answer.odds else {}
    facts |= facts_of(answer.in_currency, answer.currency_unknown)
    said = provenance(issued)
    whole = fitting(facts | _path(issued.horizons) | said)
    return whole if answer.path or len(whole.encode()) <= LONGEST_TEXT else fitting(facts | said)


def _above(threshold: float | None, probability: float | None) -> dict[str, object]:
    """The chances of a close above a price and below it."""
    if threshold is None or probability is None:
        return {}
    return {
        "threshold": rounded(threshold),
        "probability_above": _chance(probability),
        "probability_below": _chance(1 - probability),
    }


def _chance(probability: float) -> float | str:
    """Of a close on one side of a price; where it lies beyond the outermost quantiles, that alone is known."""
    return _near(probability, LOWEST, HIGHEST)


def _near(probability: float, least: float, most: float) -> float | str:
    near = round(probability, 3)
    if least < near < most:
        return near
    return f"under {least:g}" if near <= least else f"over {most:g}"


def _odds(told: Odds, touch: bool) -> dict[str, object]:
    """What more was asked of the last horizon."""
    facts: dict[str, object] = {}
    end = LOWEST if told.censored else -1.0  # where nothing lies beyond the quantiles, every chance is known
    if told.between is not None and told.low is not None and told.high is not None:
        facts |= {
            "between": [rounded(told.low), rounded(told.high)],
            "probability_between": _near(told.between, end, 1 - 2 * end),
        }
    if told.move is not None:
        both = told.move_price_up is not None and told.move_price_down is not None
        facts |= {
            "move_pct": told.move_pct and round(told.move_pct, 4),
            "move_direction": told.direction,
            "probability_of_move": _near(told.move, 2 * end if both else end, 2.0),
            "price_after_rise": _price(told.move_price_up),
            "price_after_fall": _price(told.move_price_down),
        }
    if told.level is not None:
        facts |= {
            "level_pct": told.level,
            "stays_above": _price(told.range_low),
            "stays_below": _price(told.range_high),
        }
    if touch:
        facts |= {"probability_of_touch": "not known" if told.touch is None else _touched(told, told.touch)}
    if told.amount is not None:
        facts |= _amount(told)
    return facts | ({"beyond_outermost_quantiles": True} if told.censored else {})


def _touched(told: Odds, chance: float) -> float | str:
    """Of a touch; where a close beyond the price lies outside the outermost quantiles, how large it is at most."""
    return f"under {ceil(round(100 * chance, 6)) / 100:g}" if told.touch_at_most else round(chance, 3)


def _amount(told: Odds) -> dict[str, object]:
    return {
        "amount": round(told.amount or 0.0, 8),
        "amount_in": told.amount_in,
        "value_now": _price(told.value_now),
        "value_median": _price(told.value_median),
        "value_80": [_price(told.value_low), _price(told.value_high)],
        "expected_loss": _price(told.expected_loss),
        "value_at_risk_95": _price(told.value_at_risk_95),
    }


def _price(price: float | None) -> float | None:
    return None if price is None else rounded(price)


def _path(horizons: tuple[Horizon, ...]) -> dict[str, object]:
    """Each horizon of several in one short line, so that all of them fit."""
    if len(horizons) < 2:
        return {}
    hourly = all(each.hours for each in horizons)
    name, unit = ("hour_by_hour", "hours") if hourly else ("minute_by_minute", "minutes")
    rows = [
        ",".join(
            (str(getattr(each, unit)), *map(_short, (each.quantiles["0.10"], each.median, each.quantiles["0.90"])))
        )
        for each in horizons
    ]
    return {name: {"columns": f"{unit},low_80,median,high_80", "rows": rows}}


def _short(price: float) -> str:
    return f"{price:.0f}" if price >= WHOLE else plain(price)


FORECAST = Tool(
    name="forecast",
    title="Forecast",
    description=(
        "Forecast a coin's price some minutes or hours from now, or at a given time within 24 hours: the 80 % range, "
        "the chance of going up, the median, and how such forecasts did on unseen hours beside 'no change'. Also the "
        "chance to close above or below a price, between two, or a move away; to touch a price on the way; the price "
        "at a chance; what an amount may be worth or lose. It starts from last_price at price_time. Some models reach "
        "only 1 hour; the error then says so."
    ),
    arguments=ForecastArguments,
    facts=ForecastFacts,
    run=forecast,
)
