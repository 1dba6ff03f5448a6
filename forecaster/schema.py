"""The one wire format of REST, tools, chat and ``--json`` output, as pydantic models; long because it is one format.

Times are UTC and named by a candle's opening; prices are in the quote currency; ``*_pct`` is in percent.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

SYMBOL = re.compile(r"[A-Z0-9]{1,12}-USD", re.ASCII)


def _symbol(text: str) -> str:
    if not SYMBOL.fullmatch(text):
        raise PydanticCustomError("symbol", "Input should be a coin in US dollars, such as BTC-USD or SOL-USD")
    return text


Symbol = Annotated[
    str,
    AfterValidator(_symbol),
    Field(description="a coin in US dollars, such as BTC-USD", json_schema_extra={"pattern": f"^{SYMBOL.pattern}$"}),
]
SYMBOLS: tuple[Symbol, Symbol] = ("BTC-USD", "ETH-USD")  # those that every model was trained on
InputKind = Literal["full", "closes_only"]  # candles of both symbols, or closes of one
DAY = 86_400  # seconds
HOUR = 3600  # seconds
FIVE_MINUTES = 300  # seconds
CandleStep = Literal["5m", "1h", "1d"]
STEPS: dict[CandleStep, int] = {"5m": FIVE_MINUTES, "1h": HOUR, "1d": DAY}  # seconds
MINUTES = (15, 30, 45)  # ahead, that are forecast besides whole hours
FARTHEST = 24 * 60  # minutes ahead
WINDOW = 60  # hours of closes without which nothing can be forecast
MOST_SERIES = 200  # symbols at a source that a process remembers; of more, those asked about longest ago are forgotten
CALLER = "caller"  # the source of candles that came with the question


class Frozen(BaseModel):
    """A value that does not change once made and refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ForecastWarning(StrEnum):
    """Why an answer deserves less trust than usual."""

    STALE_CANDLES = "stale_candles"
    CLOCK_SKEW = "clock_skew"
    DEMO_DATA = "demo_data"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    GAPS_FILLED = "gaps_filled"
    MODEL_EXPIRED = "model_expired"
    CLOSES_ONLY = "closes_only"
    UNEVALUATED_SYMBOL = "unevaluated_symbol"
    HOURLY = "hourly"
    STALE_QUOTE = "stale_quote"
    SOURCES_DISAGREE = "sources_disagree"
    BACKEND_FALLBACK = "backend_fallback"


class Candle(Frozen):
    """One closed hour of trading, or another step, named by its opening time."""

    open_time: AwareDatetime
    open: float = Field(gt=0)
    high: float = Field(gt=0)
    low: float = Field(gt=0)
    close: float = Field(gt=0)
    volume: float = Field(ge=0, description="in the base currency")


class Provenance(Frozen):
    """Where an answer's numbers come from and how old they are."""

    symbol: Symbol
    source: str = Field(
        description="an exchange's name, 'demo' (simulated, not market data), 'file', or 'caller' (sent by you)"
    )
    quote: str = Field(description="quote currency, such as USD or USDT")
    as_of: AwareDatetime = Field(description="close time of the newest closed candle")
    age_seconds: int = Field(ge=0, description="by the source's own clock, since as_of")
    warnings: tuple[ForecastWarning, ...] = ()
    notes: tuple[str, ...] = Field(
        default=(), description="the warnings in words, such as which exchange failed and how"
    )


class Price(Provenance):
    """The price of a symbol now, and the newest close before it."""

    price: float = Field(gt=0, description="of the last trade; where none could be had, the newest close")
    time: AwareDatetime = Field(description="of that trade")
    last_close: float = Field(gt=0, description="close of the newest closed hourly candle, at as_of")
    change_24h_pct: float | None = Field(
        description="over the 24 hours until `time`; None where no price of then is at hand"
    )


class CandleSpan(Provenance):
    """The newest closed candles of a symbol, with what happened over them."""

    hours: int = Field(gt=0)
    first_open: float = Field(gt=0)
    last_close: float = Field(gt=0)
    high: float = Field(gt=0)
    low: float = Field(gt=0)
    change_pct: float
    step_minutes: int = Field(default=60, gt=0, description="that each candle lasts")  # earlier versions know hours
    candles: tuple[Candle, ...]


def minutes_of(data: dict[str, Any]) -> int:
    """Whole hours in minutes; 0, which is none, where there are no hours."""
    return 60 * (data["hours"] or 0)


class Horizon(Frozen):
    """The forecast distribution of one future close."""

    hours: int | None = Field(default=None, ge=1, le=24, description="ahead of as_of, where these are whole hours")
    minutes: int = Field(  # earlier versions do not name them
        default_factory=minutes_of, validate_default=True, ge=1, le=FARTHEST, description="ahead of as_of"
    )
    target_time: AwareDatetime
    median: float = Field(gt=0)
    quantiles: dict[str, float] = Field(description="level such as '0.10' -> price")
    probability_up: float = Field(ge=0, le=1, description="chance that the close is above last_price")
    expected_move_pct: float = Field(ge=0, description="median absolute move, in percent of last_price")
    probability_above: float | None = Field(
        default=None, ge=0, le=1, description="chance that the close is above the threshold; None where none was given"
    )


