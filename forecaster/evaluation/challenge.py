"""Whether a newly trained model may take the place of the one that answers: both graded on weeks that neither saw.

A challenger is promoted only when it is not worse: its CRPS must not be significantly higher (one-sided
Diebold-Mariano), and each of its bands must hold what it says within two points.
"""

from collections.abc import Mapping

import numpy as np

from forecaster.artifact import Artifact, Grades
from forecaster.errors import InvalidInput
from forecaster.evaluation.hindcast import Issued, issued, opened
from forecaster.evaluation.metrics import coverage
from forecaster.evaluation.significance import diebold_mariano
from forecaster.market import Candles, companion, utc
from forecaster.quantiles import BANDS, Floats, band, crps
from forecaster.schema import HOUR, Frozen, Symbol

WORSE = 0.05  # one-sided p below which a higher CRPS is no accident
FARTHEST = 0.02  # by which a band may miss what it says
FEWEST = 24 * 14  # forecasts without which nothing is decided


class Verdict(Frozen):
    """Which of two models answers from now on, and why."""

    promoted: bool
    why: str
    champion: Grades
    challenger: Grades


def verdict(champion: Artifact, challenger: Artifact, hours: Mapping[Symbol, Candles], start: float) -> Verdict:
    """Compare both on hours from `start` (Unix s) on; candles before are history.

    Raises InvalidInput where one of them was trained on such hours, and where there are too few of them.
    """
    for artifact, name in ((champion, "model that answers"), (challenger, "challenger")):
        if artifact.manifest.trained_to.timestamp() > start:
            raise InvalidInput(
                f"The {name} has learned from the hours that would be graded.",
                "Wait until there are newer weeks, or set CRYPTOSENSE_RETRAIN_WEEKS to fewer.",
            )
    theirs, ours = (_issued(artifact, hours, start) for artifact in (champion, challenger))
    if min(sum(map(len, each.values())) for each in (theirs, ours)) < FEWEST:
        raise InvalidInput("There are too few hours to grade a new model on.", "Fetch newer candles first.")
    grades = _grades(theirs), _grades(ours)
    before, after = _hourly_crps(theirs), _hourly_crps(ours)
    p = diebold_mariano(after, before, 1)
    higher = float(after.mean()) > float(before.mean())
    promoted, why = _decided(higher, None if p is None else p / 2, grades[1])
    return Verdict(promoted=promoted, why=why, champion=grades[0], challenger=grades[1])


def _decided(higher: bool, p: float | None, grades: Grades) -> tuple[bool, str]:
    if higher and p is not None and p < WORSE:
        return False, f"its CRPS is higher, which is hardly chance (p = {p:.3f})"
    for name, (low, high) in BANDS.items():
        held = grades.coverage[name]
        if abs(held - (high - low)) > FARTHEST:
            return False, f"its {name} % band held {100 * held:.1f} %"
    return True, "it is not significantly worse" if higher else "its CRPS is not higher"


def _issued(artifact: Artifact, hours: Mapping[Symbol, Candles], start: float) -> dict[Symbol, Issued]:
    engine, calibration = opened(artifact)
    found = {}
    for symbol, candles in hours.items():
        found[symbol] = issued(engine, calibration, symbol, candles, hours.get(companion(symbol)), start)
    return {symbol: rows for symbol, rows in found.items() if len(rows)}


def _hourly_crps(every: Mapping[Symbol, Issued]) -> Floats:
    """The mean over coins at each hour, (n,) in order: what coins do at one hour is no two pieces of evidence."""
    time = np.concatenate([rows.as_of for rows in every.values()])
    loss = np.concatenate([crps(rows.quantiles, rows.outcome) for rows in every.values()])
    _, hour = np.unique(time, return_inverse=True)
    mean: Floats = np.bincount(hour, loss) / np.bincount(hour)
    return mean


def _grades(every: Mapping[Symbol, Issued]) -> Grades:
    skills = []
    for rows in every.values():
        still = float(np.abs(rows.last - rows.actual).mean())
        skills.append(1 - float(np.abs(rows.predicted - rows.actual).mean()) / still if still else 0.0)
    quantiles = np.concatenate([rows.quantiles for rows in every.values()])
    outcome = np.concatenate([rows.outcome for rows in every.values()])
    return Grades(
        graded_from=utc(min(int(rows.as_of[0]) for rows in every.values())),
        graded_to=utc(max(int(rows.as_of[-1]) for rows in every.values()) + HOUR),
        n=len(outcome),
        crps=float(1e4 * crps(quantiles, outcome).mean()),
        mae_skill=float(np.mean(skills)),
        coverage=coverage({name: band(quantiles, name) for name in BANDS}, outcome),
    )
