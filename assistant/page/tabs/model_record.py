"""What is known of the model that answers: its report, what stands behind it, and the classic recipe's report.

A backend gives what stands behind it as JSON (evaluation/record.py says what is in it). Only what the page shows
is read: forecasts from candles of both coins, graded on the hours held back. Without it, the report stands alone.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from forecaster.schema import Report, Symbol, TableRow

SHOWN: dict[str, Any] = {"method": "fixed_split", "input": "full"}
WHOLE = "all"  # the period that holds every graded hour

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """The record of one model."""

    report: Report
    evaluation: bytes | None = None  # JSON; None where the model has no more than its report
    classic: Report | None = None  # of the classic recipe; None where it is not at hand, or answers itself


class Row(BaseModel):
    """One coin and horizon. Skills are 1 - our loss / the other's; intervals are 95 %, None where not measured."""

    symbol: Symbol
    hours: int
    n: int
    mae_skill: float  # against no change
    mae_skill_low: float | None = None
    mae_skill_high: float | None = None
    direction: float | None = None
    direction_low: float | None = None
    direction_high: float | None = None
    direction_surest: float | None = None
    crps_skill: float  # against the spread of the last 90 days
    crps_skill_low: float | None = None
    crps_skill_high: float | None = None
    coverage: list[float]  # of the bands 50, 80, 95


class Curve(BaseModel):
    """How often closes fell below each level's quantile, one hour ahead."""

    symbol: Symbol
    hours: int
    levels: list[float]
    below: list[float]


_ROWS, _CURVES = TypeAdapter(list[Row]), TypeAdapter(list[Curve])


def rows_and_curves(record: ModelRecord) -> tuple[list[Row], list[Curve]]:
    """The rows by symbol and hours, and the curves; the report's own rows where nothing stands behind it."""
    if record.evaluation:
        try:
            whole = json.loads(record.evaluation)
            rows = _ROWS.validate_python([*_rows(whole["graded"], record.report.model.name)])
            curves = _CURVES.validate_python(_ours(whole["reliability"], record.report.model.name, hours=1))
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            log.warning("What stands behind the report cannot be read (%s): it is shown alone.", type(error).__name__)
        else:
            return _in_order(rows), curves
    table = (row for row in record.report.table if row.input == SHOWN["input"])
    return _in_order(list(map(_from_table, table))), []


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """By coin, in the order of the record, and by hours."""
    symbols = list(dict.fromkeys(row.symbol for row in rows))
    return sorted(rows, key=lambda row: (symbols.index(row.symbol), row.hours))


def _rows(table: dict[str, Any], model: str) -> Iterator[dict[str, Any]]:
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    return iter(_ours(rows, model, period=WHOLE))


def _ours(rows: list[dict[str, Any]], model: str, **more: object) -> list[dict[str, Any]]:
    wanted = {**SHOWN, "forecaster": model, **more}
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def _from_table(row: TableRow) -> Row:
    return Row(
        symbol=row.symbol,
        hours=row.hours,
        n=row.n,
        mae_skill=row.mae_skill.value,
        mae_skill_low=row.mae_skill.ci_low,
        mae_skill_high=row.mae_skill.ci_high,
        direction=row.direction,
        crps_skill=1 - row.crps / row.crps_rolling_quantiles,
        coverage=[row.coverage[band] for band in ("50", "80", "95")],
    )
