"""What the report page opens with: what was measured, what came of it, and what does not follow from it."""

from collections.abc import Mapping

from forecaster.evaluation import Scores
from forecaster.evaluation.baselines import DAYS
from forecaster.quantiles import BANDS
from forecaster.report.slices import crps_skill, mae_skill
from forecaster.report.wording import NBSP, coin, day, interval, listing, money, percent, versus
from forecaster.schema import Report, Symbol

A_POINT = 0.01  # of coverage
REFIT = (
    "That today's answers were graded: the networks that answer are the same recipe trained on all hours, these "
    "included, so their own record is yet to come."
)


def opening(report: Report, ours: Scores) -> str:
    """What was measured, on which hours; `ours` is one hour ahead for the report's symbol."""
    return (
        f"At the end of every hour from {day(report.graded_from)} to {day(report.graded_to)}, networks that had seen "
        f"none of those hours said where {coin(report.symbol)} would close one hour later. That makes {ours.n:,} "
        "forecasts, and each was held against what then happened."
    )


def verdict(report: Report, ours: Scores) -> str:
    """What came of it: the point forecast, then the distribution."""
    spread = interval(ours.mae_skill_low, ours.mae_skill_high)
    nothing = "; it includes 0, so nothing is shown" if mae_skill(ours).undecided else ""
    skill = crps_skill(ours)
    lead = (
        "The range is what the model is for" if skill.low > 0 else "The range is not shown to be worth more than none"
    )
    return (
        f"The middle of the forecast missed by {money(ours.mae)} on average and saying “no change” by "
        f"{money(report.persistence.mae)}, which makes it {versus(ours.mae_skill)} "
        f"(95{NBSP}% interval {spread}{nothing}). {lead}: {percent(ours.coverage['80'])} of the closes fell inside the "
        f"80{NBSP}% band, and as whole distributions the forecasts scored {versus(skill.value, 1)} than the spread of "
        f"the last {DAYS} days ({interval(skill.low, skill.high, 1)})."
    )


def bands(symbol: Symbol, ours: Scores) -> str:
    """Whether the bands hold what they say, one hour ahead."""
    away = max(abs(ours.coverage[each] - int(each) / 100) for each in BANDS)
    held = "hold" if away <= A_POINT else "nearly hold" if away <= 3 * A_POINT else "do not hold"
    shares = listing([percent(ours.coverage[each]) for each in BANDS])
    return (
        f"{coin(symbol)} bands {held} what they say: one hour ahead {shares} of {ours.n:,} closes fell inside the "
        f"{listing(list(BANDS))}{NBSP}% bands."
    )


def edge(report: Report) -> str:
    """How little the point forecast gains, beside the price."""
    gain = report.persistence.mae - report.model.mae
    share = (report.persistence.mape_pct - report.model.mape_pct) / 100
    if gain <= 0:
        return "That it can be traded on: the point forecast has no edge over “no change” at all."
    return (
        f"That it can be traded on: the edge over “no change” is {money(gain)} an hour, about "
        f"{percent(share, 4)} of the price, and fees and spreads are usually many times that."
    )


def direction(ours: Mapping[Symbol, Scores]) -> str | None:
    """How often the side was right, even when the model was surest."""
    said = [
        f"{percent(scores.direction)} of {coin(symbol)} moves"
        + ("" if scores.direction_surest is None else f" ({percent(scores.direction_surest)} in the surest fifth)")
        for symbol, scores in ours.items()
        if scores.direction is not None
    ]
    return f"That it knows the direction: the sign was right in {listing(said)}; a coin gets half." if said else None
