"""How many minutes after a jump an alarm comes: the model's, and a rolling z-score's that raises as many false alarms.

    python -m benchmarks.detection_delay BTC5M.parquet ETH5M.parquet [--symbol BTC-USD] [--from 2023-12-04] [--to DATE]

Jumps of some sigmas are put into one five-minute candle each, at random marks of hours that the graded networks never
saw. Whoever looks every five minutes judges the hours that end at each mark; minutes are counted from the beginning of
the candle with the jump, and none is found later than an hour after it. The rule's threshold is set in hindsight, at
which it raises as many alarms as the model where nothing was injected. A rule that looks once an hour, as most do, has
the first full hour after the jump to find it.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.alarms_every_five_minutes import PAST as HISTORY
from benchmarks.alarms_every_five_minutes import fine, raised
from benchmarks.figures import table
from forecaster.anomalies.injection import Judge, Judged
from forecaster.anomalies.monitor import LOOKS
from forecaster.anomalies.zscore_rule import PAST, RULES, Rule
from forecaster.artifact import load_artifact
from forecaster.calibration import Calibration, Detectors, Recent, score
from forecaster.features import Market, window_volatility
from forecaster.inference import OnnxEngine
from forecaster.market.hours_ending import hours_ending
from forecaster.schema import FIVE_MINUTES, HOUR, WINDOW
from forecaster.settings import ROOT

BUDGETS = (1.0, 10.0, 30.0)  # days
SIZES = (3.0, 4.0, 5.0, 6.0, 8.0)  # sigmas
MARKS = HOUR // FIVE_MINUTES  # at which a jump lies within the hour that is judged
JUMPS = 2_000
SEED = 7

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The judged hours that end at one mark."""

    time: NDArray[np.int64]  # (n,) ends, Unix s
    judged: Judged
    recent: Recent
    sigma: Floats  # (n,) known when each hour began

    def closes(self, rows: NDArray[np.int64]) -> Floats:
        """Closes (m, PAST + 1) up to the end of some judged hours."""
        found: Floats = self.judged.close[self.judged.rows[rows, None] + np.arange(1 - PAST, 2)]
        return found


def series(market: Market, judges: dict[str, Judge], detectors: Detectors, start: float) -> Series:
    """Of one market's hours from `start` (Unix s) on."""
    judged = {kind: judge.judge(market, start) for kind, judge in judges.items()}
    recent, _ = detectors.usual.recent(judged["closes_only"].scores, detectors.usual.past)
    rows = judged["full"].rows
    sigma = window_volatility(market.close)[rows - (WINDOW - 1)]
    return Series(market.time[rows] + 2 * HOUR, judged["full"], recent, sigma)


def ours(each: Series, rows: NDArray[np.int64], size: Floats, judge: Judge) -> Floats:
    """Adjusted scores (m,) of some hours with jumps of such sizes (m,) within."""
    moved = each.judged.moved[rows] + size[:, None]
    return each.recent.at(rows).adjusted(score(judge.detector.probabilities(each.judged.spoken[rows], moved)))


def theirs(each: Series, rows: NDArray[np.int64], size: Floats, rule: Rule) -> Floats:
    """The rule's scores of the same."""
    close = each.closes(rows)
    close[:, -1] *= np.exp(size)
    return rule.score(close, 1)[:, 0]


def limit_of(time: NDArray[np.int64], scores: Floats, most: int) -> float:
    """The largest score at which at most so many alarms are raised."""
    ranked = np.sort(scores)
    low, high = 0, len(ranked) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if raised(time, scores, ranked[middle]) <= most else (low, middle - 1)
    return float(ranked[low])


def told(scores: Floats, limit: float) -> str:
    """Share found, and minutes until then: scores (jumps, looks), NaN where nobody looks."""
    hit = scores <= limit
    found = hit.any(axis=1)
    minutes = 5 * (1 + hit.argmax(axis=1)[found])
    return f"{100 * found.mean():.0f} %, {minutes.mean():.0f} min" if found.any() else "0 %"


