"""Slices of a record: one forecaster over the horizons or the years, all forecasters on the same hours."""

from dataclasses import dataclass

from forecaster.evaluation import ALL, OURS, Evaluation, Graded, Method, Reliability, Scores
from forecaster.schema import InputKind, Symbol


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def undecided(self) -> bool:
        """Whether the interval holds 0."""
        return self.low <= 0 <= self.high


def mae_skill(scores: Scores) -> Interval:
    """Skill of the median against 'no change'."""
    return Interval(scores.mae_skill, scores.mae_skill_low, scores.mae_skill_high)


def crps_skill(scores: Scores) -> Interval:
    """Skill of the whole distribution against rolling 90-day quantiles."""
    return Interval(scores.crps_skill, scores.crps_skill_low, scores.crps_skill_high)


def forecasters(evaluation: Evaluation, symbol: Symbol, hours: int = 1, kind: InputKind = "full") -> dict[str, Scores]:
    """Everybody's scores on the same hours after the split, by name."""
    rows = _rows(evaluation, "fixed_split", symbol, kind)
    return {row.forecaster: row.scores for row in rows if (row.hours, row.period) == (hours, ALL)}


def horizons(
    evaluation: Evaluation, forecaster: str, symbol: Symbol, kind: InputKind = "full", method: Method = "fixed_split"
) -> dict[int, Scores]:
    """One forecaster's scores by hours ahead, ascending."""
    rows = _rows(evaluation, method, symbol, kind)
    found = {row.hours: row.scores for row in rows if (row.forecaster, row.period) == (forecaster, ALL)}
    return dict(sorted(found.items()))


def years(evaluation: Evaluation, symbol: Symbol, forecaster: str = OURS, hours: int = 1) -> dict[str, Scores]:
    """One forecaster's scores by year, ascending; of the walk-forward where there is one."""
    rows = _rows(evaluation, yearly_method(evaluation), symbol, "full")
    same = [row for row in rows if (row.forecaster, row.hours) == (forecaster, hours) and row.period != ALL]
    return {row.period: row.scores for row in sorted(same, key=lambda row: row.period)}


def yearly_method(evaluation: Evaluation) -> Method:
    """Whose years are shown: the walk-forward's, which are more, or those of the fixed split."""
    return "walk_forward" if any(row.method == "walk_forward" for row in evaluation.graded) else "fixed_split"


def curve(evaluation: Evaluation, forecaster: str, symbol: Symbol, hours: int = 1) -> Reliability | None:
    """The reliability of a forecaster from candles on the hours after the split, if it was measured."""
    wanted = ("fixed_split", forecaster, symbol, "full", hours)
    for each in evaluation.reliability:
        if (each.method, each.forecaster, each.symbol, each.input, each.hours) == wanted:
            return each
    return None


def graded_symbols(evaluation: Evaluation) -> tuple[Symbol, ...]:
    """The symbols for which the model's own forecasts one hour ahead were graded."""
    symbols = dict.fromkeys(row.symbol for row in evaluation.graded)
    return tuple(symbol for symbol in symbols if OURS in forecasters(evaluation, symbol))


def _rows(evaluation: Evaluation, method: Method, symbol: Symbol, kind: InputKind) -> list[Graded]:
    return [row for row in evaluation.graded if (row.method, row.symbol, row.input) == (method, symbol, kind)]
