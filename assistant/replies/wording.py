"""How prices, percentages, times and warnings read, on the page and in answers. Plain text: whoever builds HTML of it
escapes it. The page speaks English; answers name the form that their language gives numbers.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor, log10

from assistant.understanding import Language

NBSP = "\u00a0"  # keeps a number and its unit on one line
MINUS = "\u2212"
SIMULATED = "Simulated, not market data"
PRECISE = 10  # decimals at most, of a price below SMALL
SMALL = 10
SIGNIFICANT = 6  # digits at least of an amount


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How a language writes numbers. No other spaces stand inside a number than `group`."""

    group: str  # between thousands
    decimal: str
    percent: str
    dollars: str


ENGLISH = NumberForm(group=",", decimal=".", percent=f"{{}}{NBSP}%", dollars="${}")
NUMBER_FORMS = {
    Language.ENGLISH: ENGLISH,
    Language.SPANISH: NumberForm(group=".", decimal=",", percent=f"{{}}{NBSP}%", dollars=f"{{}}{NBSP}$"),
    Language.GERMAN: NumberForm(group=".", decimal=",", percent=f"{{}}{NBSP}%", dollars=f"{{}}{NBSP}$"),
    Language.FRENCH: NumberForm(group="\u202f", decimal=",", percent=f"{{}}{NBSP}%", dollars=f"{{}}{NBSP}$"),
    Language.PORTUGUESE: NumberForm(group=".", decimal=",", percent="{}%", dollars=f"US${NBSP}{{}}"),
    Language.CHINESE: NumberForm(group=",", decimal=".", percent="{}%", dollars="{}美元"),
}


def number(value: float, digits: int = 0, form: NumberForm = ENGLISH) -> str:
    """A number with its thousands apart: ``21,765``."""
    return f"{value:,.{digits}f}".translate({ord(","): form.group, ord("."): form.decimal})


def money(value: float, quote: str, digits: int = 2, form: NumberForm = ENGLISH) -> str:
    """A price in its quote currency: ``$69,930.25``, or ``69,930.25 USDT`` where there is no sign for it."""
    amount = number(value, digits, form)
    return form.dollars.format(amount) if quote == "USD" else f"{amount}{NBSP}{quote}"


def asked_price(value: float, quote: str, form: NumberForm = ENGLISH) -> str:
    """A price that somebody named, with the decimals that it has; of a large one, cents alone."""
    decimals = len(f"{value:.{PRECISE if value < SMALL else 2}f}".rstrip("0").partition(".")[2])
    return money(value, quote, max(2, decimals) if decimals else 0, form)


def coins(value: float, code: str, form: NumberForm = ENGLISH) -> str:
    """An amount of a coin: ``0.3 BTC``, ``1,500 DOGE``, ``0.00142857 ETH``."""
    digits = max(2, SIGNIFICANT - 1 - floor(log10(value)))
    decimals = len(f"{value:.{digits}f}".rstrip("0").partition(".")[2])
    return f"{number(value, decimals, form)}{NBSP}{code}"


def percent(value: float, digits: int = 1, *, sign: bool = False, form: NumberForm = ENGLISH) -> str:
    """A percentage with a real minus sign: ``0.32 %``; with `sign`, ``+0.3 %``."""
    text = form.percent.format(number(abs(value), digits, form))
    rounded = round(value, digits)
    if rounded < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if sign and rounded > 0 else text


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
