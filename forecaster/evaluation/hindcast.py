"""Grades the one-hour forecasts that a model would have issued over a file of candles, as it would have served them."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.calibration import Calibration, tracked
from forecaster.errors import InvalidInput
from forecaster.evaluation.baselines import known_quantiles
from forecaster.evaluation.grades import Hindcast
from forecaster.evaluation.metrics import coverage, mae_skill, metrics
from forecaster.features import LOOKBACK, Market
from forecaster.inference import Engine, OnnxEngine, backtest
from forecaster.market import LONGEST_GAP, Candles, hours_past, utc
from forecaster.quantiles import BANDS, LEVELS, MEDIAN, Floats, band, crps
from forecaster.schema import FIVE_MINUTES, HOUR, WINDOW, InputKind, Symbol

FEWEST = 2  # forecasts, without which nothing can be said


def hindcast_of(
    artifact: Artifact, symbol: str, candles: Candles, other: Candles | None = None, start: datetime | None = None
) -> Hindcast:
    """Of the networks that an artifact ships, from hours or five minutes, which tell what the last ones were like.

    Raises what `hindcast` raises, and what reading an artifact does.
    """
    fine = candles if candles.step == FIVE_MINUTES else None
    if fine is not None:
        candles, other = hours_past(candles, 0), None if other is None else hours_past(other, 0)
    return hindcast(*opened(artifact), symbol, candles, other, seconds(start), fine)


def opened(artifact: Artifact) -> tuple[Engine, Calibration]:
    """The networks that an artifact ships and their calibration. Raises InvalidInput for one without quantiles."""
    if artifact.manifest.recipe != "quantile":
        raise InvalidInput(
            f"The {artifact.manifest.name} model cannot be graded on a file.",
            "Grade the quantile model.",
        )
    calibration = Calibration.model_validate_json(artifact.files["calibration.json"])
    return OnnxEngine(artifact.files["model.onnx"]), calibration


def seconds(day: datetime | None) -> float:
    """A day in Unix seconds, in UTC where it names no zone; the beginning of time for None."""
    return 0.0 if day is None else (day if day.tzinfo else day.replace(tzinfo=UTC)).timestamp()


def hindcast(
    engine: Engine,
    calibration: Calibration,
    symbol: Symbol,
    candles: Candles,
    other: Candles | None = None,
    start: float = 0.0,
    fine: Candles | None = None,
) -> Hindcast:
    """Grade every hour from `start` (Unix s) on; candles before it are history only, `other` is the companion's.

    `fine` are the coin's five-minute candles, where they are known.

    An hour is forecast when its 60 hours before hold no gap longer than 6, and graded when it has a candle of its
    own. With fewer than 289 hours of history a forecast sees closes alone, as it does when served. Bands go on from
    the model's own widths and follow the outcomes, each from the hour on at which it had closed.
    Raises InvalidInput when fewer than two hours can be graded.
    """
    market = Market.of(symbol, candles, other if other is not None else candles[:0], fine)
    return graded(symbol, issued(engine, calibration, market, start))


@dataclass(frozen=True, slots=True, eq=False)
class Issued:
    """One-hour forecasts with what happened, in order of time; prices in the quote currency, the rest log returns."""

    as_of: NDArray[np.int64]  # (n,) Unix s
    last: Floats  # (n,) close at as_of
    outcome: Floats  # (n,) over the hour that followed
    quantiles: Floats  # (n, Q)
    rolling: Floats  # (n, Q) of the last 90 days

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Issued":
        return Issued(*(getattr(self, each.name)[rows] for each in fields(self)))

    def __len__(self) -> int:
        return len(self.as_of)

    def then(self, *more: "Issued") -> "Issued":
        """These, and after them others."""
        parts = (self, *more)
        return Issued(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(self)))

    @classmethod
    def none(cls) -> "Issued":
        """No forecast."""
        nothing = np.empty(0)
        return cls(np.empty(0, np.int64), nothing, nothing, np.empty((0, len(LEVELS))), np.empty((0, len(LEVELS))))

    @property
    def predicted(self) -> Floats:
        """The median as a price, (n,)."""
        predicted: Floats = self.last * np.exp(self.quantiles[:, MEDIAN])
        return predicted

    @property
    def actual(self) -> Floats:
        """The close that followed, (n,)."""
        actual: Floats = self.last * np.exp(self.outcome)
        return actual


def issued(engine: Engine, calibration: Calibration, market: Market, start: float = 0.0) -> Issued:
    """What would have been served for each hour from `start` (Unix s) on that can be graded; see `hindcast`."""
    first = int(np.searchsorted(market.time, start - HOUR))
    parts: list[tuple[InputKind, NDArray[np.int64]]] = [
        ("closes_only", np.arange(max(first, WINDOW - 1), min(len(market.time), LOOKBACK) - 1)),
        ("full", np.arange(max(first, LOOKBACK - 1), len(market.time) - 1)),
    ]
    rows = np.concatenate([rows for _, rows in parts])
    quantiles = np.concatenate([_served(engine, calibration, market, rows, kind) for kind, rows in parts])
    gradable = _gradable(market, rows)
    rows = rows[gradable]
    return Issued(
        as_of=market.time[rows] + HOUR,
        last=market.close[rows],
        outcome=market.target[rows, 0],
        quantiles=quantiles[gradable],
        rolling=known_quantiles(market.close, rows) if len(rows) else np.empty((0, len(LEVELS))),
    )


def _served(
    engine: Engine, calibration: Calibration, market: Market, rows: NDArray[np.int64], kind: InputKind
) -> Floats:
    """What would have been served for the next hour: (n, Q) log returns."""
    marks = market.time[rows] % HOUR // FIVE_MINUTES
    quantiles = calibration.apply(kind, backtest(engine, market, rows, kind), marks)
    return tracked(quantiles, market.target[rows], calibration.tracker(kind, market.symbol))[:, 0]


def _gradable(market: Market, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a forecast was issued at each row (n,), and the hour after it was traded."""
    if not len(rows):
        return np.zeros(0, dtype=bool)
    silent = np.zeros(len(market.time), dtype=np.int64)  # hours in a row without a candle, up to each
    for row in np.flatnonzero(~market.traded):
        silent[row] = silent[row - 1] + 1
    windows = np.lib.stride_tricks.sliding_window_view(silent, WINDOW)
    gradable: NDArray[np.bool_] = market.traded[rows] & market.traded[rows + 1]
    gradable &= windows[rows - (WINDOW - 1)].max(axis=1, initial=0) <= LONGEST_GAP
    return gradable


def graded(symbol: Symbol, rows: Issued) -> Hindcast:
    """The grades of such forecasts. Raises InvalidInput when there are fewer than two."""
    if len(rows.as_of) < FEWEST:
        raise InvalidInput(
            f"The file has too few hours of {symbol} to grade a forecast.",
            f"Give one with at least {WINDOW} hours before those that are graded, none of them far apart.",
        )
    row = metrics("quantile", rows.predicted, rows.actual, rows.last)
    return Hindcast(
        symbol=symbol,
        n=len(rows.as_of),
        start=utc(int(rows.as_of[0])),
        stop=utc(int(rows.as_of[-1]) + HOUR),
        mae=row.mae,
        mae_persistence=float(np.abs(rows.last - rows.actual).mean()),
        mae_skill=mae_skill(rows.predicted, rows.actual, rows.last).value,
        direction=row.direction,
        crps=float(1e4 * crps(rows.quantiles, rows.outcome).mean()),
        crps_rolling_quantiles=float(1e4 * crps(rows.rolling, rows.outcome).mean()),
        coverage=coverage({name: band(rows.quantiles, name) for name in BANDS}, rows.outcome),
    )
