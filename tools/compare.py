"""Coins side by side: price, move, volatility, width of the forecast, or record, all asked for at once."""

from typing import Literal

from pydantic import AwareDatetime, Field

from forecaster.schema import ForecastWarning, Frozen, Symbol
from tools.tool import Arguments

FEWEST, MOST = 2, 15  # coins
LONGEST = 168  # hours
USUAL_HOURS = 24

By = Literal["price", "move", "volatility", "forecast", "record"]


class CompareArguments(Arguments):
    """Which coins, and by what."""

    symbols: list[Symbol] = Field(min_length=FEWEST, max_length=MOST, description="the coins, such as BTC-USD, SOL-USD")
    by: By = Field(
        default="move",
        description=(
            "price now; move or volatility over the last hours; width and direction of the forecast; record on unseen "
            "hours"
        ),
    )
    hours: int = Field(
        default=USUAL_HOURS,
        ge=1,
        le=LONGEST,
        description="of move and volatility: how far back; of forecast: how far ahead, at most 24",
    )


class ComparedCoin(Frozen):
    """One coin; None for what was not compared or could not be had."""

    symbol: Symbol
    price: float = Field(gt=0, description="the last trade")
    change_pct: float | None = Field(default=None, description="over the hours")
    volatility_pct: float | None = Field(default=None, description="standard deviation of hourly log returns, percent")
    width_pct: float | None = Field(default=None, description="of the forecast's 80 % range, percent of the last price")
    probability_up: float | None = None
    skill_pct: float | None = Field(default=None, description="of forecasts against 'no change' on unseen hours")
    simulated: bool = False
    source: str
    quote: str
    as_of: AwareDatetime = Field(description="close of the newest closed candle")
    warnings: tuple[ForecastWarning, ...] = ()


class LeftOut(Frozen):
    """A coin that could not be compared."""

    symbol: Symbol
    reason: str


class Comparison(Frozen):
    """Coins with what they were compared by, in the order asked for."""

    by: By
    hours: int
    rows: tuple[ComparedCoin, ...]
    highest: Symbol
    lowest: Symbol
    ratio: float | None = Field(default=None, description="price of the first coin in units of the second")
    left_out: tuple[LeftOut, ...] = ()
