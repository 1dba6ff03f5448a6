"""Grades forecasters on the same hours of one market, each horizon and period for itself.

    fold    hours that are forecast by what was fitted on the hours before them
    panel   all folds together: outcomes, closes, and what the rolling quantiles scored there

A fixed split is one fold; a walk-forward is one a year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from forecaster.evaluation.baselines import Baseline, baselines
from forecaster.evaluation.metrics import below, leads, score
from forecaster.evaluation.record import ALL, OURS, Against, Evaluation, Graded, Method, Reliability
from forecaster.features import Market
from forecaster.inference import Progress
from forecaster.quantiles import HORIZONS, LEVELS, Floats, crps
from forecaster.schema import HOUR, InputKind

SHOWN = (1, 6, 24)  # hours ahead, where not every one of the 24 is graded
YEAR = 365 * 24  # hours
ROLLING = "rolling_quantiles"

Ours = Mapping[tuple[str, InputKind], Floats]  # a forecaster of ours and its input -> (n, 24, Q) log returns


@dataclass(frozen=True, slots=True)
class Fold:
    """Hours that are forecast by what was fitted on hours whose targets closed before `stop` (Unix s)."""

    stop: float
    rows: NDArray[np.int64]


class Panel:
    """The hours of one market that every forecaster is graded on."""

    def __init__(self, method: Method, market: Market, folds: Sequence[Fold]) -> None:
        self.method, self.market, self.folds = method, market, folds
        self.rows = np.concatenate([fold.rows for fold in folds])  # (n,)
        opening = (market.time[self.rows] + HOUR).astype("datetime64[s]")
        year = opening.astype("datetime64[Y]").astype(int) + 1970  # (n,) of the hour that is forecast first
        self._years = {str(each): year == each for each in np.unique(year)}
        self._rolling: dict[int, Floats] = {}  # by horizon, (n,) CRPS

    def evaluate(self, ours: Ours, yearly: Sequence[int], progress: Progress) -> Evaluation:
        """Our forecasts and every baseline's; horizons in `yearly` also year by year."""
        graded: list[Graded] = []
        reliability: list[Reliability] = []
        against: list[Against] = []
        fitted = [self._fitted(fold) for fold in self.folds]
        for ahead in range(1, HORIZONS + 1):
            progress(f"grading {self.market.symbol}, {ahead} of {HORIZONS} hours", (ahead - 1) / HORIZONS)
            theirs = self._theirs(fitted, ahead)
            self._rolling[ahead] = self._crps(theirs[ROLLING], ahead)
            against += self._against(ours[OURS, "full"][:, ahead - 1], theirs, ahead)
            calls = [(name, kind, issued[:, ahead - 1]) for (name, kind), issued in ours.items()]
            calls += [(name, "full", issued) for name, issued in theirs.items()]
            for name, kind, issued in calls:
                if ahead not in SHOWN and (name, self.method) not in _EVERY_HOUR:
                    continue
                row = partial(self._graded, name, kind, ahead, issued)
                graded.append(row(ALL, np.ones(len(self.rows), dtype=bool)))
                if ahead in yearly and (name == OURS or ahead in SHOWN):
                    graded += [row(year, within) for year, within in self._years.items()]
                if ahead in SHOWN:
                    reliability.append(self._reliability(name, kind, ahead, issued))
        return Evaluation(graded=tuple(graded), reliability=tuple(reliability), against=tuple(against))

    def _fitted(self, fold: Fold) -> tuple[Baseline, ...]:
        fresh = baselines()
        for each in fresh:
            each.fit(self.market, 0.0, fold.stop)
        return fresh

    def _theirs(self, fitted: Sequence[tuple[Baseline, ...]], ahead: int) -> dict[str, Floats]:
        """What each baseline forecasts, by name: (n, Q) log returns."""
        return {
            same[0].name: np.concatenate(
                [each.quantiles(self.market, fold.rows, ahead) for each, fold in zip(same, self.folds, strict=True)]
            )
            for same in zip(*fitted, strict=True)
        }

    def _crps(self, issued: Floats, ahead: int) -> Floats:
        return crps(issued, self.market.target[self.rows, ahead - 1])  # NaN where the future is unknown

    def _graded(
        self, name: str, kind: InputKind, ahead: int, issued: Floats, period: str, within: NDArray[np.bool_]
    ) -> Graded:
        outcome = self.market.target[self.rows, ahead - 1]
        chosen = within & np.isfinite(outcome)
        scores = score(
            issued[chosen].astype(np.float64),
            outcome[chosen],
            self.market.close[self.rows][chosen],
            self._rolling[ahead][chosen],
            self._usual_error(self.rows[chosen][0]),
            ahead,
        )
        return Graded(
            method=self.method,
            forecaster=name,
            symbol=self.market.symbol,
            input=kind,
            hours=ahead,
            period=period,
            scores=scores,
        )

    def _against(self, ours: Floats, theirs: Mapping[str, Floats], ahead: int) -> list[Against]:
        """Ours against each baseline, on the hours whose outcome is known."""
        outcome, last = self.market.target[self.rows, ahead - 1], self.market.close[self.rows]
        known = np.isfinite(outcome)
        found = []
        for name, issued in theirs.items():
            shape, point = leads(ours[known].astype(np.float64), issued[known], outcome[known], last[known], ahead)
            row = {"method": self.method, "forecaster": name, "symbol": self.market.symbol, "hours": ahead}
            found.append(Against.model_validate({**row, "crps": shape, "mae": point}))
        return found

    def _usual_error(self, row: int) -> float:
        """MAE of 'no change' at one hour in the year before `row`, in the quote currency."""
        return float(np.abs(np.diff(self.market.close[max(0, row - YEAR) : row + 1])).mean())

    def _reliability(self, name: str, kind: InputKind, ahead: int, issued: Floats) -> Reliability:
        outcome = self.market.target[self.rows, ahead - 1]
        known = np.isfinite(outcome)
        return Reliability(
            method=self.method,
            forecaster=name,
            symbol=self.market.symbol,
            input=kind,
            hours=ahead,
            levels=LEVELS,
            below=below(issued[known], outcome[known]),
        )


_EVERY_HOUR = {
    (OURS, "fixed_split"),
    (OURS, "walk_forward"),
    *((name, "fixed_split") for name in ("persistence", "rolling_quantiles", "ewma", "har")),
}
