"""How names, numbers and stretches of time read on the report page. Plain text: whoever builds HTML escapes it."""

from collections.abc import Sequence
from datetime import datetime

NBSP = "\u00a0"  # keeps a number and its unit on one line
MINUS, DASH = "\u2212", "\u2013"
NONE = DASH  # in a table, where there is no number

NAMES = {
    "quantile": "this model",
    "quantile_untracked": "this model, fixed widths",
    "classic": "the original recipe",
    "persistence": "no change",
    "drift": "drift",
    "seasonal_naive": "seasonal naive",
    "rolling_quantiles": "rolling quantiles",
    "ewma": "EWMA volatility",
    "har": "HAR range volatility",
    "har_minutes": "HAR, minutes too",
    "garch_t": "GARCH-t",
    "lightgbm": "LightGBM",
    "lightgbm_minutes": "LightGBM, minutes too",
}


def name(forecaster: str) -> str:
    """What a forecaster is called; one that has no name here is called what the record calls it."""
    return NAMES.get(forecaster, forecaster.replace("_", " "))


def coin(symbol: str) -> str:
    """``BTC`` of ``BTC-USD``."""
    return symbol.partition("-")[0]


def percent(share: float, digits: int = 1, *, sign: bool = False) -> str:
    """A share (1 is all) in percent, with a real minus sign: ``79.9 %``; with `sign`, ``+0.46 %``."""
    return f"{number(100 * share, digits, sign=sign)}{NBSP}%"


def number(value: float, digits: int, *, sign: bool = False) -> str:
    """A number with a real minus sign, and no sign when it rounds to nothing."""
    rounded = round(value, digits)
    mark = MINUS if rounded < 0 else "+" if sign and rounded > 0 else ""
    return f"{mark}{abs(rounded):,.{digits}f}"


def money(value: float) -> str:
    """A price, with cents where they matter: ``$1,409.81``, ``$69,930``."""
    return f"${value:,.{0 if value >= 10_000 else 2}f}"


def interval(low: float, high: float, digits: int = 2, *, sign: bool = True) -> str:
    """Two shares in percent, the unit said once: ``+0.24 to +0.71 %``."""
    return f"{number(100 * low, digits, sign=sign)} to {percent(high, digits, sign=sign)}"


def chance(p: float) -> str:
    """A p-value: ``p = 0.031``, ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def versus(skill: float, digits: int = 2) -> str:
    """A skill in words: ``0.46 % better``."""
    if round(100 * skill, digits) == 0:
        return "neither better nor worse"
    return f"{percent(abs(skill), digits)} {'better' if skill > 0 else 'worse'}"


def day(time: datetime) -> str:
    """``4 December 2023``, in the time's own zone, which is UTC everywhere here."""
    return f"{time.day} {time:%B %Y}"


def listing(items: Sequence[str]) -> str:
    """``2019, 2020 and 2024``."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def stretches(numbers: Sequence[int]) -> str:
    """Ascending whole numbers with runs drawn together: ``1 to 6, 8 and 24``."""
    runs: list[list[int]] = []
    for each in numbers:
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return listing([f"{run[0]}{NBSP}to{NBSP}{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs])


def hours(ahead: int) -> str:
    """``1 hour``, ``6 hours``."""
    return f"{ahead}{NBSP}hour" if ahead == 1 else f"{ahead}{NBSP}hours"
