"""``GET /v1/forecasts`` and ``GET /v1/track-record``: what was forecast live, and what became of it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import AwareDatetime, Field
from pydantic_core import to_json

from api.dependencies import BackendDep, RecordsDep
from api.middleware import for_seconds, tagged
from api.wire import Given, GivenRoute, QueryHours, QueryMoment, QueryWhole
from forecaster.errors import ConfigurationError, DatabaseError
from forecaster.ledger import Kept, LedgerPage, TrackRecord
from forecaster.market import rounded
from forecaster.schema import FARTHEST, Frozen, Symbol

MINUTE, WEEK = 60, 7 * 24 * 3600  # seconds
UNKNOWN = "No forecast of this id is kept. The id is in the answer of POST /v1/forecast to a question without candles."
LONGEST_PAGE = 200
EDGES = {"50": ("0.25", "0.75"), "80": ("0.10", "0.90"), "95": ("0.025", "0.975")}  # of bands, as levels

log = logging.getLogger(__name__)
router = APIRouter(prefix="/v1", tags=["record"], route_class=GivenRoute)


class PageQuery(Given):
    """Which forecasts, and from where on."""

    symbol: Symbol | None = None
    since: QueryMoment | None = Field(
        default=None, description="issued then or later: ISO 8601 with a zone, or Unix seconds"
    )
    cursor: str | None = Field(default=None, max_length=200, description="next_cursor of the page before")
    limit: QueryWhole = Field(default=50, ge=1, le=LONGEST_PAGE)


class RangesQuery(PageQuery):
    """Which forecasts, and which of their horizons."""

    symbol: Symbol
    minutes: QueryWhole = Field(default=60, ge=1, le=FARTHEST, description="how far ahead")


class Came(Frozen):
    """The close that a range spoke of."""

    actual: float
    inside: dict[str, bool] = Field(description="whether the band '50', '80', '95' held it")


class Range(Frozen):
    """One horizon of a forecast: a few hundred bytes of what takes 18 kB in whole."""

    id: str
    as_of: AwareDatetime
    target_time: AwareDatetime
    minutes: int
    median: float
    bands: dict[str, tuple[float, float]] = Field(description="'50', '80', '95' -> lower and upper price")
    outcome: Came | None = Field(description="None until the target has closed")


class RangesPage(Frozen):
    """Ranges of forecasts, newest first."""

    symbol: Symbol
    ranges: tuple[Range, ...]
    next_cursor: str | None = Field(description="where the next page begins; None at the end")


class RecordQuery(Given):
    """Whose record."""

    symbol: Symbol | None = None
    hours: QueryHours | None = Field(default=None, description="how far ahead; all horizons by default")


@router.get(
    "/forecasts/ranges",
    summary="The ranges of forecasts alone, newest first",
    response_model=RangesPage,
    responses=tagged(422, 503),
)
async def ranges(
    query: Annotated[RangesQuery, Query()], request: Request, backend: BackendDep, recent: RecordsDep
) -> Response:
    """One horizon of each live forecast: its bands, and what became of it. What a chart needs."""

    async def answer() -> bytes:
        with _told():
            found = await backend.history(query.symbol, query.since, query.cursor, query.limit)
        slim = tuple(each for kept in found.forecasts if (each := _range(kept, query.minutes)))
        return to_json(RangesPage(symbol=query.symbol, ranges=slim, next_cursor=found.next_cursor))

    body, _ = await recent.once("everybody", f"ranges {query!r}", b"", answer)
    return for_seconds(request, body, MINUTE)


@router.get(
    "/forecasts/{forecast_id}",
    summary="A forecast and what became of it",
    response_model=Kept,
    responses=tagged(404, 422, 503),
)
async def one(
    forecast_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")], request: Request, backend: BackendDep
) -> Response:
    """A live forecast as it was issued. Once a target hour has closed: the close, the error, the bands that held it
    and the level at which it fell."""
    with _told():
        kept = await backend.kept(forecast_id)
    if kept is None:
        raise HTTPException(404, UNKNOWN)
    settled = len(kept.outcomes) >= sum(each.hours is not None for each in kept.forecast.horizons)
    return for_seconds(request, kept, WEEK if settled else MINUTE)


@router.get(
    "/forecasts",
    summary="Forecasts, newest first",
    response_model=LedgerPage,
    responses=tagged(422, 503),
)
async def page(query: Annotated[PageQuery, Query()], request: Request, backend: BackendDep) -> Response:
    """Live forecasts with their outcomes, page by page: send `next_cursor` as `cursor` until there is none."""
    with _told():
        found = await backend.history(query.symbol, query.since, query.cursor, query.limit)
    return for_seconds(request, found, MINUTE)


@router.get(
    "/track-record",
    summary="How live forecasts turned out",
    response_model=TrackRecord,
    responses=tagged(422, 503),
)
async def track_record(
    query: Annotated[RecordQuery, Query()], request: Request, backend: BackendDep, recent: RecordsDep
) -> Response:
    """By symbol, model and horizon: errors beside those of "no change", coverage, and the newest misses."""

    async def answer() -> bytes:
        with _told():
            return to_json(await backend.track_record(query.symbol, query.hours))

    record, _ = await recent.once("everybody", f"{query.symbol} {query.hours}", b"", answer)
    return for_seconds(request, record, MINUTE)


def _range(kept: Kept, minutes: int) -> Range | None:
    """What a forecast says of one horizon, where it has it."""
    horizon = next((each for each in kept.forecast.horizons if each.minutes == minutes), None)
    if horizon is None:
        return None
    outcome = next((each for each in kept.outcomes if each.minutes == minutes), None)
    priced = {level: rounded(price) for level, price in horizon.quantiles.items()}
    return Range(
        id=kept.forecast.id,
        as_of=kept.forecast.as_of,
        target_time=horizon.target_time,
        minutes=minutes,
        median=rounded(horizon.median),
        bands={band: (priced[low], priced[high]) for band, (low, high) in EDGES.items()},
        outcome=Came(actual=outcome.actual, inside=outcome.inside) if outcome else None,
    )


@contextmanager
def _told() -> Iterator[None]:
    """A ledger that is not there or does not answer is no fault of the request."""
    try:
        yield
    except DatabaseError as error:  # the log has it once, from forecaster/database/health.py
        raise HTTPException(503, str(error), headers={"Retry-After": str(error.retry_after)}) from error
    except ConfigurationError as error:
        log.error("The record could not be read. %s", error)
        raise HTTPException(503, str(error)) from error
