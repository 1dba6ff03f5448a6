"""A question that stands on its own: what is asked, about which coin and hours, and in which language."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from forecaster.schema import Symbol
from forecaster.settings import Settings
from tools import Metric

Direction = Literal["up", "down", "either"]
Side = Literal["range", "above", "below"]
AmountIn = Literal["coin", "quote"]
CompareBy = Literal["price", "move", "volatility", "forecast", "record"]

USUAL_SYMBOL: Symbol = "BTC-USD"
OFFERED: tuple[Symbol, ...] = Settings.model_fields["symbols"].default


class Intent(StrEnum):
    """What is wanted. The names are those of the lists in the examples file."""

    PRICE = "price"
    CANDLES = "candles"
    FORECAST = "forecast"
    COMPARE = "compare"  # two coins or more, beside each other
    EXPLAIN = "explain"  # an entry of the knowledge: what a word means, how something works
    METRICS = "metrics"  # the model's record on unseen hours of the past
    TRACK_RECORD = "track_record"  # what became of the forecasts that were issued live
    ANOMALIES = "anomalies"
    ALERT = "alert"  # to be told when something happens
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


class Guest(StrEnum):
    """A language that is recognized, understood as far as its few words here go, and answered in English."""

    ITALIAN = "it"
    RUSSIAN = "ru"
    JAPANESE = "ja"
    KOREAN = "ko"
    DUTCH = "nl"
    POLISH = "pl"
    TURKISH = "tr"


Spoken = Language | Guest


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that is asked. Numbers are as asked: they may be negative or huge. Times are aware and in UTC."""

    intent: Intent
    symbols: tuple[Symbol, ...] = (USUAL_SYMBOL,)  # none where advice is wanted on a coin that nobody named
    hours: int | None = None  # ahead or back, rounded up
    minutes: int | None = None  # the same to the minute, where these are no whole hours
    target: datetime | None = None  # the time that was asked for, if `hours` comes from one
    start: datetime | None = None  # of a span of the past with a beginning and an end in the calendar
    end: datetime | None = None
    at: datetime | None = None  # a moment of the past
    zone: str | None = None  # that the question named, by its IANA name
    assumed: str | None = None  # what was taken for a vague word: "overnight"
    threshold: float | None = None  # a price that the coin may pass
    below: bool | None = False  # whether the chance of a close below the threshold is asked for; None: not said
    between: tuple[float, float] | None = None  # two prices, ascending
    move_pct: float | None = None  # percent, above 0
    move: float | None = None  # the same in the quote currency
    direction: Direction = "either"  # of that move
    level: float | None = None  # percent: how sure a range, or a price, is to be
    side: Side = "range"  # at that level: a range, the price it stays above, or the one it stays below
    touch: bool = False  # on the way, not only at the close
    stays: bool = False  # on its side of the threshold all the way
    path: bool = False  # hour by hour
    amount: float | None = None
    amount_in: AmountIn = "coin"
    currency: str | None = None  # that the answer is wanted in, or the amount is told in: EUR, or a coin
    compare_by: CompareBy | None = None
    farthest: bool = False  # of compared moves and forecasts: up or down alike
    topic: str | None = None  # of the knowledge
    metric: Metric | None = None
    last: int | None = None  # how many forecasts of the track record
    worst: bool = False  # the worst miss among them
    cause: bool = False  # why the price moved, which nobody here knows
    days: int | None = None  # between false alarms, for anomalies
    unusual: bool = False  # an alert of an unusual move
    foreign: str | None = None  # a stock, currency or metal that was asked for


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that a message asks, in its order; at least one thing."""

    asks: tuple[Ask, ...] = (Ask(Intent.OTHER),)
    language: Language = Language.ENGLISH
    nearest: tuple[Ask, ...] = ()  # the two likeliest readings where it is unclear which is meant; `asks` is then OTHER
    offered: tuple[Symbol, ...] = OFFERED  # the coins that are followed, whatever was asked
    zone: str = "UTC"  # the visitor's, by its IANA name
    more: bool = False  # details are asked for
    record_told: bool = False  # the sentence on the record stands earlier in this conversation
    watches: bool = False  # whether the answer stands on a page, which can watch for an alert
    apology: str | None = None  # a language that was recognized and is answered in English: "it"
