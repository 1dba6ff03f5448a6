"""Grades alarms on hours that the networks never saw: against their budget, and against the usual rule.

    budget       alarms a year where nothing was injected, beside those that were allowed
    detection    share of injected moves found, beside rules that raise as many alarms on the same hours

The rules' thresholds are set on the graded hours themselves, the detector's on validation hours alone.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forecaster.anomalies.injection import SHAPES, Injected, Judge, Judged, Shape, rule_scores
from forecaster.anomalies.zscore_rule import EWMA, PAST, RULES, Rule
from forecaster.calibration import Calibration, Detectors, Past, Recent, alarms, limit_for
from forecaster.features import KINDS, Market
from forecaster.inference import Engine, Progress
from forecaster.quantiles import Floats
from forecaster.schema import Frozen, InputKind, Symbol

BUDGETS = (1.0, 10.0, 30.0)  # days
SIZES = (3.0, 4.0, 5.0, 6.0, 8.0)  # sigmas
YEAR = 365.25  # days
Z = 1.96  # of a 95 % interval

Contestant = InputKind | Rule
CONTESTANTS: tuple[Contestant, ...] = (*KINDS, *RULES, *EWMA)


class BudgetKept(Frozen):
    """How many alarms a budget led to where nothing was injected."""

    symbol: Symbol
    input: InputKind
    days: float = Field(description="the budget: one alarm in so many days")
    hours: int = Field(gt=0, description="hours judged")
    alarms: int = Field(ge=0)
    per_year: float = Field(ge=0)
    low: float = Field(ge=0, description="95 % interval of alarms a year, if they come independently")
    high: float = Field(ge=0)
    allowed_per_year: float = Field(gt=0)
    unadjusted_per_year: float = Field(ge=0, description="with scores that do not follow the recent hours")


class Detection(Frozen):
    """The share of injected moves that were found, of both symbols together."""

    shape: Shape
    input: InputKind
    days: float = Field(description="the budget")
    sigmas: float = Field(description="size of the move; a drift's is sqrt(6) times as much in all")
    n: int = Field(gt=0, description="moves injected")
    found: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1, description="95 % interval")
    high: float = Field(ge=0, le=1)
    rule: str = Field(description="the rolling z-score that found most of these moves, at as many alarms")
    rule_found: float = Field(ge=0, le=1)
    ewma_found: float = Field(ge=0, le=1, description="by the better z-score on the volatility that sizes are told in")


class AnomalyRecord(Frozen):
    """What alarms were worth on hours that the networks never saw."""

    budgets: tuple[BudgetKept, ...]
    detections: tuple[Detection, ...]
    past: dict[str, Past] = Field(description="where following goes on")


class _Contest:
    """What each contestant scores, of the hours as they were and of injected moves: all markets together."""

    def __init__(self) -> None:
        self.clean: dict[Contestant, list[Floats]] = {who: [] for who in CONTESTANTS}  # of each market, (n,)
        self._moves: dict[tuple[Shape, float, Contestant], list[Floats]] = {}  # of each market, (m, hours)

    def inject(self, shape: Shape, sigmas: float, who: Contestant, scores: Floats) -> None:
        self._moves.setdefault((shape, sigmas, who), []).append(scores)

    def limits(self, kind: InputKind, limit: float) -> dict[Contestant, float]:
        """The detector's limit, and every rule's at which it raises as many alarms on the hours as they were."""
        most = sum(len(alarms(scores, limit)) for scores in self.clean[kind])
        return {kind: limit} | {rule: limit_for(self.clean[rule], most) for rule in (*RULES, *EWMA)}

    def found(self, shape: Shape, sigmas: float, who: Contestant, limit: float) -> NDArray[np.bool_]:
        """Which moves (m,) have an hour at or below the limit."""
        return np.concatenate([(scores <= limit).any(axis=1) for scores in self._moves[shape, sigmas, who]])


def evaluate_anomalies(
    engine: Engine,
    calibration: Calibration,
    detectors: Detectors,
    markets: Sequence[Market],
    start: float,
    progress: Progress,
) -> AnomalyRecord:
    """Grade all hours from `start` (Unix s) on; the engine's networks and the detectors saw none of them."""
    judges = {kind: Judge(engine, calibration.of(kind), detectors.of_kind(kind), kind) for kind in KINDS}
    contest, budgets, past = _Contest(), list[BudgetKept](), dict[str, Past]()
    for market in markets:
        progress(f"judging {market.symbol}", 0.0)
        judged = {kind: judge.judge(market, start) for kind, judge in judges.items()}
        recent, past[market.symbol] = detectors.usual.recent(judged["closes_only"].scores, detectors.usual.past)
        _enter(contest, judges, market, judged, recent, progress)
        for kind in KINDS:
            budgets += [_kept(market.symbol, judged[kind], recent, judges[kind], days) for days in BUDGETS]
    detections: list[Detection] = []
    for kind, days in product(KINDS, BUDGETS):
        limits = contest.limits(kind, judges[kind].detector.limit(days))
        detections += [_detection(contest, *move, kind, days, limits) for move in product(SHAPES, SIZES)]
    return AnomalyRecord(budgets=tuple(budgets), detections=tuple(detections), past=past)


