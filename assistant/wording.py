"""How prices, percentages, times and warnings read on the page. Plain text: whoever builds HTML of it escapes it."""

from datetime import UTC, datetime

from forecaster.schema import ForecastWarning, Skill

NBSP = "\u00a0"  # keeps a number and its unit on one line
MINUS = "\u2212"
SIMULATED = "Simulated, not market data"
NEARLY_KEPT = 0.05  # a band that held within this of its level is called what it was meant to be

WARNINGS = {
    ForecastWarning.STALE_CANDLES: "The newest candle is old: no exchange gave a fresher one.",
    ForecastWarning.DEMO_DATA: f"{SIMULATED}.",
    ForecastWarning.OUT_OF_DISTRIBUTION: "The market looks unlike anything the model was trained on.",
    ForecastWarning.GAPS_FILLED: "Hours without a trade were filled with the close before them.",
    ForecastWarning.MODEL_EXPIRED: "The model is old and has not been graded on recent hours.",
    ForecastWarning.CLOSES_ONLY: "Only closing prices were given; ranges and volume are unknown.",
    ForecastWarning.UNEVALUATED_SYMBOL: "The model's record was measured on another coin.",
}


def money(value: float, quote: str, digits: int = 2) -> str:
    """A price in its quote currency: ``$69,930.25``, or ``69,930.25 USDT`` where there is no sign for it."""
    amount = f"{value:,.{digits}f}"
    return f"${amount}" if quote == "USD" else f"{amount}{NBSP}{quote}"


def percent(value: float, digits: int = 1, *, sign: bool = False) -> str:
    """A percentage with a real minus sign: ``0.32 %``; with `sign`, ``+0.3 %``."""
    text = f"{abs(value):,.{digits}f}{NBSP}%"
    rounded = round(value, digits)
    if rounded < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if sign and rounded > 0 else text


def chance(probability: float) -> str:
    """A probability (0 to 1) as a percentage that never claims to be certain."""
    if probability < 0.01:
        return f"under 1{NBSP}%"
    if probability > 0.99:
        return f"over 99{NBSP}%"
    return percent(100 * probability, 0)


def ago(seconds: int) -> str:
    """An age: ``4 min``, ``3 h``, ``2 days``."""
    if seconds < 90 * 60:
        return f"{max(1, round(seconds / 60))}{NBSP}min"
    hours = round(seconds / 3600)
    return f"{hours}{NBSP}h" if hours < 48 else f"{round(hours / 24)}{NBSP}days"


def clock(time: datetime) -> str:
    """The hour and minute in UTC, such as ``13:00``."""
    return f"{time.astimezone(UTC):%H:%M}"


def day(time: datetime) -> str:
    """The day in UTC, such as ``19 Mar``."""
    return f"{time.astimezone(UTC):%-d %b}"


def source_name(source: str) -> str:
    """Where the candles came from."""
    return {"demo": "simulated tape", "file": "candle file"}.get(source, source.capitalize())


def odds(held: float | None) -> str:
    """What an 80 % band promises, corrected by the share of unseen hours (0 to 1) that it really held."""
    if held is None or abs(held - 0.8) <= NEARLY_KEPT:
        return "8 times in 10"
    return f"meant for 8 times in 10, held {percent(100 * held, 0)} of unseen hours"


def record(skill: Skill) -> str | None:
    """A sentence for a model that did worse than its baseline; None for one that did not."""
    if skill.value >= 0:
        return None
    times = 1 - skill.value
    how = f"{times:,.1f} times as large as that" if times >= 1.5 else f"{percent(-100 * skill.value)} larger than that"
    return f"Over {skill.n:,} unseen hours this model's error was {how} of \u201cno change\u201d."
