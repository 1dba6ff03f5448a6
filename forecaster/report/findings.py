"""What the numbers say, in sentences that are computed from them, and as readily against the model as for it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from forecaster.evaluation import OURS, UNTRACKED, Evaluation, Reliability, Scores
from forecaster.market import utc
from forecaster.quantiles import BANDS, HORIZONS, band
from forecaster.report.slices import Interval, crps_skill, curve, forecasters, horizons, mae_skill, years
from forecaster.report.weeks import Material, Series, Week
from forecaster.report.wording import (
    NBSP,
    chance,
    coin,
    day,
    hours,
    interval,
    money,
    name,
    number,
    percent,
    stretches,
    versus,
)
from forecaster.schema import HOUR, Symbol


def rivals(evaluation: Evaluation, symbol: Symbol) -> str:
    """Who did better than the model one hour ahead, and in what; or who came closest."""
    everybody = {each: scores for each, scores in forecasters(evaluation, symbol).items() if each != UNTRACKED}
    ours = everybody.pop(OURS)
    better = [
        *_better(everybody, ours, "MAE", lambda scores: scores.mae, money),
        *_better(everybody, ours, "direction", lambda scores: scores.direction, percent, sign=-1),
        *_better(everybody, ours, "CRPS", lambda scores: scores.crps, _two_digits),
    ]
    if better:
        return f"{coin(symbol)}, who does better and in what: {'; '.join(better)}."
    nearest = min(everybody, key=lambda each: everybody[each].crps, default=None)
    if nearest is None:
        return f"{coin(symbol)}: nobody else was graded."
    row = evaluation.lead(nearest, symbol, 1)
    how_sure = f", {chance(row.crps.p)}" if row and row.crps.p is not None else ""
    return (
        f"{coin(symbol)}: nobody else does better in MAE, direction or CRPS. Nearest in CRPS is {name(nearest)} "
        f"({_two_digits(everybody[nearest].crps)} against {_two_digits(ours.crps)}{how_sure})."
    )


def point(series: Series) -> str:
    """How much of the actual moves the point forecasts told."""
    predicted, actual = (np.log(price / series.last) for price in (series.predicted, series.actual))
    typical, came = (float(np.median(np.abs(move))) for move in (predicted, actual))
    told = float(np.corrcoef(predicted, actual)[0, 1]) if predicted.std() and actual.std() else 0.0
    return (
        f"Over {len(actual):,} hours the predicted move was typically {percent(typical, 3)} and the actual one "
        f"{percent(came, 3)}. Their correlation is {number(told, 3)}: the forecasts explain "
        f"{percent(told**2, 2)} of the variance of the moves."
    )


def week(title: str, shown: Week) -> str:
    """What happened in a week, and how the bands took it."""
    returns = np.diff(np.log(shown.close))
    inside = {each: _held(shown, each) for each in BANDS}
    return (
        f"{title}, from {day(utc(int(shown.time[0]) - HOUR))}: closes between {money(shown.close.min())} and "
        f"{money(shown.close.max())}, moving {percent(float(returns.std()), 2)} an hour (standard deviation). "
        f"Of {len(shown.close)} closes {inside['50']} fell inside the 50{NBSP}% band, {inside['80']} inside the "
        f"80{NBSP}% band and {inside['95']} inside the 95{NBSP}% band; the 80{NBSP}% band was "
        f"{percent(_width(shown), 2)} of the price wide on average."
    )


def widths(material: Material) -> str:
    """How much wider the bands were when it mattered."""
    moved = np.std(np.diff(np.log(material.wild.close))) / np.std(np.diff(np.log(material.calm.close)))
    ratio = _width(material.wild) / _width(material.calm)
    return (
        f"In the wild week prices moved {number(float(moved), 1)} times as much as in the calm one, and the bands, "
        f"each issued before the hour it speaks of, were {number(ratio, 1)} times as wide."
    )


def straying(evaluation: Evaluation, symbol: Symbol) -> str | None:
    """How far the quantiles stray from what they say, one hour ahead and as far ahead as they reach."""
    ours, fixed = (curve(evaluation, each, symbol) for each in (OURS, UNTRACKED))
    if ours is None:
        return None
    text = f"{coin(symbol)}: {hours(1)} ahead no quantile strays by more than {_furthest(ours)}"
    if fixed is not None:
        text += f", or {_furthest(fixed)} with widths that do not follow recent coverage"
    farther = curve(evaluation, OURS, symbol, HORIZONS)
    return f"{text}." if farther is None else f"{text}; {hours(HORIZONS)} ahead, by {_furthest(farther)}."


def _furthest(measured: Reliability) -> str:
    """The greatest distance from the diagonal, and whose it is."""
    away = np.abs(np.array(measured.below) - measured.levels)
    level = 100 * measured.levels[int(away.argmax())]
    return f"{number(100 * away.max(), 1)} points (the {level:g}{NBSP}% one)"


def yearly(evaluation: Evaluation, symbol: Symbol) -> tuple[str, ...]:
    """In which years the model is shown to be better, and in which it is not."""
    found = {int(year): scores for year, scores in years(evaluation, symbol).items()}
    if not found:
        return ()
    held = {year: scores.coverage["80"] for year, scores in found.items()}
    least, most = min(held, key=lambda year: held[year]), max(held, key=lambda year: held[year])
    return (
        *_together(evaluation, symbol),
        f"Point forecast against “no change”: {_verdict(found, mae_skill, 'in')}.",
        f"Distribution against rolling quantiles: {_verdict(found, crps_skill, 'in')}.",
        f"The 80{NBSP}% band held from {percent(held[least])} ({least}) to {percent(held[most])} ({most}) "
        "of the closes.",
    )


def ahead(evaluation: Evaluation, symbol: Symbol) -> tuple[str, ...]:
    """How far ahead the model is shown to be better."""
    ours, har = horizons(evaluation, OURS, symbol), horizons(evaluation, "har", symbol)
    lines = [
        f"Point forecast against “no change”: {_verdict(ours, mae_skill, 'at', 'hours')}.",
        f"Distribution against rolling quantiles: {_verdict(ours, crps_skill, 'at', 'hours')}.",
    ]
    common = [hour for hour in ours if hour in har]
    if common:
        lower = sum(ours[hour].crps < har[hour].crps for hour in common)
        lines.append(f"CRPS against that of HAR: lower at {lower} of {len(common)} horizons.")
    return tuple(lines)


def closes_only(evaluation: Evaluation, symbol: Symbol) -> str | None:
    """What is lost when only 60 closes are known, one hour ahead."""
    full = forecasters(evaluation, symbol)[OURS]
    closes = forecasters(evaluation, symbol, kind="closes_only").get(OURS)
    if closes is None:
        return None
    return (
        f"{coin(symbol)}: from closes alone the point forecast is {versus(closes.mae_skill)} than “no change” "
        f"(from candles {versus(full.mae_skill)}), the distribution {versus(closes.crps_skill, 1)} than rolling "
        f"quantiles (from candles {versus(full.crps_skill, 1)})."
    )


def _together(evaluation: Evaluation, symbol: Symbol) -> list[str]:
    """The walk-forward as a whole, where there is one."""
    whole = evaluation.find(OURS, symbol, 1, method="walk_forward")
    if whole is None:
        return []
    skill = crps_skill(whole)
    return [
        f"All {whole.n:,} hours together: the point forecast is {versus(whole.mae_skill)} than “no change” "
        f"({interval(whole.mae_skill_low, whole.mae_skill_high)}), the distribution {versus(skill.value, 1)} than "
        f"rolling quantiles ({interval(skill.low, skill.high, 1)})."
    ]


def _verdict(found: Mapping[int, Scores], skill: Callable[[Scores], Interval], where: str, unit: str = "") -> str:
    """Where the interval lies above 0, where it holds 0 and where it lies below; keys are years or hours ahead."""
    skills = {key: skill(scores) for key, scores in found.items()}
    better = [key for key, each in skills.items() if each.low > 0]
    worse = [key for key, each in skills.items() if each.high < 0]
    open_ = [key for key, each in skills.items() if each.undecided]
    parts = [
        f"better {_at(better, where, unit)}" if better else "",
        f"not decided {_at(open_, where, unit)}, where the interval includes 0" if open_ else "",
        f"worse {_at(worse, where, unit)}" if worse else "",
    ]
    return "; ".join(part for part in parts if part)


def _at(keys: Sequence[int], where: str, unit: str) -> str:
    return f"{where} {stretches(keys)}{NBSP}{unit}".rstrip()


def _better(
    others: Mapping[str, Scores],
    ours: Scores,
    what: str,
    score: Callable[[Scores], float | None],
    say: Callable[[float], str],
    sign: int = 1,
) -> list[str]:
    """Those whose score, times `sign`, is below ours; the best of them first."""
    mine = score(ours)
    if mine is None:
        return []
    scored = {each: value for each, scores in others.items() if (value := score(scores)) is not None}
    ahead_of_ours = sorted((sign * value, each) for each, value in scored.items() if sign * value < sign * mine)
    return [f"{name(each)} in {what} ({say(scored[each])} against {say(mine)})" for _, each in ahead_of_ours]


def _two_digits(value: float) -> str:
    return number(value, 2)


def _held(shown: Week, name: str) -> int:
    low, high = band(shown.quantiles, name)
    return int(((low <= shown.close) & (shown.close <= high)).sum())


def _width(shown: Week) -> float:
    """Mean width of the 80 % band, as a share of the price."""
    low, high = band(shown.quantiles, "80")
    return float(((high - low) / shown.close).mean())
