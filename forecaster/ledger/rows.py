"""The ledger's rows and the wire format, each made from the other; of many rows, their numbers alone."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from forecaster.errors import InvalidInput
from forecaster.ledger.packing import Ladder, ladder_of, pack, unpack, unpacked_numbers, unreadable
from forecaster.market import utc
from forecaster.quantiles import LEVELS, MEDIAN, Floats
from forecaster.schema import Forecast, ForecastWarning, ModelRef


class Numbers(NamedTuple):
    """Distributions of forecasts that have the same horizons and levels."""

    rows: list[int]  # where each forecast stands among those that were read, n of them
    minutes: NDArray[np.int64]  # (H,)
    levels: Floats  # (Q,) ascending
    prices: Floats  # (n, H, Q)
    medians: Floats  # (n, H)


def forecast_row(forecast: Forecast) -> dict[str, Any]:
    """The row that keeps a forecast. Raises InvalidInput for horizons that are not those of standing forecasts."""
    as_of, ladder = int(forecast.as_of.timestamp()), Ladder.of(forecast)
    if ladder is None:
        raise InvalidInput(
            "The ledger keeps no forecast of these horizons.",
            "Record one of 15, 30 and 45 minutes or the first of them, and of each hour from 1 on.",
        )
    return {
        "id": forecast.id,
        "symbol": forecast.symbol,
        "source": forecast.source,
        "input": "closes_only" if ForecastWarning.CLOSES_ONLY in forecast.warnings else "full",
        "model_name": forecast.model.name,
        "model_version": forecast.model.version,
        "model_sha256": forecast.model.sha256,
        "as_of": as_of,
        "issued_at": as_of + forecast.age_seconds,
        "last_close": forecast.last_close,
        "horizons": len(forecast.horizons),
        "body": "",
        "short": ladder.short,
        "packed": pack(forecast),
    }


def forecast_of(row: Any) -> Forecast:
    """The forecast that a whole row keeps. Raises ConfigurationError where it keeps something else."""
    if not row.packed:
        try:
            return Forecast.model_validate_json(row.body)
        except ValidationError as error:
            raise unreadable() from error
    columns = {
        "id": row.id,
        "symbol": row.symbol,
        "source": row.source,
        "as_of": utc(row.as_of),
        "age_seconds": row.issued_at - row.as_of,
        "last_close": row.last_close,
        "model": ModelRef(name=row.model_name, version=row.model_version, sha256=row.model_sha256),
    }
    return unpack(row.packed, columns)


def span(rows: Iterable[Any]) -> tuple[int, int]:
    """First and last second at which a target of forecasts may close."""
    times = [row.as_of for row in rows]
    return min(times, default=0), max(times, default=-86_400) + 86_400


def numbers(rows: Sequence[Any]) -> Iterator[Numbers]:
    """The distributions of whole rows. Raises ConfigurationError where one cannot be read."""
    packed: dict[Ladder, list[int]] = {}
    others = []
    for place, row in enumerate(rows):
        ladder = ladder_of(row.packed) if row.packed else None
        if ladder:
            packed.setdefault(ladder, []).append(place)
        else:
            others.append(place)
    for ladder, places in packed.items():
        _, returns = unpacked_numbers([rows[place].packed for place in places])
        prices = np.array([rows[place].last_close for place in places])[:, None, None] * np.exp(returns)
        yield Numbers(places, np.array(ladder.minutes), np.array(LEVELS), prices, prices[:, :, MEDIAN])
    for place in others:
        yield from _of_another_form(place, rows[place])


def _of_another_form(place: int, row: Any) -> Iterator[Numbers]:
    """Of one forecast; its horizons may have different levels."""
    by_levels: dict[tuple[str, ...], list[Any]] = {}
    for horizon in forecast_of(row).horizons:
        by_levels.setdefault(tuple(sorted(horizon.quantiles, key=float)), []).append(horizon)
    for keys, horizons in by_levels.items():
        yield Numbers(
            [place],
            np.array([each.minutes for each in horizons]),
            np.array([float(key) for key in keys]),
            np.array([[[each.quantiles[key] for key in keys] for each in horizons]]),
            np.array([[each.median for each in horizons]]),
        )
