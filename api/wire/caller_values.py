"""What callers send: times, prices, candles, symbols; checked, and refused with the place and the reason."""

import re
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Annotated, Any

import numpy as np
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    PlainValidator,
    WithJsonSchema,
    with_config,
)
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import no_info_wrap_validator_function
from typing_extensions import TypedDict

from api.wire.strict_json import StrictJSONRoute
from forecaster.errors import InvalidInput
from forecaster.market import EARLIEST, LATEST, Candles, Row, utc
from forecaster.schema import FARTHEST, HOUR

MOST_CANDLES = 1000
CHEAPEST, DEAREST = 1e-12, 1e15  # per coin, in any currency: beyond, squares and ratios leave the numbers
LARGEST_VOLUME = 1e18  # coins an hour
FEWEST_CLOSES = 60
TIME = "Send a time as ISO 8601 text with a zone, or as seconds since 1970."
ZONE = "This time has no zone. End it with Z, or with an offset such as +01:00."
RANGE = "This is no time between 2009 and 2100 in seconds since 1970."
ON_THE_HOUR = "A candle opens on the full hour in UTC, and this time is not one."
UNITS = {10**3: "milliseconds", 10**6: "microseconds", 10**9: "nanoseconds"}
DIGITS = re.compile(r"\d{1,12}", re.ASCII)


def seconds(value: object) -> float:
    """A time as Unix seconds. Raises PydanticCustomError, which a validator may raise."""
    if isinstance(value, str):
        value = seconds_of(value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("time", TIME)
    if not EARLIEST <= value <= LATEST:
        for factor, unit in UNITS.items():
            if EARLIEST * factor <= value <= LATEST * factor:
                text = f"This looks like {unit}. Send seconds since 1970, or ISO 8601 text with a zone."
                raise PydanticCustomError("time", text)
        raise PydanticCustomError("time", RANGE)
    return value


def moment(value: object) -> datetime:
    """The same as a UTC datetime."""
    return utc(seconds(value))


def _query_moment(value: str) -> datetime:
    return moment(int(value) if DIGITS.fullmatch(value) else value)


def opening(value: object) -> int:
    """The same, of a candle."""
    time = seconds(value)
    if time % HOUR:
        raise PydanticCustomError("time", ON_THE_HOUR)
    return int(time)


def seconds_of(text: str) -> float:
    """ISO 8601 with a zone as Unix seconds, of any year. Raises PydanticCustomError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError("time", TIME) from error
    if time.tzinfo is None:
        raise PydanticCustomError("time", ZONE)
    return time.timestamp()


def _whole(value: object) -> object:
    """A query parameter's digits; what else a parser would take for a number is left to be refused."""
    if isinstance(value, str):
        return int(value) if DIGITS.fullmatch(value) else None
    return value


def one_number(value: object) -> object:
    """6.0 as 6: they are the same number in JSON, and a schema's integer is either."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_SECONDS: dict[str, Any] = {"type": "integer", "minimum": EARLIEST, "maximum": LATEST}
MOMENT_SCHEMA = WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, _SECONDS]})
_OPENING_SCHEMA = WithJsonSchema(
    {
        "anyOf": [{"type": "string", "format": "date-time"}, _SECONDS | {"multipleOf": HOUR}],
        "description": "ISO 8601 with a zone, or seconds since 1970; on the full hour in UTC",
    }
)
Moment = Annotated[datetime, PlainValidator(moment), MOMENT_SCHEMA]
QueryMoment = Annotated[datetime, PlainValidator(_query_moment), MOMENT_SCHEMA]
OpeningTime = Annotated[int, PlainValidator(opening), _OPENING_SCHEMA]
Price = Annotated[float, Field(strict=True, ge=CHEAPEST, le=DEAREST)]  # NaN is neither
Volume = Annotated[float, Field(strict=True, ge=0, le=LARGEST_VOLUME)]
Whole = Annotated[int, Field(strict=True), BeforeValidator(one_number)]
WholeMinutes = Annotated[int, Field(strict=True, ge=1, le=FARTHEST), BeforeValidator(one_number)]  # ahead
QueryWhole = Annotated[int, BeforeValidator(_whole)]
QueryHours = Annotated[int, Field(ge=1, le=24), BeforeValidator(_whole)]  # ahead


class Given(BaseModel):
    """A body or query: nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GivenRoute(StrictJSONRoute):
    """A route whose refusals name no field that only the caller knows."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, whose refusals repeat nothing that was sent."""
        handle = super().get_route_handler()

        async def quiet(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise RequestValidationError([_quiet(each) for each in error.errors()]) from error

        return quiet


def _quiet(error: Mapping[str, Any]) -> dict[str, Any]:
    if error.get("type") == "extra_forbidden":
        return {"loc": error["loc"][:-1], "msg": "There is a field that is not known. /docs lists those that are."}
    return dict(error)


@with_config(ConfigDict(extra="forbid"))
class GivenCandle(TypedDict):
    """One hour of trading, named by its opening time."""

    open_time: OpeningTime
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Annotated[Volume, Field(description="in the base currency")]


def _checked(value: object, check: Callable[[object], list[GivenCandle]]) -> list[GivenCandle] | NDArray[np.float64]:
    """Candles as JSON has them; what api.wire.quick_candles read was checked there."""
    return value if isinstance(value, np.ndarray) else check(value)


# fail_fast: a body of a million wrong items would make a million errors, of which a handful is told
_GivenList = Annotated[list[GivenCandle], Field(min_length=1, max_length=MOST_CANDLES, fail_fast=True)]
GivenCandles = Annotated[
    list[GivenCandle] | NDArray[np.float64],  # or rows (n, 6) of what Candles are made of
    GetPydanticSchema(lambda _, schema: no_info_wrap_validator_function(_checked, schema(_GivenList))),
]
Closes = Annotated[list[Price], Field(fail_fast=True)]


def candles_of(given: GivenCandles, *place: str | int) -> Candles:
    """Candles in order, equal ones merged. Raises RequestValidationError that names the first that cannot be one.

    `place` is where they stand in the body.
    """
    rows = given if isinstance(given, np.ndarray) else np.array([_row(each) for each in given])
    try:
        return Candles.from_rows(rows)
    except InvalidInput as error:
        number, words = _first_refused(rows)
        raise invalid(words, *place, number) from error


def _row(each: GivenCandle) -> Row:
    return each["open_time"], each["open"], each["high"], each["low"], each["close"], each["volume"]


def invalid(words: str, *place: str | int) -> RequestValidationError:
    """What is wrong at a place in the body."""
    return RequestValidationError([{"loc": ("body", *place), "msg": words}])


def _first_refused(rows: NDArray[np.float64]) -> tuple[int, str]:
    """Which of rows is the first that makes them no candles, and why."""
    good, bad, words = 0, len(rows), ""  # the first `good` are candles, the first `bad` are not
    while bad - good > 1 or not words:
        middle = (good + bad + 1) // 2
        try:
            Candles.from_rows(rows[:middle])
            good = middle
        except InvalidInput as error:
            bad, words = middle, str(error)
    return bad - 1, words
