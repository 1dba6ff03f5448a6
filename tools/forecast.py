"""The forecast: the distribution of the next closes, with the record of such forecasts."""

import logging

from pydantic import Field

from forecaster.errors import CryptoSenseError
from forecaster.inference import HIGHEST, LOWEST, detailed
from forecaster.market import plain, rounded
from forecaster.schema import Candle, Forecast, Frozen, Horizon, Symbol
from forecaster.serving import ForecastBackend
from tools.facts import ForecastFacts
from tools.tool import Arguments, Tool, ToolResult, compact, minute, provenance

FARTHEST = 24  # hours ahead
PICTURED = 48  # hours of candles shown before the forecast
WHOLE = 1_000  # a price from which on cents are left out of the hours in brief
DEAREST = 100_000_000  # a price that may be asked about

log = logging.getLogger(__name__)


class ForecastArguments(Arguments):
    """Which coin, how far ahead, and a price that matters to whoever asks."""

    symbol: Symbol = Field(description="the coin, such as BTC-USD or SOL-USD")
    hours: int = Field(default=1, ge=1, le=FARTHEST, description="how many hours ahead")
    threshold: float | None = Field(
        default=None, gt=0, le=DEAREST, description="a price; the answer tells the chance of a close above it"
    )


class ForecastAnswer(Frozen):
    """A forecast with the candles that led up to it, oldest first; none where they could not be had."""

    forecast: Forecast
    recent: tuple[Candle, ...] = ()
    threshold: float | None = Field(default=None, description="of each horizon's probability_above")


async def forecast(backend: ForecastBackend, arguments: ForecastArguments) -> ToolResult:
    """The forecast for the next hours, as a ForecastAnswer."""
    issued = await backend.forecast(arguments.symbol, arguments.hours)
    told = detailed(issued, threshold=arguments.threshold)
    answer = ForecastAnswer(forecast=told, recent=await _recent(backend, told), threshold=arguments.threshold)
    return ToolResult(_text(answer), answer)


async def _recent(backend: ForecastBackend, issued: Forecast) -> tuple[Candle, ...]:
    """The candles before a forecast, or none: a picture must neither fail a forecast nor contradict it."""
    try:
        span = await backend.candles(issued.symbol, PICTURED)
    except CryptoSenseError as error:
        log.warning("The forecast is shown without candles: %s", error)
        return ()
    same = span.source == issued.source and span.as_of == issued.as_of
    return span.candles if same else ()


def _text(answer: ForecastAnswer) -> str:
    issued = answer.forecast
    last = issued.horizons[-1]
    facts: dict[str, object] = {
        "symbol": issued.symbol,
        "last_close": rounded(issued.last_close),
        "hours": last.hours,
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
    if len(issued.horizons) > 1:
        facts["hour_by_hour"] = {"columns": "hours,low_80,median,high_80", "rows": _rows(issued.horizons)}
    return compact(facts | provenance(issued))


def _above(threshold: float | None, probability: float | None) -> dict[str, object]:
    """The chance of a close above a price; where that lies beyond the outermost quantiles, no more is known."""
    if threshold is None or probability is None:
        return {}
    near = round(probability, 3)
    chance: float | str = near
    if not LOWEST < near < HIGHEST:
        chance = f"under {LOWEST}" if probability < 0.5 else f"over {HIGHEST}"
    return {"threshold": threshold, "probability_above": chance}


def _rows(horizons: tuple[Horizon, ...]) -> list[str]:
    """Each horizon in one short line, so that 24 of them fit."""
    return [
        ",".join((str(each.hours), *map(_short, (each.quantiles["0.10"], each.median, each.quantiles["0.90"]))))
        for each in horizons
    ]


def _short(price: float) -> str:
    return f"{price:.0f}" if price >= WHOLE else plain(price)


FORECAST = Tool(
    name="forecast",
    title="Forecast",
    description=(
        "Forecast a coin's close some hours ahead: the 80 % range, the chance of going up (and of closing above a "
        "given price), the median, and how such forecasts did on unseen hours beside 'no change'. Some models reach "
        "only 1 hour; the error then says so."
    ),
    arguments=ForecastArguments,
    facts=ForecastFacts,
    run=forecast,
)
