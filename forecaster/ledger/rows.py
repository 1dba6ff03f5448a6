"""The ledger's rows and the wire format, each made from the other."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from forecaster.errors import ConfigurationError
from forecaster.ledger.track_record import Outcome, error_pct, inside, pit
from forecaster.market import utc
from forecaster.quantiles import BANDS
from forecaster.schema import Forecast, ForecastWarning


def forecast_row(forecast: Forecast) -> dict[str, Any]:
    """The row that keeps a forecast."""
    as_of = int(forecast.as_of.timestamp())
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
        "horizons": sum(horizon.hours is not None for horizon in forecast.horizons),
        "body": forecast.model_dump_json(),
    }


def forecast_of(body: str) -> Forecast:
    """The forecast that a row keeps. Raises ConfigurationError where it keeps something else."""
    try:
        return Forecast.model_validate_json(body)
    except ValidationError as error:
        raise ConfigurationError(
            "The ledger holds a forecast that cannot be read.",
            "Update CryptoSense, or set CRYPTOSENSE_DATABASE_URL to another database.",
        ) from error


def outcome_rows(row: Any, closes: Mapping[int, float]) -> Iterator[dict[str, Any]]:
    """Rows of outcomes, by hours, for a row (id, issued_at, body) and closes by closing time (Unix s).

    There is none for a target that has no close, nor for one that had closed when the forecast was issued.
    """
    for horizon in forecast_of(row.body).horizons:
        target = int(horizon.target_time.timestamp())
        if horizon.hours is None or target not in closes or target <= row.issued_at:
            continue
        actual = closes[target]
        yield {
            "forecast_id": row.id,
            "hours": horizon.hours,
            "target_time": target,
            "actual": actual,
            "median": horizon.median,
            "pit": pit(horizon, actual),
            **{f"inside_{name}": held for name, held in inside(horizon, actual).items()},
        }


def outcome_of(row: Any) -> Outcome:
    """The outcome that a row keeps."""
    return Outcome(
        hours=row.hours,
        target_time=utc(row.target_time),
        actual=row.actual,
        error_pct=error_pct(row.median, row.actual),
        inside={name: bool(getattr(row, f"inside_{name}")) for name in BANDS},
        pit=row.pit,
    )
