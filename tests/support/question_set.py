"""Four hundred questions as visitors type them, and what is right: questions/README.md says how they are written."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

FOLDER = Path(__file__).parent / "questions"
AHEAD = ("hours", "minutes", "until")  # of a forecast: three ways to say one moment
MOMENTS = ("until", "at", "start", "end")
FREE = {"to", "symbol", "symbols", "hours", "last", "days", "language", "path"}  # where the set does not name them
SPAN = {"start", "end"}  # of a comparison as free as its hours
SILENT = {
    "amount_in": "coin", "by": "move", "currency": "USD", "direction": "either", "side": "range", "touch": False,
    "worst": False,
}  # fmt: skip
NEAR = timedelta(minutes=1)  # 23:59 is midnight


@dataclass(frozen=True, slots=True)
class Call:
    """A tool with the arguments that matter. A moment may be a pair of moments: any between them is right."""

    tool: str
    args: Mapping[str, object]

    def accepts(self, tool: str, args: Mapping[str, object], now: datetime) -> bool:
        """Whether that is what should have been called: the same moment, and no price that nobody gave."""
        if tool != self.tool:
            return False
        ahead = AHEAD if tool == "forecast" else ()
        if any(name in self.args for name in ahead) and not _meet(_target(args, now), _target(self.args, now)):
            return False
        names = {name for name in (*self.args, *args) if name not in ahead}
        return all(self._agrees(name, args.get(name), now) for name in names)

    def _agrees(self, name: str, given: object, now: datetime) -> bool:
        if name not in self.args and name in (FREE | SPAN if self.tool == "compare" else FREE):
            return True
        default = now if name == "end" else SILENT.get(name)
        wanted = self.args.get(name, default)
        given = default if given is None else given
        if wanted is None or given is None:
            return wanted is given
        if name in MOMENTS:
            return _meet(_span(given), _span(wanted))
        return _same(wanted, given)


@dataclass(frozen=True, slots=True)
class Question:
    """A conversation whose last turn is graded: right where the calls of one option are made and all facts told."""

    id: str
    kind: str
    language: str
    turns: tuple[str, ...]
    timezone: str
    now: datetime
    options: tuple[tuple[Call, ...], ...]
    facts: tuple[tuple[str, ...], ...]  # of each group one
    topic: str | None
    language_of_answer: str

    def accepts(self, calls: Sequence[tuple[str, Mapping[str, object]]]) -> bool:
        """Whether these (tool, arguments), in any order, are one of the options."""
        return any(
            len(calls) == len(option)
            and any(
                all(wanted.accepts(*made, self.now) for wanted, made in zip(option, order, strict=True))
                for order in permutations(calls)
            )
            for option in self.options
        )


def load(folder: Path = FOLDER) -> tuple[Question, ...]:
    """All questions, by kind."""
    return tuple(
        _question(json.loads(line))
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    )


def _question(row: dict) -> Question:
    return Question(
        **{name: row[name] for name in ("id", "kind", "language", "language_of_answer")},
        turns=tuple(row["turns"]),
        timezone=row.get("timezone", "UTC"),
        now=_moment(row["now"]),
        options=tuple(tuple(Call(**call) for call in calls) for calls in row.get("any_of") or [row["call"]]),
        facts=tuple(tuple(fact.split("|")) for fact in row["facts"]),
        topic=row.get("topic"),
    )


def _moment(given: object) -> datetime:
    return (given if isinstance(given, datetime) else datetime.fromisoformat(str(given))).astimezone(UTC)


def _span(given: object) -> tuple[datetime, datetime]:
    first, last = given if isinstance(given, list) else (given, given)
    return _moment(first), _moment(last)


def _target(args: Mapping[str, object], now: datetime) -> tuple[datetime, datetime]:
    if args.get("until") is not None:
        return _span(args["until"])
    moment = now + timedelta(minutes=float(args.get("minutes") or 60 * float(args.get("hours") or 1)))
    return moment, moment


def _meet(given: tuple[datetime, datetime], wanted: tuple[datetime, datetime]) -> bool:
    return wanted[0] - NEAR <= given[0] <= wanted[1] + NEAR


def _same(wanted: object, given: object) -> bool:
    if isinstance(wanted, list | tuple):
        return sorted(wanted) == sorted(given)
    if isinstance(wanted, int | float) and isinstance(given, int | float):
        return math.isclose(wanted, given)
    return wanted == given