def _enter(
    contest: _Contest,
    judges: Mapping[InputKind, Judge],
    market: Market,
    judged: Mapping[InputKind, Judged],
    recent: Recent,
    progress: Progress,
) -> None:
    """All contestants' scores of one market."""
    hours = judged["full"]
    closes = market.close[None, hours.rows[0] + 1 - PAST : hours.rows[-1] + 2]
    for kind in KINDS:
        contest.clean[kind].append(recent.adjusted(judged[kind].scores))
    for rule in (*RULES, *EWMA):
        contest.clean[rule].append(rule.score(closes, len(hours.rows))[0])
    for number, (shape, sigmas) in enumerate(product(SHAPES, SIZES)):
        progress(f"injecting moves into {market.symbol}", number / len(SHAPES) / len(SIZES))
        injected = Injected.into(market.close, hours.rows, shape, sigmas)
        seen = injected.seen(market.tape, hours.rows)
        for kind in KINDS:
            contest.inject(shape, sigmas, kind, judges[kind].scores(judged[kind], injected, seen, recent))
        for rule in (*RULES, *EWMA):
            contest.inject(shape, sigmas, rule, rule_scores(rule, hours, injected))


def _kept(symbol: Symbol, judged: Judged, recent: Recent, judge: Judge, days: float) -> BudgetKept:
    """Garwood (1936), "Fiducial limits for the Poisson distribution"."""
    from scipy.special import gammaincinv  # type: ignore[import-untyped]

    hours, limit = len(judged.scores), judge.detector.limit(days)
    years = hours / 24 / YEAR
    raised = len(alarms(recent.adjusted(judged.scores), limit))
    return BudgetKept(
        symbol=symbol,
        input=judge.kind,
        days=days,
        hours=hours,
        alarms=raised,
        per_year=raised / years,
        low=float(gammaincinv(raised, 0.025)) / years if raised else 0.0,
        high=float(gammaincinv(raised + 1, 0.975)) / years,
        allowed_per_year=YEAR / days,
        unadjusted_per_year=len(alarms(judged.scores, limit)) / years,
    )


def _detection(
    contest: _Contest,
    shape: Shape,
    sigmas: float,
    kind: InputKind,
    days: float,
    limits: Mapping[Contestant, float],
) -> Detection:
    """Wilson (1927), "Probable inference, the law of succession, and statistical inference"."""
    found = contest.found(shape, sigmas, kind, limits[kind])
    n, share = len(found), float(found.mean())
    theirs = {rule: float(contest.found(shape, sigmas, rule, limits[rule]).mean()) for rule in (*RULES, *EWMA)}
    best = max(RULES, key=lambda rule: theirs[rule])
    middle, half = share + Z**2 / n / 2, Z * sqrt(share * (1 - share) / n + (Z / n) ** 2 / 4)
    return Detection(
        shape=shape,
        input=kind,
        days=days,
        sigmas=sigmas,
        n=n,
        found=share,
        low=min(max((middle - half) / (1 + Z**2 / n), 0.0), share),  # it reaches 0 and 1 but for rounding
        high=max(min((middle + half) / (1 + Z**2 / n), 1.0), share),
        rule=str(best),
        rule_found=theirs[best],
        ewma_found=max(theirs[rule] for rule in EWMA),
    )
