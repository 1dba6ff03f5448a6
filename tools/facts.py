"""What each tool's text holds, as types: for programs that want to know before they ask. What is empty is left out."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from forecaster.schema import Symbol

Band = Literal["50", "80", "95"]
Chance = float | str  # 0 to 1, or words such as "under 0.025"
Percent = Annotated[float, Field(description="percent")]
Range = Annotated[list[float], Field(min_length=2, max_length=2, description="[low, high]")]
Time = Annotated[str, Field(description="UTC, such as 2026-03-19T12:00Z")]
Understood = Annotated[
    dict[str, str | list[str | float]], Field(description="arguments that were written another way, as they were read")
]
Rows = Annotated[list[str], Field(description="values in the order of columns, separated by commas")]


class Provenance(TypedDict, total=False):
    """Where the numbers come from."""

    source: Annotated[str, Field(description="an exchange's name, or 'demo': simulated, not market data")]
    quote: Annotated[str, Field(description="currency of all prices")]
    as_of: Annotated[str, Field(description="close of the newest closed candle, UTC")]
    age_minutes: int
    warnings: Annotated[list[str], Field(description="why to trust the answer less than usual")]
    notes: Annotated[str, Field(description="the warnings in words")]
    understood: Understood


class PriceFacts(Provenance, total=False):
    """The price now."""

    symbol: Symbol
    price: Annotated[float, Field(description="of the last trade")]
    traded: Annotated[Time, Field(description="when that trade was")]
    last_close: Annotated[float, Field(description="of the newest closed hour, at as_of")]
    change_24h_pct: Percent
    asked_moment: Time
    close_then: Annotated[float, Field(description="of the newest candle that had closed at asked_moment")]
    closed: Annotated[Time, Field(description="when that candle closed")]
    close_source: str
    change_since_pct: Annotated[float, Field(description="from close_then to the price now")]
    currency: Annotated[str, Field(description="another currency or coin")]
    price_in_currency: float
    rate_source: str
    currency_nobody_quotes: str
    to: Annotated[float, Field(description="another price that was asked about")]
    distance: Annotated[float, Field(description="from price to that one; negative where it is lower")]
    distance_pct: Percent
    amount: float
    amount_in: Literal["coin", "quote"]
    value: Annotated[float, Field(description="of the amount, in value_in")]
    value_in: Annotated[str, Field(description="a currency, or the coin's code")]
    value_now: Annotated[float, Field(description="of what was bought at asked_moment")]
    satoshis: Annotated[int, Field(description="the same, where it is a small part of a bitcoin")]


class CandleFacts(Provenance, total=False):
    """What happened over a span of hours, and when."""

    symbol: Symbol
    hours: int
    open: float
    close: float
    change_pct: Percent
    high: float
    low: float
    below_high_pct: Annotated[float, Field(description="how far the last close lies below the high")]
    above_low_pct: float
    start: Time
    end: Time
    hour_of_high: Annotated[Time, Field(description="opening of the hour that held it")]
    hour_of_low: Time
    volatility_pct: Annotated[float, Field(description="standard deviation of hourly log returns, percent an hour")]


class Table(TypedDict):
    """Rows of short lines."""

    columns: str
    rows: Rows


class ForecastFacts(Provenance, total=False):
    """The time that was asked for, and those before it in brief."""

    symbol: Symbol
    last_close: Annotated[float, Field(description="at as_of")]
    last_price: Annotated[float, Field(description="that the forecast starts from")]
    price_time: Annotated[Time, Field(description="of last_price")]
    hours: Annotated[int, Field(description="ahead of as_of, where these are whole hours")]
    minutes: Annotated[int, Field(description="ahead of as_of, where they are not")]
    target_time: Time
    range_80: Range
    range_50: Range
    median: float
    probability_up: Annotated[float, Field(description="of a price above last_price, 0 to 1")]
    threshold: float
    probability_above: Annotated[Chance, Field(description="of a close above threshold; words where beyond reach")]
    probability_below: Annotated[Chance, Field(description="of a close below threshold")]
    between: Annotated[list[float], Field(min_length=2, max_length=2, description="the two prices asked about")]
    probability_between: Annotated[Chance, Field(description="of a close between them")]
    move_size: Annotated[float, Field(description="of the move asked about, in the currency of the price")]
    move_pct: Percent
    move_direction: Literal["up", "down", "either"]
    probability_of_move: Annotated[Chance, Field(description="of a close at least so far from last_price")]
    price_after_rise: float
    price_after_fall: float
    level_pct: Percent
    stays_above: Annotated[float, Field(description="price; with stays_below, the range, that holds with level_pct")]
    stays_below: float
    probability_of_touch: Annotated[
        Chance, Field(description="that threshold, or else the price of the move, is traded on the way")
    ]
    beyond_outermost_quantiles: Annotated[bool, Field(description="no more is known of what was asked than this")]
    amount: float
    amount_in: Literal["coin", "quote"]
    value_now: Annotated[float, Field(description="of the amount at last_price, as all values in the quote currency")]
    value_median: float
    value_80: Range
    expected_loss: Annotated[float, Field(description="mean of what it loses until then, no loss counted as 0")]
    value_at_risk_95: Annotated[float, Field(description="loss that is exceeded with a chance of 5 %")]
    currency: Annotated[str, Field(description="that the prices asked about are in, where these are no dollars")]
    per_dollar: Annotated[float, Field(description="of currency, for one dollar, now")]
    rate_source: str
    currency_nobody_quotes: str
    threshold_in_currency: float
    between_in_currency: Range
    amount_in_currency: float
    stays_above_in_currency: float
    stays_below_in_currency: float
    expected_move_pct: Percent
    skill_vs_no_change_pct: Annotated[float, Field(description="on unseen hours; 0 equals 'no change', more is better")]
    error_as_multiple_of_no_change: float
    graded_hours: int
    coverage_pct: Annotated[dict[Band, float], Field(description="share of unseen hours that each range held")]
    model: str
    hour_by_hour: Table
    minute_by_minute: Annotated[Table, Field(description="instead, where these are no whole hours")]


class MetricFacts(TypedDict, total=False):
    """One metric."""

    unit: Literal["USD", "%"]
    value: float
    baseline: Annotated[float, Field(description="of 'no change', or the ideal coverage")]


class ExplanationFacts(TypedDict, total=False):
    """A topic explained; of a metric or the record also the numbers, on hours the model never saw."""

    topic: str
    title: str
    text: str
    language: Annotated[str, Field(description="of the text")]
    note: str
    understood: Understood
    model: str
    symbol: Symbol
    graded_from: Time
    graded_to: Time
    graded_hours: int
    error_as_multiple_of_no_change: float
    remarks: str
    metrics: dict[str, MetricFacts]


class SurpriseFacts(TypedDict):
    """One hour and how surprising it was."""

    closed: Time
    move_pct: Percent
    over_hours: int
    rarity: str
    close: float
    expected_95: Range


class AnomalyFacts(Provenance, total=False):
    """The newest hours, judged by the forecasts before them."""

    symbol: Symbol
    hours_judged: int
    one_false_alarm_in_days: float
    false_alarms_expected_in_these_hours: float
    anomalies_found: int
    rarest: list[SurpriseFacts]
    newest_hour: SurpriseFacts


class Outcome(TypedDict, total=False):
    """One forecast and what became of it, where that is known."""

    issued_at_close: Time
    target_time: Time
    range_80: Range
    median: float
    actual: float
    inside_80: bool
    error_pct: Percent


class TrackRecordFacts(TypedDict, total=False):
    """The newest live forecasts with their outcomes."""

    understood: Understood
    symbol: Symbol
    hours_ahead: int
    waiting: Annotated[int, Field(description="newer forecasts whose hour has not closed yet")]
    settled: int
    graded_from: Time
    graded_to: Time
    message: str
    coverage_pct: dict[Band, float]
    mae: float
    mae_no_change: float
    skill_vs_no_change_pct: float
    direction_right_pct: float
    model: str
    newest: Table
    newest_misses: Annotated[list[str], Field(description="time,median,actual")]
    asked: Annotated[Outcome, Field(description="the forecast for the moment asked about")]
    asked_unknown: Annotated[str, Field(description="that there is none")]
    worst: Annotated[Outcome, Field(description="of the settled ones, that whose median was farthest off in percent")]


class ComparisonFacts(TypedDict, total=False):
    """Coins side by side."""

    by: Literal["price", "move", "volatility", "forecast", "record"]
    hours: int
    start: Time
    end: Time
    coins: Table
    highest: Symbol
    lowest: Symbol
    price_of_first_in_second: float
    warnings: list[str]
    notes: Annotated[str, Field(description="why coins are left out")]
    left_out: list[Symbol]
