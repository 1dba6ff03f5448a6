"""What can be waited for, each as it is asked for, and what it says of how things stand.

price     the last trade is above or below a price
range     the last trade is outside the 80 or 95 % range of the forecast that stood when the range was taken
anomaly   the newest hour raises an alarm at a budget of false alarms
volatile  the forecast's typical move is above a percentage
reach     the chance that a price is traded within n hours is above p: told before it happens

What holds is over only when the value has gone back by a margin, so that a price at a threshold tells nothing twice.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from forecaster.anomalies import LARGEST_BUDGET, Surprise
from forecaster.calibration import Touch
from forecaster.inference import OddsAsked, odds
from forecaster.market import Quote, utc
from forecaster.schema import HOUR, Forecast, Frozen, Horizon

PRICE_MARGIN = 0.001  # of a price, that it goes back by
SHARE_MARGIN = 0.05  # of a percentage or chance that was asked for
HIGHEST = 1e15  # of a price
FARTHEST_TOLD = 0.03  # chance of a close beyond the outermost quantile, and a little
STANDS_FOR = 6 * HOUR  # seconds for which an anomaly stands, as on the stream
BANDS: dict[int, tuple[str, str]] = {80: ("0.10", "0.90"), 95: ("0.025", "0.975")}

Price = Annotated[float, Field(strict=True, gt=0, le=HIGHEST, description="in US dollars")]
# a whole number is one however JSON writes it: 23.0
Whole = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
Hours = Annotated[int, Field(strict=True, ge=1, le=24, description="how far ahead the forecast looks"), Whole]


class Range(Frozen):
    """The range of a forecast, which an alert keeps until its hour has closed."""

    low: float
    high: float
    until: AwareDatetime = Field(description="the close that it was forecast for")
    forecast_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How things stand with one coin: what is known of it."""

    now: float  # Unix s
    quote: Quote | None = None
    forecast: Forecast | None = None  # of 24 hours
    touch: Touch | None = None  # of the model that made it, where it was taught
    surprises: dict[int, Surprise] = field(default_factory=dict)  # the newest hour, by budget in days


class Reading(Frozen):
    """What a condition says of a situation."""

    met: bool
    cleared: bool = Field(description="it is over, by a margin; between met and cleared, all stays as it was")
    value: float = Field(description="what was compared: a price, percent, or a chance")
    text: str = Field(description="what holds, in words")
    range: Range | None = None
    forecast_id: str | None = None


class PriceCrosses(Frozen):
    """The price is above or below another one. Give one of both."""

    kind: Literal["price"]
    above: Price | None = None
    below: Price | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise PydanticCustomError("price", "Give one of above and below.")
        return self

    def reading(self, at: Situation, taken: Range | None) -> Reading | None:
        """Of the last trade."""
        if at.quote is None:
            return None
        price = at.quote.price
        if self.above is not None:
            met, cleared, word, limit = price > self.above, price < self.above * (1 - PRICE_MARGIN), "above", self.above
        else:
            limit = self.below or 0.0
            met, cleared, word = price < limit, price > limit * (1 + PRICE_MARGIN), "below"
        text = f"{at.quote.symbol} is {word} {money(limit)}: the last trade was at {money(price)}."
        return Reading(met=met, cleared=cleared, value=price, text=text)


class LeavesRange(Frozen):
    """The price leaves the range that a forecast gave for the close in some hours. A new range follows that close."""

    kind: Literal["range"]
    percent: Annotated[Literal[80, 95], Whole] = 80
    hours: Hours = 1

    def reading(self, at: Situation, taken: Range | None) -> Reading | None:
        """Of the last trade, and the range that was taken before, or a new one."""
        range_ = taken if taken and at.now < taken.until.timestamp() else self._taken(at)
        if range_ is None or at.quote is None:
            return None
        price = at.quote.price
        met = not range_.low <= price <= range_.high
        margin = min(PRICE_MARGIN * price, (range_.high - range_.low) / 4)
        cleared = range_.low + margin < price < range_.high - margin
        held = f"the {self.percent} % range of {money(range_.low)} to {money(range_.high)} until {_clock(range_)}"
        text = f"{at.quote.symbol} has left {held}: the last trade was at {money(price)}."
        return Reading(met=met, cleared=cleared, value=price, text=text, range=range_, forecast_id=range_.forecast_id)

    def _taken(self, at: Situation) -> Range | None:
        horizon = _horizon(at.forecast, self.hours)
        if horizon is None or at.forecast is None or horizon.target_time.timestamp() <= at.now:
            return None
        low, high = (horizon.quantiles[level] for level in BANDS[self.percent])
        return Range(low=low, high=high, until=horizon.target_time, forecast_id=at.forecast.id)


