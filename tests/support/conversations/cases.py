"""The questions that the embedded model is tested on, with the tool calls that are expected of it."""

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.understanding.frame import Language

NOW = datetime(2026, 3, 19, 12, tzinfo=UTC)  # a Thursday
_TOOLS = {
    "price": "get_price", "candles": "get_candles", "forecast": "forecast", "metrics": "explain",
    "record": "track_record", "anomalies": "detect_anomalies",
}  # fmt: skip
_CALL = re.compile(
    r"(?P<tool>\w+)(?: (?P<coin>[A-Z]+))?(?: (?P<number>\d+)(?P<minutes>m)?)?(?: @(?P<day>\d\d)T(?P<time>\d\d:\d\d))?"
    r"(?: from (?P<start>\d\dT\d\d:\d\d))?(?: to (?P<end>\d\dT\d\d:\d\d))?"
    r"(?: >(?P<price>[\d.]+))?(?P<touch> touch)?(?: (?P<metric>[a-z]+))?"
)


@dataclass(frozen=True, slots=True)
class Case:
    """What a person says, turn by turn, and the calls that the last turn must make."""

    turns: tuple[str, ...]
    calls: list[tuple[str, dict[str, object]]]


def cases(language: Language, folder: Path = Path(__file__).parent, stem: str = "assistant_questions") -> list[Case]:
    """The cases of a language."""
    name = f"{stem}.toml" if language is Language.ENGLISH else f"{stem}_{language}.toml"
    rows = tomllib.loads((folder / name).read_text())["cases"]
    return [
        Case(tuple(row[:-1]), [_spoken(_call(each), language) for each in row[-1].split(" + ") if each != "nothing"])
        for row in rows
    ]


def _spoken(call: tuple[str, dict[str, object]], language: Language) -> tuple[str, dict[str, object]]:
    """A call as it is made in that language."""
    name, args = call
    return (name, {**args, "language": str(language)}) if name == "explain" and language != Language.ENGLISH else call


def _call(written: str) -> tuple[str, dict[str, object]]:
    read = _CALL.fullmatch(written)
    assert read, written
    args: dict[str, object] = {}
    if read["coin"]:
        args["symbol"] = f"{read['coin']}-USD"
    if read["number"]:
        unit = "last" if read["tool"] == "record" else "minutes" if read["minutes"] else "hours"
        args[unit] = int(read["number"])
    if read["time"]:
        args["until"] = f"2026-03-{read['day']}T{read['time']}Z"
    args |= {name: f"2026-03-{read[name]}Z" for name in ("start", "end") if read[name]}
    if read["price"]:
        args["threshold"] = float(read["price"])
    if read["touch"]:
        args["touch"] = True
    if read["tool"] == "metrics":
        args["topic"] = read["metric"] or "record"
    return _TOOLS[read["tool"]], args
