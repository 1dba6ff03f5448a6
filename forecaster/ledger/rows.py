"""The ledger's rows and the wire format, each made from the other."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from forecaster.errors import InvalidInput
from forecaster.ledger.packing import Ladder, pack, unpack, unreadable
from forecaster.market import utc
from forecaster.schema import Forecast, ForecastWarning, ModelRef


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