def main() -> None:
    """Judge, inject and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("coin", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--from", dest="start", default="2023-12-04")
    parser.add_argument("--to", dest="stop", default="2025-09-18")
    parser.add_argument("--symbol", default="BTC-USD")
    asked = parser.parse_args()
    start, stop = (
        int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) for day in (asked.start, asked.stop)
    )
    coin, other = (fine(path, start).closed_at(stop) for path in (asked.coin, asked.other))
    artifact = load_artifact(ROOT / "models" / "quantile")
    engine = OnnxEngine(artifact.files["graded.onnx"])
    calibration = Calibration.model_validate_json(artifact.files["calibration.json"])
    detectors = calibration.detectors
    assert detectors is not None
    judges = {
        kind: Judge(engine, calibration.of(kind), detectors.of_kind(kind), kind) for kind in ("closes_only", "full")
    }
    marks = []
    for offset in range(MARKS):
        at, count = stop - FIVE_MINUTES * offset, (stop - start) // HOUR + HISTORY
        hours = (hours_ending(each, at, count) for each in (coin, other))
        marks.append(series(Market.of(asked.symbol, *hours), judges, detectors, start))
    report(marks, judges["full"], asked.symbol)


def report(marks: list[Series], judge: Judge, symbol: str) -> None:
    """Print what was found how soon, by size and budget."""
    place = {}  # of each judged hour by its end: which mark's series, and which of its hours
    for number, each in enumerate(marks):
        place.update({end: (number, row) for row, end in enumerate(each.time.tolist())})
    times = np.array(sorted(place))
    clean = {rule: np.concatenate([theirs(each, *_all(each), rule) for each in marks]) for rule in RULES}
    own = np.concatenate([each.recent.adjusted(each.judged.scores) for each in marks])
    ends = np.concatenate([each.time for each in marks])
    order = np.argsort(ends)
    once = ends % HOUR == 0
    whole = [at for at in times[:-MARKS].tolist() if all(at + FIVE_MINUTES * step in place for step in range(MARKS))]
    random = np.random.default_rng(SEED)
    chosen = np.sort(random.choice(whole, JUMPS, replace=False))
    sign = random.choice([-1.0, 1.0], JUMPS)
    unit = np.array([marks[number].sigma[row] for number, row in (place[at] for at in chosen.tolist())])
    full = (chosen[:, None] + FIVE_MINUTES * np.arange(MARKS)) % HOUR == 0
    limits = []  # of each budget: the model's, the rules' at every mark, and at full hours
    for days in BUDGETS:
        limit, hourly = judge.detector.limit(days * LOOKS), judge.detector.limit(days)
        most, fewer = raised(ends[order], own[order], limit), raised(ends[once], own[once], hourly)
        often = {rule: limit_of(ends[order], clean[rule][order], most) for rule in RULES}
        seldom = {rule: limit_of(ends[once], clean[rule][once], fewer) for rule in RULES}
        limits.append((limit, often, seldom))
    rows = []
    for sigmas in SIZES:
        size = sigmas * unit * sign
        model = _looks(marks, place, chosen, size, partial(ours, judge=judge))
        rules = {rule: _looks(marks, place, chosen, size, partial(theirs, rule=rule)) for rule in RULES}
        usual = {rule: np.where(full, scores, np.nan) for rule, scores in rules.items()}
        for days, (limit, often, seldom) in zip(BUDGETS, limits, strict=True):
            name = f"{sigmas:g} sigmas, one alarm in {days:g} days"
            rows.append((name, told(model, limit), _best(rules, often), _best(usual, seldom)))
    head = ("", "the model", "best rolling z-score, every five minutes", "best rolling z-score, once an hour")
    table("Found, and minutes until then", head, rows, f"{symbol}, {JUMPS:,} jumps of each size")


def _all(each: Series) -> tuple[NDArray[np.int64], Floats]:
    return np.arange(len(each.time)), np.zeros(len(each.time))


def _best(rules: dict[Rule, Floats], limits: dict[Rule, float]) -> str:
    """What the rule found that found most."""
    best = max(rules, key=lambda rule: float((rules[rule] <= limits[rule]).any(axis=1).mean()))
    return told(rules[best], limits[best])


def _looks(
    marks: list[Series],
    place: dict[int, tuple[int, int]],
    chosen: NDArray[np.int64],
    size: Floats,
    scored: Callable[[Series, NDArray[np.int64], Floats], Floats],
) -> Floats:
    """Scores (jumps, 12) at the mark at which each jump has closed and at the eleven after it."""
    found = np.full((len(chosen), MARKS), np.nan)
    for step in range(MARKS):
        number, row = np.array([place[end] for end in (chosen + FIVE_MINUTES * step).tolist()]).T
        for one, each in enumerate(marks):
            mine = number == one
            found[mine, step] = scored(each, row[mine], size[mine])
    return found


if __name__ == "__main__":
    main()