class Skill(Frozen):
    """How such forecasts did on hours the model never saw: 1 - error / baseline's error."""

    metric: str
    value: float = Field(description="0 equals the baseline, 0.01 is 1 % better, negative is worse")
    ci_low: float
    ci_high: float
    n: int = Field(gt=0, description="hours graded")
    baseline: str


class ModelRef(Frozen):
    """Which model answered."""

    name: str
    version: str
    sha256: str


class TouchFactors(Frozen):
    """By hours ahead: how often prices are touched on the way, over twice the chance of a close beyond them."""

    up: tuple[float, ...] = Field(min_length=24, max_length=24, description="for prices above the last one")
    down: tuple[float, ...] = Field(min_length=24, max_length=24, description="for prices below it")


class ModelFacts(Frozen):
    """What a model learned from, what it takes and how far it looks."""

    model: ModelRef
    recipe: str
    symbols: tuple[Symbol, ...]
    trained_from: AwareDatetime
    trained_to: AwareDatetime
    expires: AwareDatetime | None = Field(description="forecasts issued later carry model_expired")
    input_hours: int = Field(gt=0, description="candles that a forecast reads; fewer are taken as closes alone")
    horizons: int = Field(ge=1, le=24, description="hours ahead, from 1 to this")
    features: tuple[str, ...]
    band_method: str
    warnings: tuple[ForecastWarning, ...] = Field(description="that its forecasts may carry")
    versions: dict[str, str] = Field(description="of what it was trained with")
    touch: TouchFactors | None = Field(default=None, description="None of a model that has not been taught any")
    parameters: int | None = Field(default=None, gt=0, description="numbers that training set; None where unknown")


class Forecast(Frozen):
    """A forecast issued at the close of the newest closed candle, of five minutes where there are such."""

    id: str
    symbol: Symbol
    source: str
    quote: str
    as_of: AwareDatetime = Field(description="close of the newest closed candle; horizons count from here")
    age_seconds: int = Field(ge=0)
    last_close: float = Field(gt=0, description="at as_of")
    last_price: float = Field(  # earlier versions know no price but the last close
        default_factory=lambda data: data["last_close"],
        gt=0,
        description="the last trade where it is newer than as_of, else last_close",
    )
    price_time: AwareDatetime = Field(default_factory=lambda data: data["as_of"], description="of last_price")
    horizons: tuple[Horizon, ...] = Field(min_length=1, description="in the order of time")
    skill: Skill
    coverage: dict[str, float] = Field(description="share of unseen hours inside the band: '50', '80', '95' -> 0..1")
    warnings: tuple[ForecastWarning, ...] = ()
    notes: tuple[str, ...] = ()
    model: ModelRef


class MetricRow(Frozen):
    """One forecaster's errors on the graded hours, in the quote currency and percent."""

    name: str
    mae: float = Field(ge=0)
    rmse: float = Field(ge=0)
    mape_pct: float = Field(ge=0)
    direction: float | None = Field(
        description="share of moves whose sign was right; None where no direction is claimed"
    )


class TableRow(Frozen):
    """One symbol, horizon and kind of input on the graded hours; errors in the quote currency."""

    symbol: Symbol
    hours: int = Field(ge=1, le=24, description="how far ahead")
    input: InputKind
    n: int = Field(gt=0)
    mae: float = Field(ge=0)
    mae_persistence: float = Field(ge=0)
    mae_skill: Skill = Field(description="against persistence")
    direction: float | None = Field(description="share of moves whose sign was right")
    crps: float = Field(ge=0, description="of the log return, times 10,000")
    crps_rolling_quantiles: float = Field(ge=0, description="of the last 90 days' quantiles on the same hours")
    coverage: dict[str, float] = Field(description="share inside the band as served: '50', '80', '95' -> 0..1")
    coverage_untracked: dict[str, float] = Field(description="the same, of bands that do not follow recent coverage")


class Report(Frozen):
    """What an artifact's model scored on hours it never saw, beside 'no change' on the same hours."""

    symbol: Symbol
    graded_from: datetime
    graded_to: datetime
    n: int = Field(gt=0)
    model: MetricRow
    persistence: MetricRow
    skill: Skill
    coverage: dict[str, float]
    remarks: tuple[str, ...] = ()
    table: tuple[TableRow, ...] = Field(default=(), description="the same by symbol, horizon and kind of input")

    def row(self, symbol: str, kind: InputKind, hours: int = 1) -> TableRow | None:
        """The row of that symbol and kind of input whose horizon is nearest to `hours`, if there is any."""
        same = [row for row in self.table if (row.symbol, row.input) == (symbol, kind)]
        return min(same, key=lambda row: abs(row.hours - hours), default=None)