class AnomalyHour(Frozen):
    """An hour that moved as almost none does."""

    kind: Literal["anomaly"]
    budget_days: Annotated[int, Field(strict=True, ge=1, le=int(LARGEST_BUDGET)), Whole] = Field(
        default=10, description="about one false alarm in so many days"
    )

    def reading(self, at: Situation, taken: Range | None) -> Reading | None:
        """Of the newest hour."""
        found = at.surprises.get(self.budget_days)
        if found is None:
            return None
        moved = f"{found.move_pct:+.2f} % in {found.span_hours} h until {found.time:%H:%M} UTC"
        return Reading(
            met=found.anomalous,
            cleared=not found.anomalous,
            value=found.once_in_days,
            text=f"An unusual move: {moved}, {found.rarity}. The close was {money(found.close)}.",
        )


class Volatile(Frozen):
    """A move of that size is as likely as not, up or down."""

    kind: Literal["volatile"]
    above_pct: Annotated[float, Field(strict=True, gt=0, le=1000)] = Field(
        description="the median absolute move that the forecast expects, percent"
    )
    hours: Hours = 1

    def reading(self, at: Situation, taken: Range | None) -> Reading | None:
        """Of the newest forecast."""
        horizon = _horizon(at.forecast, self.hours)
        if horizon is None or at.forecast is None:
            return None
        value = horizon.expected_move_pct
        text = f"{at.forecast.symbol} is expected to move {value:.2f} % within {_hours(self.hours)}, up or down."
        return Reading(
            met=value > self.above_pct,
            cleared=value < self.above_pct * (1 - SHARE_MARGIN),
            value=value,
            text=text,
            forecast_id=at.forecast.id,
        )


class Reaches(Frozen):
    """It has become likely that a price will be traded."""

    kind: Literal["reach"]
    price: Price
    hours: Hours = 24
    chance: Annotated[float, Field(strict=True, ge=0.05, lt=1)] = Field(
        default=0.5, description="told where it is more likely than that; of what is rarer the forecast says nothing"
    )

    def reading(self, at: Situation, taken: Range | None) -> Reading | None:
        """Of the newest forecast. Of a model that was not taught how often prices touch: that the close is beyond."""
        if at.forecast is None or _horizon(at.forecast, self.hours) is None:
            return None
        ahead = at.forecast.model_copy(update={"horizons": _until(at.forecast, self.hours)})
        told = odds(ahead, OddsAsked(threshold=self.price, touch=True), at.touch)
        beyond = told.above if self.price > at.forecast.last_price else told.below
        value = told.touch if told.touch is not None else beyond or 0.0
        too_far = told.censored and (beyond or 0.0) < FARTHEST_TOLD  # the chance is that at most, and may be none
        how = "trade at" if told.touch_known else "close beyond"
        text = (
            f"{at.forecast.symbol} will {how} {money(self.price)} within {_hours(self.hours)} with a chance of "
            f"{value:.0%}; it is at {money(at.forecast.last_price)}."
        )
        return Reading(
            met=value > self.chance and not too_far,
            cleared=too_far or value < self.chance * (1 - SHARE_MARGIN),
            value=value,
            text=text,
            forecast_id=at.forecast.id,
        )


Condition = Annotated[PriceCrosses | LeavesRange | AnomalyHour | Volatile | Reaches, Field(discriminator="kind")]


def money(price: float) -> str:
    """A price in words: 64,012 or 0.1234."""
    return f"${price:,.0f}" if price >= 1000 else f"${price:,.2f}" if price >= 1 else f"${price:.4g}"


def _hours(hours: int) -> str:
    return "an hour" if hours == 1 else f"{hours} hours"


def _clock(range_: Range) -> str:
    return f"{utc(range_.until.timestamp()):%H:%M} UTC"


def _until(forecast: Forecast, hours: int) -> tuple[Horizon, ...]:
    return tuple(each for each in forecast.horizons if each.minutes <= 60 * hours)


def _horizon(forecast: Forecast | None, hours: int) -> Horizon | None:
    """The one that many hours ahead; None where the model does not look so far."""
    found = [each for each in forecast.horizons if each.minutes == 60 * hours] if forecast else []
    return found[0] if found else None
