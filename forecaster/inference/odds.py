"""What one horizon of a forecast says of prices, moves, levels and amounts that matter to whoever asks.

All of it is read from the quantiles of that horizon, uniform in the logarithm of the price between two of them, as in
interpolation.py. Beyond the outermost, 0.025 and 0.975, nothing is told but that it lies there: `censored`.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from pydantic import Field

from forecaster.calibration import Touch, Way
from forecaster.quantiles import DRAWS, Floats, level_of
from forecaster.schema import Forecast, Frozen, Horizon

Direction = Literal["up", "down", "either"]
Side = Literal["range", "above", "below"]
AmountIn = Literal["coin", "quote"]
_DRAWN = (np.arange(DRAWS) + 0.5) / DRAWS  # levels of equally likely prices


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
    touch_at_most: bool = Field(
        default=False, description="whether touch is only the most that it may be: a close beyond is too seldom to say"
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


def odds(issued: Forecast, asked: OddsAsked, touch: Touch | None = None) -> Odds:
    """What the last horizon says to what is asked; chances of a touch by `touch`, where the model has learned it.

    A loss beyond the outermost quantile counts as one at it, so that an expected loss is rather too small.
    """
    curve = Curve.of(issued)
    told: dict[str, object] = {"typical_move_pct": curve.horizon.expected_move_pct}
    for tell in (_threshold, _between, _move, _level):
        told |= tell(curve, asked)
    told |= _touch(curve, asked, touch) if asked.touch else {}
    told |= _amount(curve, asked)
    return Odds.model_validate(told | {"censored": bool(curve.beyond)})


@dataclass(frozen=True, slots=True)
class Curve:
    """The distribution function of one horizon. It remembers whether something was asked beyond its ends."""

    horizon: Horizon
    last: float  # price that moves are counted from
    levels: Floats  # (Q,) ascending
    log: Floats  # (Q,) of the prices at them
    beyond: list[float]  # what was asked there

    @classmethod
    def of(cls, issued: Forecast) -> Self:
        """That of the last horizon."""
        horizon = issued.horizons[-1]
        levels = sorted(horizon.quantiles, key=float)
        prices = [horizon.quantiles[level] for level in levels]
        return cls(horizon, issued.last_price, np.array([float(level) for level in levels]), np.log(prices), [])

    def below(self, price: float) -> float:
        """Chance of a close below a price; an outermost level stands for what lies beyond it."""
        chance = float(level_of(self.log, np.log(price), self.levels))
        self._noted(chance)
        return chance

    def price(self, level: float) -> float:
        """The price that a close is below with that chance; the outermost quantile where the level lies beyond it."""
        self._noted(level)
        return float(np.exp(np.interp(level, self.levels, self.log)))

    def _noted(self, level: float) -> None:
        if not self.levels[0] < round(level, 3) < self.levels[-1]:
            self.beyond.append(level)


def _threshold(curve: Curve, asked: OddsAsked) -> dict[str, object]:
    if asked.threshold is None:
        return {}
    below = curve.below(asked.threshold)
    return {"above": 1 - below, "below": below}


def _between(curve: Curve, asked: OddsAsked) -> dict[str, object]:
    if asked.between is None:
        return {}
    low, high = asked.between
    return {"between": max(0.0, curve.below(high) - curve.below(low)), "low": low, "high": high}


def _move(curve: Curve, asked: OddsAsked) -> dict[str, object]:
    if asked.move_pct is None:
        return {}
    up, down = _prices(curve, asked)
    chance = (1 - curve.below(up) if up else 0.0) + (curve.below(down) if down else 0.0)
    return {
        "move_pct": asked.move_pct,
        "direction": asked.direction,
        "move": min(1.0, chance),
        "move_price_up": up,
        "move_price_down": down,
    }


def _prices(curve: Curve, asked: OddsAsked) -> tuple[float | None, float | None]:
    """Of a move up and of one down, where that direction counts. One down of 100 % and more has no price."""
    share = (asked.move_pct or 0.0) / 100
    up = None if asked.direction == "down" else curve.last * (1 + share)
    down = None if asked.direction == "up" or share >= 1 else curve.last * (1 - share)
    return up, down


def _level(curve: Curve, asked: OddsAsked) -> dict[str, object]:
    if asked.level is None:
        return {}
    share = asked.level / 100
    low, high = {"range": ((1 - share) / 2, (1 + share) / 2), "above": (1 - share, None), "below": (None, share)}[
        asked.side
    ]
    return {
        "level": asked.level,
        "side": asked.side,
        "range_low": None if low is None else curve.price(low),
        "range_high": None if high is None else curve.price(high),
    }


def _touch(curve: Curve, asked: OddsAsked, touch: Touch | None) -> dict[str, object]:
    """Of the threshold, or else of the move; of a move either way, that one price or the other is touched at most."""
    if touch is None:
        return {}
    prices = _prices(curve, asked) if asked.threshold is None else (asked.threshold,)
    known = len(curve.beyond)
    chance = min(1.0, sum(_touched(curve, price, touch) for price in prices if price))
    return {"touch": chance, "touch_at_most": len(curve.beyond) > known, "touch_known": True}


def _touched(curve: Curve, price: float, touch: Touch) -> float:
    below = curve.below(price)
    way: Way = "up" if price > curve.last else "down"
    return touch.chance(way, curve.horizon.minutes, 1 - below if way == "up" else below)


def _amount(curve: Curve, asked: OddsAsked) -> dict[str, object]:
    if asked.amount is None:
        return {}
    coins = asked.amount if asked.amount_in == "coin" else asked.amount / curve.last
    worth = coins * np.exp(np.interp(_DRAWN, curve.levels, curve.log))  # (DRAWS,) equally likely
    now, quantiles = coins * curve.last, curve.horizon.quantiles
    fifth = float(np.exp(np.interp(0.05, curve.levels, curve.log)))
    return {
        "amount": asked.amount,
        "amount_in": asked.amount_in,
        "value_now": now,
        "value_median": coins * curve.horizon.median,
        "value_low": coins * quantiles["0.10"],
        "value_high": coins * quantiles["0.90"],
        "expected_loss": float(np.maximum(now - worth, 0.0).mean()),
        "value_at_risk_95": max(0.0, now - coins * fifth),
    }
