"""What tools take: a moment, a price, an amount, a currency; and the many things that a forecast is asked."""

import re
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from forecaster.inference import AmountIn, Direction, OddsAsked, Side
from forecaster.schema import FARTHEST as MOST_MINUTES
from forecaster.schema import Symbol
from tools.tool import Arguments

FARTHEST = MOST_MINUTES // 60  # hours ahead
DEAREST = 100_000_000  # a price that may be asked about
FIRST_YEAR, LAST_YEAR = 1970, 2999
MOST_MOVE = 1_000  # percent
DOLLARS = ("USD", "USDT", "USDC")
MOST_AMOUNT = 1e12  # coins, or of the quote currency, that may be asked about

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _moment(given: object) -> datetime:
    """A time as it is, or written as ISO 8601 has it. It must name its zone."""
    try:
        time = datetime.fromisoformat(given) if isinstance(given, str) and TIME.fullmatch(given) else given
    except ValueError:
        time = None
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise PydanticCustomError("moment", "Input should be a time with its zone, such as 2026-03-19T17:00Z")
    if not FIRST_YEAR <= time.year <= LAST_YEAR:  # others cannot be reckoned with in every zone
        raise PydanticCustomError("moment", f"Input should be a time between {FIRST_YEAR} and {LAST_YEAR}")
    return time


Moment = Annotated[
    datetime,
    PlainValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{TIME.pattern}$"}),
]
AskedPrice = Annotated[float, Field(gt=0, le=DEAREST)]
Amount = Annotated[float, Field(gt=0, le=MOST_AMOUNT)]
Currency = Annotated[str, Field(pattern="^[A-Z0-9]{2,12}$")]


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
    move: float | None = Field(
        default=None, gt=0, le=DEAREST, description="instead of move_pct: the same in the currency of the price"
    )
    direction: Direction = Field(default="either", description="of move_pct or move")
    level: float | None = Field(
        default=None, ge=1, lt=100, description="percent: the prices that hold with that chance"
    )
    side: Side = Field(
        default="range", description="of level: the central range, or the price it stays above, or below"
    )
    touch: bool = Field(
        default=False, description="with threshold, move_pct or move: also the chance to touch that price on the way"
    )
    amount: Amount | None = Field(default=None, description="what an amount may be worth then, and lose until then")
    amount_in: AmountIn = Field(default="coin", description="of amount: coins, or the currency of the price")
    currency: Currency | None = Field(
        default=None,
        description="that threshold, between, move and an amount of money are in, such as EUR, if these are no dollars",
    )
    path: bool = Field(default=False, description="that every step on the way is what is asked about")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.ahead) > 1:
            raise PydanticCustomError("ahead", "give only one of hours, minutes and until")
        if self.between is not None and not self.between[0] < self.between[1]:
            raise PydanticCustomError("between", "between needs a lower and a higher price, in that order")
        if self.move is not None and self.move_pct is not None:
            raise PydanticCustomError("move", "give only one of move_pct and move")
        if self.touch and self.threshold is self.move_pct is self.move is None:
            raise PydanticCustomError("touch", "touch needs a threshold or a move_pct")
        return self

    @property
    def ahead(self) -> dict[str, int | datetime]:
        """What was said about how far to look, by its name."""
        given = {"hours": self.hours, "minutes": self.minutes, "until": self.until}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def foreign(self) -> str | None:
        """The currency of its prices, where that is not the dollar."""
        return None if self.currency in DOLLARS else self.currency

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
