"""The agent in a terminal: one question in words, or whole conversations as JSON lines for programs."""

import logging
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.agent import Event, Token, ToolFinished, ToolStarted, run_turn
from assistant.understanding import known_zone
from forecaster.errors import InvalidInput
from forecaster.schema import Forecast, Frozen
from tools import ForecastAnswer

if TYPE_CHECKING:
    from assistant.agent import Agent

LONGEST_LINE = 64 * 1024  # bytes of one conversation in a file
OVERLONG = b"..."
MOST_TURNS = 50  # of one conversation in a file

log = logging.getLogger(__name__)


class ToolCall(Frozen):
    """A tool that was asked in a turn."""

    name: str
    args: dict[str, object]
    ok: bool


class Answer(Frozen):
    """What a turn gave: the reply, the tools that were asked, and the newest forecast among their results."""

    answer: str
    tool_calls: tuple[ToolCall, ...]
    forecast: Forecast | None
    elapsed_ms: int


class Refusal(Frozen):
    """Why a line of a file got no answer."""

    error: str


class Conversation(BaseModel):
    """A line of a file: what a person says, turn by turn."""

    model_config = ConfigDict(strict=True, extra="forbid")

    turns: list[str] = Field(min_length=1, max_length=MOST_TURNS)
    timezone: str | None = Field(default=None, max_length=64)  # IANA name; UTC where it is none


async def run_ask(
    agent: "Agent",
    question: str | None = None,
    *,
    as_json: bool = False,
    jsonl: Path | None = None,
    zone: str = "UTC",
) -> None:
    """Print the answer to a question, or to each conversation of a file, by the clock of `zone` (IANA name).

    Raises InvalidInput for an unreadable file, and for a zone that there is not.
    """
    if known_zone(zone) != zone:
        raise InvalidInput(f"There is no time zone {zone[:64]!r}.", "Name one such as Europe/Berlin.")
    if jsonl is not None:
        async for answered in ask_lines(agent, jsonl, zone):
            _print(f"{answered.model_dump_json()}\n")
    elif as_json:
        answer = await ask(agent, [{"role": "user", "content": question or ""}], zone=zone)
        _print(f"{answer.model_dump_json()}\n")
    else:
        await ask(agent, [{"role": "user", "content": question or ""}], _narrator(), zone=zone)
        _print("\n")


async def ask(
    agent: "Agent",
    conversation: Sequence[Mapping[str, str]],
    watch: Callable[[Event], None] = lambda event: None,
    *,
    zone: str = "UTC",
) -> Answer:
    """Answer the newest message of a conversation. `watch` sees every event as it happens."""
    begun = time.monotonic()
    words: list[str] = []
    args: dict[str, dict[str, object]] = {}  # by the call's id
    calls: list[ToolCall] = []
    forecast: Forecast | None = None
    async for event in run_turn(agent, conversation, zone=zone):
        watch(event)
        match event:
            case Token():
                words.append(event.text)
            case ToolStarted():
                args[event.id] = dict(event.args)
            case ToolFinished():
                calls.append(ToolCall(name=event.name, args=args.get(event.id, {}), ok=event.ok))
                if isinstance(event.data, ForecastAnswer):
                    forecast = event.data.forecast
    elapsed_ms = round(1000 * (time.monotonic() - begun))
    return Answer(answer="".join(words), tool_calls=tuple(calls), forecast=forecast, elapsed_ms=elapsed_ms)


async def ask_lines(agent: "Agent", path: Path, zone: str = "UTC") -> AsyncIterator[Answer | Refusal]:
    """Answer the last turn of each conversation in a file of JSON lines, ``{"turns": ["...", ...]}``, with its own
    ``"timezone"`` if it has one.

    The earlier turns are answered too, since the last one may speak of them. A line that cannot be read
    gets a Refusal. Raises InvalidInput when the file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInput(f"The file {path.name} cannot be opened.", "Name a file of JSON lines.") from error
    with file:
        for number, line in enumerate(_lines(file), start=1):
            if not line.strip():
                continue
            try:
                yield await _last_answer(agent, Conversation.model_validate_json(line), zone)
            except ValidationError:
                form = f'Write {{"turns": ["...", ...]}} with 1 to {MOST_TURNS} turns in at most {LONGEST_LINE} bytes.'
                yield Refusal(error=f"Line {number} is not a conversation. {form}")
            except Exception:  # one conversation must not end the others; the exception's text may hold anything
                log.exception("The conversation on line %d failed.", number)
                yield Refusal(error=f"Line {number} could not be answered. The log says why.")


async def _last_answer(agent: "Agent", conversation: Conversation, zone: str) -> Answer:
    zone = known_zone(conversation.timezone or zone)
    said: list[dict[str, str]] = []
    for turn in conversation.turns:
        said.append({"role": "user", "content": turn})
        answer = await ask(agent, said, zone=zone)
        said.append({"role": "assistant", "content": answer.answer})
    return answer


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file; in place of an overlong one, whose beginning may be JSON, something that is none."""
    while part := file.readline(LONGEST_LINE):
        line = part
        while not part.endswith(b"\n") and (part := file.readline(LONGEST_LINE)):
            line = OVERLONG
        yield line


def _narrator() -> Callable[[Event], None]:
    """Tells a turn as it happens: the words on stdout, the tools dimmed on stderr."""
    from rich.console import Console

    aside = Console(stderr=True)

    def tell(event: Event) -> None:
        match event:
            case Token():
                _print(event.text)
            case ToolStarted():
                asked = ", ".join(f"{name} {value}" for name, value in event.args.items())
                aside.print(f"{event.name}({asked})", style="dim", markup=False, highlight=False)
            case ToolFinished(ok=False):
                aside.print(f"{event.name} did not work", style="dim", markup=False, highlight=False)

    return tell


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
