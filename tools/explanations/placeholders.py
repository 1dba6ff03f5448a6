"""The numbers that explanations are filled with: from the record, the model and the settings, in a language's form.

A number that is not known has no value here, and the sentence that needs it is left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from forecaster.quantiles import LEVELS
from forecaster.schema import ModelFacts, Report

Figure = float | str | tuple[str, ...]
PLACEHOLDER = re.compile(r"\{(\w+)\}")
WHOLE = 1000  # from this amount on, dollars need no cents
TEN = 10  # percent; below, two decimals are told
NBSP, MINUS = "\u00a0", "\u2212"
FORMS = {  # language: between thousands, before decimals, percent, dollars, between things
    "en": (",", ".", f"{{}}{NBSP}%", "${}", ", "),
    "de": (".", ",", f"{{}}{NBSP}%", f"{{}}{NBSP}$", ", "),
    "es": (".", ",", f"{{}}{NBSP}%", f"{{}}{NBSP}$", ", "),
    "fr": ("\u202f", ",", f"{{}}{NBSP}%", f"{{}}{NBSP}$", ", "),
    "pt": (".", ",", "{}%", f"US${NBSP}{{}}", ", "),
    "zh": (",", ".", "{}%", "{}美元", "、"),
}
DOLLARS = ("mae", "mae_no_change", "rmse", "rmse_no_change", "mae_24h")
FARTHER = 6, 24  # hours ahead that are told of beside one
DECIMALS = {"crps": 2, "crps_rolling_quantiles": 2, "error_ratio": 3}


def figures_of(report: Report, facts: ModelFacts) -> dict[str, Figure]:
    """Everything that the record and the model tell, by the placeholder's name; `_pct` is in percent."""
    row = report.row(report.symbol, "full")
    shares = {f"coverage_{band}_pct": 100 * share for band, share in report.coverage.items()}
    known: dict[str, Figure | None] = {
        "coin": _coin(report.symbol),
        "graded_from": _day(report.graded_from),
        "graded_to": _day(report.graded_to),
        "graded_hours": report.n,
        "mae": report.model.mae,
        "mae_no_change": report.persistence.mae,
        "rmse": report.model.rmse,
        "rmse_no_change": report.persistence.rmse,
        "mape_pct": report.model.mape_pct,
        "mape_no_change_pct": report.persistence.mape_pct,
        "direction_pct": None if report.model.direction is None else 100 * report.model.direction,
        "skill_pct": 100 * report.skill.value,
        "skill_low_pct": 100 * report.skill.ci_low,
        "skill_high_pct": 100 * report.skill.ci_high,
        "error_ratio": 1 - report.skill.value,
        "crps": row.crps if row else None,
        "crps_rolling_quantiles": row.crps_rolling_quantiles if row else None,
        "trained_from": _day(facts.trained_from),
        "trained_to": _day(facts.trained_to),
        "expires": _day(facts.expires) if facts.expires else None,
        "trained_coins": tuple(map(_coin, facts.symbols)),
        "trained_coins_count": len(facts.symbols),
        "input_hours": facts.input_hours,
        "horizons": facts.horizons,
        "features": len(facts.features),
        "parameters": facts.parameters,
        "levels": len(LEVELS) if facts.recipe == "quantile" else None,
        **shares,
        **{f"{name}_{hours}h{unit}": value for hours in FARTHER for (name, unit), value in _farther(report, hours)},
    }
    return {name: value for name, value in known.items() if value is not None}


def _farther(report: Report, hours: int) -> Iterator[tuple[tuple[str, str], float]]:
    """Names, with what comes after the hours in them, and values."""
    row = report.row(report.symbol, "full", hours)
    if row is None or row.hours != hours:
        return
    skill = row.mae_skill
    yield ("mae", ""), row.mae
    if row.direction is not None:
        yield ("direction", "_pct"), 100 * row.direction
    yield ("coverage_80", "_pct"), 100 * row.coverage["80"]
    yield from zip(
        (("skill", "_pct"), ("skill_low", "_pct"), ("skill_high", "_pct")),
        (100 * each for each in (skill.value, skill.ci_low, skill.ci_high)),
        strict=True,
    )


def placeholders(sentences: Sequence[str]) -> tuple[str, ...]:
    """The names that sentences are filled with, each once."""
    return tuple(dict.fromkeys(name for each in sentences for name in PLACEHOLDER.findall(each)))


def filled(sentences: Sequence[str], figures: Mapping[str, Figure], language: str) -> str:
    """Sentences with their numbers, as one text; a sentence with an unknown one is left out."""
    told = [each for each in sentences if figures.keys() >= set(placeholders([each]))]
    between = "" if language == "zh" else " "
    return between.join(
        PLACEHOLDER.sub(lambda name: _written(name[1], figures[name[1]], language), each) for each in told
    )


def _written(name: str, value: Figure, language: str) -> str:
    """A figure as a language writes it."""
    group, point, percent, dollars, comma = FORMS.get(language, FORMS["en"])
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return comma.join(value)
    if name.endswith("_pct"):
        digits = 2 if abs(value) < TEN else 1
    else:
        digits = (0 if abs(value) >= WHOLE else 2) if name in DOLLARS else DECIMALS.get(name, 0)
    number = f"{value:,.{digits}f}".translate({ord(","): group, ord("."): point, ord("-"): MINUS})
    return percent.format(number) if name.endswith("_pct") else dollars.format(number) if name in DOLLARS else number


def _coin(symbol: str) -> str:
    return symbol.partition("-")[0]


def _day(time: datetime) -> str:
    return time.strftime("%Y-%m-%d")
