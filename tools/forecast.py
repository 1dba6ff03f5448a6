"""The forecast: the distribution of the next closes, with the record of such forecasts."""

import logging
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from forecaster.errors import CryptoSenseError
from forecaster.inference import HIGHEST, LOWEST, AmountIn, Direction, Odds, OddsAsked, Side, detailed, odds
from forecaster.market import plain, rounded
from forecaster.schema import FARTHEST as MOST_MINUTES
from forecaster.schema import HOUR, Candle, Forecast, ForecastWarning, Frozen, Horizon, Symbol
from forecaster.serving import ForecastBackend
from tools.facts import ForecastFacts
from tools.moments import Moment
from tools.tool import MOST_AMOUNT, Arguments, Tool, ToolResult, fitting, minute, provenance

FARTHEST = MOST_MINUTES // 60  # hours ahead
PICTURED = 48  # hours of candles shown before the forecast
WHOLE = 1_000  # a price from which on cents are left out of the hours in brief
DEAREST = 100_000_000  # a price that may be asked about
MOST_MOVE = 1_000  # percent

AskedPrice = Annotated[float, Field(gt=0, le=DEAREST)]

log = logging.getLogger(__name__)


class ForecastArguments(Arguments):
    """Which coin, how far ahead (at most one of three; else 1 hour), and a price that matters to whoever asks."""

    symbol: Symbol = Field(description="the coin, such as BTC-USD or SOL-USD")
    hours: int | None = Field(
        default=None, ge=1, le=FARTHEST, description="how many hours ahead of now; 1 where nothing is said"
    )
    minutes: int | None = Field(
        default=None, ge=1, le=MOST_MINUTES, description="instead of hours: how many minutes ahead of now"
    )
    until: Moment | None = Field(
        default=None, description="instead of hours: the very time, with its zone, such as 2026-03-19T17:00Z"
    )
    threshold: float | None = Field(
        default=None, gt=0, le=DEAREST, description="a price; the answer tells the chance of a close above and below it"
    )
    between: list[AskedPrice] | None = Field(
        default=None, min_length=2, max_length=2, description="[low, high]: the chance of a close between two prices"
    )
    move_pct: float | None = Field(
        default=None, gt=0, le=MOST_MOVE, description="the chance of a move of at least so many percent"
    )
    direction: Direction = Field(default="either", description="of move_pct")
    level: float | None = Field(default=None, ge=1, le=99, description="percent: the prices that hold with that chance")
    side: Side = Field(
        default="range", description="of level: the central range, or the price it stays above, or below"
    )
    touch: bool = Field(
        default=False, description="with threshold or move_pct: also the chance to touch that price on the way"
    )
    amount: float | None = Field(
        default=None, gt=0, le=MOST_AMOUNT, description="what an amount may be worth then, and lose until then"
    )
    amount_in: AmountIn = Field(default="coin", description="of amount: coins, or the currency of the price")
    path: bool = Field(default=False, description="that every step on the way is what is asked about")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.ahead) > 1:
            raise PydanticCustomError("ahead", "give only one of hours, minutes and until")
        if self.between is not None and not self.between[0] < self.between[1]:
            raise PydanticCustomError("between", "between needs a lower and a higher price, in that order")
        if self.touch and self.threshold is None and self.move_pct is None:
            raise PydanticCustomError("touch", "touch needs a threshold or a move_pct")
        return self

    @property
    def ahead(self) -> dict[str, int | datetime]:
        """What was said about how far to look, by its name."""
        given = {"hours": self.hours, "minutes": self.minutes, "until": self.until}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def asked(self) -> OddsAsked | None:
        """What is asked of the distribution; None where nothing but the distribution is."""
        if all(each is None for each in (self.threshold, self.between, self.move_pct, self.level, self.amount)):
            return None
        return OddsAsked(
            threshold=self.threshold,
            between=(self.between[0], self.between[1]) if self.between else None,
            move_pct=self.move_pct,
            direction=self.direction,
            level=self.level,
            side=self.side,
            touch=self.touch,
            amount=self.amount,
            amount_in=self.amount_in,
        )


class ForecastAnswer(Frozen):
    """A forecast with the candles that led up to it, oldest first; none where they could not be had."""

    forecast: Forecast
    recent: tuple[Candle, ...] = ()
    threshold: float | None = Field(default=None, description="of each horizon's probability_above")
    odds: Odds | None = Field(default=None, description="of the last horizon; None where no question needs them")
    touch: bool = Field(default=False, description="whether the way there was asked about, and not the close alone")
    path: bool = Field(default=False, description="whether every step on the way was asked about")


async def forecast(backend: ForecastBackend, arguments: ForecastArguments) -> ToolResult:
    """The forecast from now on, as a ForecastAnswer."""
    issued = await _issued(backend, arguments)
    told = detailed(issued, threshold=arguments.threshold)
    answer = ForecastAnswer(
        forecast=told,
        recent=await _recent(backend, told),
        threshold=arguments.threshold,
        odds=odds(told, asked) if (asked := arguments.asked) else None,
        touch=arguments.touch,
        path=arguments.path,
    )
    return ToolResult(_text(answer), answer)


async def _issued(backend: ForecastBackend, arguments: ForecastArguments) -> Forecast:
    if arguments.until is not None:
        return await backend.forecast(arguments.symbol, until=arguments.until)
    if arguments.minutes is not None:
        issued = await backend.forecast(arguments.symbol, minutes=arguments.minutes)
        if ForecastWarning.HOURLY not in issued.warnings:
            return issued
        now = issued.as_of + timedelta(seconds=issued.age_seconds)  # they were counted from the last full hour
        return await backend.forecast(arguments.symbol, until=now + timedelta(minutes=arguments.minutes))
    return await backend.forecast(arguments.symbol, arguments.hours or 1)


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
    return fitting(facts | _path(issued.horizons) | provenance(issued))


def _above(threshold: float | None, probability: float | None) -> dict[str, object]:
    """The chance of a close above a price; where that lies beyond the outermost quantiles, no more is known."""
    if threshold is None or probability is None:
        return {}
    near = round(probability, 3)
    chance: float | str = near
    if not LOWEST < near < HIGHEST:
        chance = f"under {LOWEST}" if probability < 0.5 else f"over {HIGHEST}"
    return {"threshold": threshold, "probability_above": chance}


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
        "the chance of going up (and of being above a given price), the median, and how such forecasts did on unseen "
        "hours beside 'no change'. It starts from last_price at price_time. Some models reach only 1 hour; the error "
        "then says so."
    ),
    arguments=ForecastArguments,
    facts=ForecastFacts,
    run=forecast,
)
