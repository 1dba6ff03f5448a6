"""What one horizon of a forecast says of prices, moves, levels and amounts that matter to whoever asks.

All of it is read from the quantiles of that horizon, uniform in the logarithm of the price between two of them, as in
distribution.py. Beyond the outermost, 0.025 and 0.975, nothing is told but that it lies there: `censored`.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from forecaster.schema import Forecast, Frozen

Direction = Literal["up", "down", "either"]
Side = Literal["range", "above", "below"]
AmountIn = Literal["coin", "quote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OddsAsked:
    """What is asked of a forecast; prices and amounts in its quote currency, percentages of its last price."""

    threshold: float | None = None
    between: tuple[float, float] | None = None
    move_pct: float | None = None
    direction: Direction = "either"
    level: float | None = None  # percent
    side: Side = "range"
    touch: bool = False
    amount: float | None = None
    amount_in: AmountIn = "coin"


class Odds(Frozen):
    """The answers, over the last horizon of a forecast; None for what was not asked."""

    above: float | None = Field(default=None, ge=0, le=1, description="chance of a close above threshold")
    below: float | None = Field(default=None, ge=0, le=1, description="chance of a close below threshold")
    between: float | None = Field(default=None, ge=0, le=1, description="chance of a close between low and high")
    low: float | None = Field(default=None, description="the lower of the two prices asked about")
    high: float | None = None
    move_pct: float | None = Field(default=None, gt=0, description="the move asked about, percent of last_price")
    direction: Direction | None = None
    move: float | None = Field(default=None, ge=0, le=1, description="chance of a close that far away or farther")
    move_price_up: float | None = Field(default=None, description="price of that move up; None where only down counts")
    move_price_down: float | None = Field(default=None, description="the same of the move down; None at 100 % or more")
    level: float | None = Field(default=None, description="percent, as asked")
    side: Side | None = None
    range_low: float | None = Field(default=None, description="price that the close stays above with that chance")
    range_high: float | None = Field(default=None, description="price that the close stays below with that chance")
    touch: float | None = Field(
        default=None, ge=0, le=1, description="chance that the price is traded on the way; None where not known"
    )
    touch_known: bool = Field(default=False, description="whether the model has been taught how often prices touch")
    typical_move_pct: float = Field(ge=0, description="median absolute move, percent of last_price")
    amount: float | None = None
    amount_in: AmountIn | None = None
    value_now: float | None = Field(default=None, description="worth of the amount at last_price, quote currency")
    value_median: float | None = None
    value_low: float | None = Field(default=None, description="lower end of the 80 % range of its worth then")
    value_high: float | None = None
    expected_loss: float | None = Field(
        default=None, ge=0, description="mean of what it loses until then, no loss counted as 0"
    )
    value_at_risk_95: float | None = Field(
        default=None, ge=0, description="loss that is exceeded with a chance of 5 %, in the quote currency"
    )
    censored: bool = Field(default=False, description="a chance lies beyond the outermost quantiles, 0.025 or 0.975")


def odds(issued: Forecast, asked: OddsAsked) -> Odds:
    """What the last horizon says to what is asked."""
    return Odds(typical_move_pct=issued.horizons[-1].expected_move_pct)
