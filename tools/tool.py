"""What a tool is: a typed, read-only function over the backend, called with checked arguments, that never raises."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from forecaster import tracing
from forecaster.errors import CryptoSenseError, InvalidInput, NoCandles, NoRecord, UnsupportedHorizon, UnsupportedSymbol
from forecaster.schema import Forecast, Provenance
from forecaster.serving import ForecastBackend
from tools.coercion import is_symbol_argument, near, understood

LONGEST_TEXT = 2048  # bytes of a result that a language model reads
_LONGEST_NOTES = 400  # characters

log = logging.getLogger(__name__)


class Arguments(BaseModel):
    """Base of every tool's arguments: strict, bounded, nothing unknown."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answers.

    ``text`` is compact JSON for a language model (at most 2 kB); ``data`` is the full typed result for
    a program or a page, None where the call failed. A failure's text is ``{"error": kind, "message": words}``.
    """

    text: str
    data: BaseModel | None
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Tool(Generic[A]):
    """One capability: what it is called, what it takes, and the function that does it."""

    name: str
    title: str  # for people
    description: str  # for language models
    arguments: type[A]
    facts: type[Mapping[str, object]]  # what its text holds
    run: Callable[[ForecastBackend, A], Awaitable[ToolResult]]


@dataclass(frozen=True, slots=True)
class BoundTool:
    """A tool with the backend that it asks."""

    tool: Tool[Any]
    backend: ForecastBackend

    async def call(self, arguments: Mapping[str, object]) -> ToolResult:
        """Check the arguments and run the tool. What goes wrong is said in the result, never raised.

        Arguments that were written another way are read (tools/coercion.py), and the text says as what.
        """
        meant = understood(self.tool.arguments, arguments)
        try:
            checked = self.tool.arguments.model_validate(meant.arguments)
        except ValidationError as error:
            return failure("invalid_arguments", _complaint(self.tool.arguments, error, arguments))
        with tracing.span(f"tool {self.tool.name}", tool=self.tool.name) as told:
            result = await self._answer(checked)
            told.tell(ok=result.ok)
        return _with_understood(result, meant.told)

    async def _answer(self, checked: Arguments) -> ToolResult:
        try:
            return await self.tool.run(self.backend, checked)
        except UnsupportedHorizon as error:
            return failure("unsupported_horizon", str(error), longest_hours=error.longest)
        except UnsupportedSymbol as error:
            return failure("unsupported_symbol", str(error), supported=list(error.supported))
        except CryptoSenseError as error:
            log.warning("The tool %s has no answer. %s", self.tool.name, error)
            return failure("unavailable", error.public, cause=_cause(error))
        except Exception:  # a bug: its text may hold anything, so it goes to the log and not to a client
            log.exception("The tool %s failed.", self.tool.name)
            return failure("internal", f"{self.tool.title} failed unexpectedly. Try again in a minute.")


def _cause(error: CryptoSenseError) -> str:
    """Why there is no answer, by a name."""
    kinds = {NoCandles: "no_prices", NoRecord: "no_record", InvalidInput: ""}  # the last is about what was asked
    return next((name for kind, name in kinds.items() if isinstance(error, kind)), "later")


def failure(kind: str, message: str, **facts: object) -> ToolResult:
    """A result that says what went wrong."""
    return ToolResult(compact({"error": kind, "message": message, **facts}), None, ok=False)


def compact(facts: Mapping[str, object]) -> str:
    """Facts as JSON without spaces, leaving out what is None or empty."""
    kept = {name: value for name, value in facts.items() if value not in (None, "", (), [], {})}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)


def fitting(facts: Mapping[str, object]) -> str:
    """The same with notes as long as there is room for."""
    text, notes = compact(facts), str(facts.get("notes", ""))
    over = len(text.encode()) - LONGEST_TEXT
    return text if over <= 0 else compact({**facts, "notes": shorten(notes, max(1, len(notes) - over))})


def provenance(data: Provenance | Forecast) -> dict[str, object]:
    """Source, time, age and warnings of a result, as every tool's text gives them."""
    return {
        "source": data.source,
        "quote": data.quote,
        "as_of": minute(data.as_of),
        "age_minutes": data.age_seconds // 60,
        "warnings": [str(warning) for warning in data.warnings],
        "notes": shorten("; ".join(data.notes)),
    }


def minute(time: datetime) -> str:
    """A time in UTC to the minute, such as 2026-03-19T12:00Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def shorten(text: str, limit: int = _LONGEST_NOTES) -> str:
    """The beginning of a text that may be long."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _with_understood(result: ToolResult, told: Mapping[str, object]) -> ToolResult:
    """A result whose text says what was understood, where there is something to say and room for it."""
    if not told:
        return result
    text = fitting(json.loads(result.text) | {"understood": told})
    return replace(result, text=text) if len(text.encode()) <= LONGEST_TEXT else result


def _complaint(arguments: type[Arguments], error: ValidationError, given: Mapping[str, object]) -> str:
    """What is wrong with the arguments, without repeating them."""
    wrong = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        known = f"{name}: {problem['msg']}" if name in arguments.model_fields else "unknown argument"
        if is_symbol_argument(arguments, name) and (alike := near(given.get(name))):
            known += f" (the nearest that are known: {', '.join(alike)})"
        wrong.append(known if name else problem["msg"])
    return f"{'; '.join(dict.fromkeys(wrong))}. Correct the arguments and call again."
