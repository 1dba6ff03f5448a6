"""The whole record of a model: every forecaster's scores by symbol, horizon, period and kind of input.

report.json is what an answer quotes; this is what stands behind it, as evaluation.json in the artifact.
"""

import json
from typing import Any, Literal, Self

from pydantic import Field

from forecaster.anomalies import AnomalyRecord
from forecaster.calibration import Way
from forecaster.evaluation.grades import RandomMinute
from forecaster.quantiles import BANDS
from forecaster.schema import Frozen, InputKind, Symbol, TableRow

Method = Literal["fixed_split", "walk_forward"]
OURS = "quantile"  # as served: calibrated, with widths that follow the recent coverage
UNTRACKED = "quantile_untracked"  # the same without following
ALL = "all"  # the period that holds every graded hour


class Scores(Frozen):
    """One forecaster on one set of hours; forecaster/evaluation/metrics.py says how each is computed."""

    n: int = Field(gt=0, description="forecasts graded")
    mae: float = Field(ge=0, description="of the median, in the quote currency")
    rmse: float = Field(ge=0, description="of the median, in the quote currency")
    mape_pct: float = Field(ge=0)
    mase: float = Field(ge=0, description="MAE over that of 'no change' at one hour, in the year before")
    mae_skill: float = Field(description="1 - MAE / MAE of persistence")
    mae_skill_low: float = Field(description="95 % interval, block bootstrap")
    mae_skill_high: float
    mae_p: float | None = Field(description="Diebold-Mariano p, two-sided, absolute error against persistence's")
    direction: float | None = Field(description="share of moves whose sign was right; None where none is claimed")
    direction_low: float | None = Field(description="95 % interval")
    direction_high: float | None
    direction_surest: float | None = Field(description="the same in the most confident fifth of the hours")
    crps: float = Field(ge=0, description="of the log return, times 10,000")
    crps_skill: float = Field(description="1 - CRPS / CRPS of rolling 90-day quantiles")
    crps_skill_low: float = Field(description="95 % interval, block bootstrap")
    crps_skill_high: float
    crps_p: float | None = Field(description="Diebold-Mariano p, two-sided, CRPS against rolling quantiles'")
    coverage: dict[str, float] = Field(description="share inside the band: '50', '80', '95' -> 0..1")
    width_pct: dict[str, float] = Field(description="mean width of the band, in percent of the last close")
    qlike: float = Field(description="of the forecast variance against the squared return, less is better")


class Graded(Frozen):
    """Whose scores, on which hours."""

    method: Method
    forecaster: str
    symbol: Symbol
    input: InputKind
    hours: int = Field(ge=1, le=24, description="how far ahead")
    period: str = Field(description="'all', or the year such as '2024'")
    scores: Scores


class Reliability(Frozen):
    """How often outcomes fell below each quantile: on the diagonal where a forecaster is calibrated."""

    method: Method
    forecaster: str
    symbol: Symbol
    input: InputKind
    hours: int
    levels: tuple[float, ...]
    below: tuple[float, ...] = Field(description="share of outcomes below that level's quantile")


class Touches(Frozen):
    """How often prices were touched on the way, beside the chance told of it: on the diagonal where that holds."""

    symbol: Symbol
    hours: int
    way: Way = Field(description="whether the prices lay above or below the last one")
    beyond: tuple[float, ...] = Field(description="chances told of a close beyond them, by which they are chosen")
    told: tuple[float, ...] = Field(description="chances told of a touch")
    touched: tuple[float, ...] = Field(description="shares of ways that did")


class Lead(Frozen):
    """By how much our loss is smaller than another forecaster's on the same hours."""

    skill: float = Field(description="1 - ours / its")
    low: float = Field(description="95 % interval, block bootstrap")
    high: float
    p: float | None = Field(description="Diebold-Mariano p, two-sided")


class Against(Frozen):
    """Our forecasts from candles, as served, against one other forecaster's."""

    method: Method
    forecaster: str
    symbol: Symbol
    hours: int
    crps: Lead
    mae: Lead


class Evaluation(Frozen):
    """Every row that was graded."""

    graded: tuple[Graded, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    against: tuple[Against, ...] = ()
    anomalies: AnomalyRecord | None = None
    random_minute: tuple[RandomMinute, ...] = Field(default=(), description="asked at any minute, by symbol")
    touches: tuple[Touches, ...] = Field(default=(), description="of forecasts from candles, as served")
    walked_coins: tuple[TableRow, ...] = Field(default=(), description="refitted yearly: coins beside the pair")
    walked_minutes: tuple[RandomMinute, ...] = Field(default=(), description="refitted yearly: a year of a coin each")

    def __add__(self, more: Self) -> "Evaluation":
        return Evaluation(
            graded=self.graded + more.graded,
            reliability=self.reliability + more.reliability,
            against=self.against + more.against,
            anomalies=self.anomalies or more.anomalies,
            random_minute=self.random_minute + more.random_minute,
            touches=self.touches + more.touches,
            walked_coins=self.walked_coins + more.walked_coins,
            walked_minutes=self.walked_minutes + more.walked_minutes,
        )

    def find(
        self,
        forecaster: str,
        symbol: str,
        hours: int,
        *,
        method: Method = "fixed_split",
        kind: InputKind = "full",
        period: str = ALL,
    ) -> Scores | None:
        """The scores of one row, if it was graded."""
        wanted = (method, forecaster, symbol, kind, hours, period)
        for row in self.graded:
            if (row.method, row.forecaster, row.symbol, row.input, row.hours, row.period) == wanted:
                return row.scores
        return None

    def lead(self, forecaster: str, symbol: str, hours: int, method: Method = "fixed_split") -> Against | None:
        """Ours against that forecaster, if it was measured."""
        wanted = (method, forecaster, symbol, hours)
        for row in self.against:
            if (row.method, row.forecaster, row.symbol, row.hours) == wanted:
                return row
        return None

    def compact(self) -> bytes:
        """The record as JSON for programs: scores as one table, numbers with six significant digits."""
        columns = [*(name for name in Graded.model_fields if name != "scores"), *Scores.model_fields]
        rows = [
            [*row.model_dump(exclude={"scores"}).values(), *row.scores.model_dump().values()] for row in self.graded
        ]
        rest = self.model_dump(mode="json", exclude={"graded"})
        whole = {"graded": {"columns": columns, "rows": [_listed(row) for row in rows]}, **rest}
        return (json.dumps(_rounded(whole), separators=(",", ":")) + "\n").encode()

    @classmethod
    def expanded(cls, body: bytes) -> Self:
        """What `compact` wrote."""
        whole = json.loads(body)
        table = whole.pop("graded")
        graded = []
        for row in table["rows"]:
            cells = {name: _named(name, value) for name, value in zip(table["columns"], row, strict=True)}
            scores = {name: cells.pop(name) for name in Scores.model_fields}
            graded.append({**cells, "scores": scores})
        return cls.model_validate({"graded": graded, **whole})


def _listed(row: list[Any]) -> list[Any]:
    """A row whose shares by band are lists, in the order of BANDS."""
    return [[value[name] for name in BANDS] if isinstance(value, dict) else value for value in row]


def _named(name: str, value: Any) -> Any:
    return dict(zip(BANDS, value, strict=True)) if name in ("coverage", "width_pct") else value


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value
