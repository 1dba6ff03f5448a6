"""A question that stands on its own: what is asked, about which coin and hours, and in which language."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forecaster.schema import Symbol
from forecaster.settings import Settings
from tools import Metric

USUAL_SYMBOL: Symbol = "BTC-USD"
OFFERED: tuple[Symbol, ...] = Settings.model_fields["symbols"].default


class Intent(StrEnum):
    """What is wanted. The names are those of the lists in the examples file."""

    PRICE = "price"
    CANDLES = "candles"
    FORECAST = "forecast"
    METRICS = "metrics"  # the model's record on unseen hours of the past
    TRACK_RECORD = "track_record"  # what became of the forecasts that were issued live
    ANOMALIES = "anomalies"
    ADVICE = "advice"
    WHY = "why"  # what a forecast rests on, or why the price moved: no tool knows
    METHOD = "method"  # how the model works
    DATA = "data"  # where the candles come from
    GREETING = "greeting"
    THANKS = "thanks"
    CAPABILITIES = "capabilities"
    FOLLOWUP = "followup"  # leaves out what an earlier question said; never that of an Ask
    OTHER = "other"  # nothing that can be answered here


class Language(StrEnum):
    """A language that is understood and answered in."""

    ENGLISH = "en"
    SPANISH = "es"
    GERMAN = "de"
    FRENCH = "fr"
    PORTUGUESE = "pt"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that is asked. Numbers are as asked: they may be negative or huge."""

    intent: Intent
    symbols: tuple[Symbol, ...] = (USUAL_SYMBOL,)
    hours: int | None = None  # ahead or back, rounded up
    minutes: int | None = None  # the same to the minute, where these are no whole hours
    target: datetime | None = None  # the time of day (UTC) that was asked for, if `hours` comes from one
    threshold: float | None = None  # a price that the coin may pass
    below: bool = False  # the chance of a close below the threshold is asked for, not above
    metric: Metric | None = None
    last: int | None = None  # how many forecasts of the track record
    days: int | None = None  # between false alarms, for anomalies
    foreign: str | None = None  # a stock, currency or metal that was asked for


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that a message asks, in its order; at least one thing."""

    asks: tuple[Ask, ...] = (Ask(Intent.OTHER),)
    language: Language = Language.ENGLISH
    nearest: tuple[Ask, ...] = ()  # the two likeliest readings where it is unclear which is meant; `asks` is then OTHER
    offered: tuple[Symbol, ...] = OFFERED  # the coins that are followed, whatever was asked
