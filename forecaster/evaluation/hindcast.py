"""Grades the one-hour forecasts that a model would have issued over a file of candles, as it would have served them."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.calibration import Calibration, tracked
from forecaster.errors import InvalidInput
from forecaster.evaluation.baselines import known_quantiles
from forecaster.evaluation.grades import Hindcast
from forecaster.evaluation.metrics import Scored, graded, inside
from forecaster.features import KINDS, LOOKBACK, Market
from forecaster.inference import Engine, OnnxEngine, backtest
from forecaster.market import LONGEST_GAP, Candles, hours_past
from forecaster.quantiles import LEVELS, MEDIAN, Floats, crps
from forecaster.schema import FIVE_MINUTES, HOUR, WINDOW, InputKind, Symbol

STRETCH = 8192  # hours that are forecast together
HISTORY = 24 * 91  # hours before them: what a forecast reads, and the 90 days that rolling quantiles do


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
    stretches = in_stretches(engine, calibration, symbol, candles, other, start, fine)
    return graded(symbol, (rows.scored() for rows in stretches))


@dataclass(frozen=True, slots=True, eq=False)
class Issued:
    """One-hour forecasts with what happened, in order of time; prices in the quote currency, the rest log returns."""

    as_of: NDArray[np.int64]  # (n,) Unix s
    last: Floats  # (n,) close at as_of
    outcome: Floats  # (n,) over the hour that followed
    quantiles: Floats  # (n, Q)
    rolling_crps: Floats  # (n,) of the quantiles of the last 90 days

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
        return cls(np.empty(0, np.int64), nothing, nothing, np.empty((0, len(LEVELS))), nothing)

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

    def scored(self) -> Scored:
        """What is kept of each of many."""
        loss, held = crps(self.quantiles, self.outcome), inside(self.quantiles, self.outcome)
        return Scored(self.as_of, self.last, self.predicted, self.actual, loss, self.rolling_crps, held)


def issued(
    engine: Engine,
    calibration: Calibration,
    symbol: Symbol,
    candles: Candles,
    other: Candles | None = None,
    start: float = 0.0,
    fine: Candles | None = None,
    stretch: int = STRETCH,
) -> Issued:
    """What would have been served for each hour from `start` (Unix s) on that can be graded; see `hindcast`.

    How many hours are forecast together, `stretch`, changes no more than the last digits of a float32.
    """
    return Issued.none().then(*in_stretches(engine, calibration, symbol, candles, other, start, fine, stretch))


def in_stretches(
    engine: Engine,
    calibration: Calibration,
    symbol: Symbol,
    candles: Candles,
    other: Candles | None,
    start: float,
    fine: Candles | None,
    stretch: int = STRETCH,
) -> Iterator[Issued]:
    """The same, so many hours at a time that what they take does not grow with the years."""
    if not len(candles):
        return
    zero, followers = int(candles.time[0]), {kind: _Followed(calibration, kind, symbol) for kind in KINDS}
    count = (int(candles.time[-1]) - zero) // HOUR + 1  # hours without a hole
    first = max(int(-(-(start - HOUR - zero) // HOUR)), WINDOW - 1)
    for begin in range(first, count - 1, stretch):
        end = min(begin + stretch, count - 1)
        market = Market.during(symbol, candles, other, fine, zero + HOUR * (begin - HISTORY), zero + HOUR * end)
        rows = np.arange(begin, end) - (int(market.time[0]) - zero) // HOUR
        bare = rows[: max(LOOKBACK - 1 - begin, 0)]  # which only the first hours of the file are
        parts: dict[InputKind, NDArray[np.int64]] = {"closes_only": bare, "full": rows[len(bare) :]}
        quantiles = np.concatenate([followers[kind].served(engine, market, part) for kind, part in parts.items()])
        gradable = _gradable(market, rows)
        rows, outcome = rows[gradable], market.target[rows[gradable], 0]
        rolling = known_quantiles(market.close, rows) if len(rows) else quantiles[:0]
        yield Issued(
            as_of=market.time[rows] + HOUR,
            last=market.close[rows],
            outcome=outcome,
            quantiles=quantiles[gradable],
            rolling_crps=crps(rolling, outcome),
        )


class _Followed:
    """What would have been served from one kind of input, stretch after stretch; bands follow the outcomes."""

    def __init__(self, calibration: Calibration, kind: InputKind, symbol: Symbol) -> None:
        self._calibration, self._kind, self._tracker = calibration, kind, calibration.tracker(kind, symbol)
        self._open: tuple[Floats, Floats] | None = None  # the newest forecast and what came of it

    def served(self, engine: Engine, market: Market, rows: NDArray[np.int64]) -> Floats:
        """The quantiles of the next hour's log return (n, Q) at rows (n,) that go on where those before ended."""
        if not len(rows):
            return np.empty((0, len(LEVELS)))
        if self._open:
            self._tracker.settle(np.array([1]), *self._open)
        marks, outcome = market.time[rows] % HOUR // FIVE_MINUTES, market.target[rows, :1]
        quantiles = self._calibration.apply(self._kind, backtest(engine, market, rows, self._kind, 1), marks)
        issued = tracked(quantiles, outcome, self._tracker)[:, 0]
        self._open = issued[-1:], outcome[-1]
        return issued


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
