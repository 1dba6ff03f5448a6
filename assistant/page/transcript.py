"""What the chat shows of a turn, as plain messages; long because what is shown, said and kept is one form.

A turn has the steps taken, the reply, the forecast cards.
Text from visitors, models and tools is shown as markdown by the page, so it is defused here: no HTML and no
images, which could load something from elsewhere. What is shown can be turned back into what was said.

The visitor's browser keeps the turns, and the server none: it is told each of them (`for_browser`), and gives them back
after a reload (`found_again`), with the question that a lost connection left without an answer.
"""

import json
import re
from collections.abc import Sequence
from html import escape, unescape
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from assistant.agent import LONGEST_MESSAGE, Event, Token, ToolFinished, ToolStarted
from assistant.page.cards import forecast_card, span_card
from forecaster.schema import CandleSpan
from tools import TOOLS, ForecastAnswer, SpanAnswer

Shown = dict[str, Any]  # role, content and, for a step, metadata: what Gradio's chatbot takes
KEPT = 80  # messages that stay on the page; every question carries them to the server
MOST_STORED = 800_000  # characters that are taken back from a browser's store
CARDS = 3  # in one reply at most
CARD = "<section "  # how a card begins; defused text cannot
TITLES = {tool.name: tool.title for tool in TOOLS}
THINKING = "Thinking"
WAITING = "Many are asking right now: you are next in line"
BUSY = "Too many people are asking right now, so I cannot take your question. Please try again in a minute."
TROUBLE = "Something went wrong on my side, so I cannot answer that. Please try again in a minute."
STOPPED = "Stopped."
EARLIER = "What was said before this is not kept any more."


class _Text(BaseModel):
    type: Literal["text"]
    text: str


class _Step(BaseModel):
    title: str
    status: Literal["pending", "done"] = "done"
    duration: float | None = None
    id: str


class _Message(BaseModel):
    role: Literal["user", "assistant"]
    content: list[_Text]
    metadata: _Step | None = None

    @property
    def shown(self) -> Shown:
        step = {"metadata": self.metadata.model_dump(exclude_none=True)} if self.metadata else {}
        return {"role": self.role, "content": "\n".join(part.text for part in self.content)} | step


class _Turn(BaseModel):
    done: bool
    messages: list[_Message]


_PICTURE = re.compile(r'"data:image/svg[^"]*"')
_ELSEWHERE = re.compile(r"//|\\|https?:", re.IGNORECASE)  # how an address of somebody else begins
_PAGE = TypeAdapter(list[_Message])
_STORE = TypeAdapter(list[_Turn])


class Found(NamedTuple):
    """A conversation that a browser has kept."""

    messages: list[Shown]
    turns: int  # in `messages`
    unanswered: str  # the question after them, whose reply was cut off; mostly ""


def from_page(messages: object) -> list[Shown]:
    """The newest messages on a page, as its browser sent them back; none where they are not ours.

    Only text is taken over: Gradio would look up whatever files and components a forged message names.
    """
    try:
        return _newest([message.shown for message in _PAGE.validate_python(messages)])
    except ValidationError:
        return []


def _newest(shown: list[Shown]) -> list[Shown]:
    """All, or as many whole turns as are kept, after a sentence that says so."""
    if len(shown) <= KEPT:
        return shown
    newest = shown[1 - KEPT :]
    begin = next((n for n, message in enumerate(newest) if message["role"] == "user"), 0)
    return [{"role": "assistant", "content": EARLIER}, *newest[begin:]]


def for_browser(shown: Sequence[Shown], done: bool) -> str:
    """The newest turn of a page, for its browser to keep: JSON of `turns` (how many there are), `done`, `messages`."""
    asks = [n for n, message in enumerate(shown) if message["role"] == "user"]
    newest = shown[asks[-1] :] if asks else []
    messages = [message | {"content": [{"type": "text", "text": message["content"]}]} for message in newest]
    return json.dumps({"turns": len(asks), "done": done, "messages": messages}, ensure_ascii=False)


def found_again(stored: object) -> Found:
    """What a browser has kept, taken over as `from_page` does; nothing where it is too long or not ours."""
    try:
        text = stored if isinstance(stored, str) and len(stored) <= MOST_STORED else "[]"
        turns = [turn for turn in _STORE.validate_json(text) if turn.messages and turn.messages[0].role == "user"]
    except ValidationError:
        return Found([], 0, "")
    unanswered = turns.pop().messages[0].shown["content"] if turns and not turns[-1].done else ""
    shown = _newest([message for turn in turns for each in turn.messages if (message := _defused_again(each.shown))])
    asks = sum(message["role"] == "user" for message in shown)
    return Found(shown, asks, unescape(unanswered)[: LONGEST_MESSAGE + 1])


def _defused_again(message: Shown) -> Shown | None:
    """A message that may be forged, as we would have shown it; None for a step or a card that never was one of ours."""
    content = message["content"]
    if "metadata" in message:
        step = content.removeprefix("```json\n").removesuffix("\n```")
        return message if "```" not in step and (not content or content == f"```json\n{step}\n```") else None
    if content.startswith(CARD) and message["role"] == "assistant":
        return None if _ELSEWHERE.search(unescape(_PICTURE.sub("", content))) else message
    return message | {"content": defused(unescape(content))}


def asked(text: str) -> Shown:
    """A visitor's message. One character too many is kept, and enough for the agent to refuse it."""
    return {"role": "user", "content": defused(text.strip()[: LONGEST_MESSAGE + 1])}


def stopped(shown: Sequence[Shown]) -> list[Shown]:
    """The messages after the visitor broke off the turn: no step is running any more."""
    return [*_ended(shown), {"role": "assistant", "content": STOPPED}]


def conversation(shown: Sequence[Shown]) -> list[dict[str, str]]:
    """What was said, oldest first. Steps and cards are not words, nor is the greeting an answer."""
    said = [
        {"role": message["role"], "content": unescape(message["content"])}
        for message in shown
        if "metadata" not in message and not message["content"].startswith(CARD)
    ]
    first = next((n for n, message in enumerate(said) if message["role"] == "user"), len(said))
    return said[first:]


def defused(text: str) -> str:
    """Text as markdown without HTML and images, and without diagrams, whose labels may hold both."""
    return escape(text, quote=False).replace("![", "!&#91;").replace("```mermaid", "```&#109;ermaid")


def judged(shown: Sequence[Shown], index: object) -> tuple[str, str] | None:
    """The question and the answer in words that a message belongs to, None where `index` is not that of an answer."""
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(shown):
        return None
    asks = [n for n, message in enumerate(shown) if message["role"] == "user"]
    begin = max((n for n in asks if n < index), default=None)
    if begin is None or index in asks:
        return None
    end = min((n for n in asks if n > index), default=len(shown))
    question, *answers = conversation(shown[begin:end])
    return question["content"], "\n\n".join(answer["content"] for answer in answers)


class Reply:
    """Everything the assistant shows for one question, growing event by event."""

    def __init__(self) -> None:
        self._steps: dict[str, Shown] = {}
        self._text = ""
        self._cards: dict[tuple[object, ...], str] = {}  # by what they show: the same forecast has one
        self._until_then = THINKING

    def add(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case ToolStarted():
                self._steps[event.id] = _started(event)
            case ToolFinished():
                if event.id in self._steps:
                    self._steps[event.id] = _finished(self._steps[event.id], event)
                if isinstance(event.data, ForecastAnswer):
                    self._show(event.data)
                if isinstance(event.data, CandleSpan | SpanAnswer):
                    self._show_span(event.data)
            case Token():
                self._text += event.text

    def _show(self, answer: ForecastAnswer) -> None:
        key = (answer.forecast.id, answer.forecast.symbol, answer.forecast.horizons[-1].target_time, answer.threshold)
        if key not in self._cards and len(self._cards) < CARDS:
            self._cards[key] = forecast_card(answer)

    def _show_span(self, answer: CandleSpan | SpanAnswer) -> None:
        span = answer.span if isinstance(answer, SpanAnswer) else answer
        key = (span.symbol, span.candles[0].open_time, span.candles[-1].open_time)
        if key not in self._cards and len(self._cards) < CARDS and (card := span_card(answer)):
            self._cards[key] = card

    def wait(self) -> None:
        """The turn has to wait for others."""
        self._until_then = WAITING

    def begin(self) -> None:
        """It has not to wait any more."""
        self._until_then = THINKING

    def refuse(self) -> None:
        """Too many wait already."""
        self._text = BUSY

    def fail(self) -> None:
        """The turn broke off: say so in one sentence."""
        self._text = f"{self._text}\n\n{TROUBLE}".strip()
        self._steps = dict(zip(self._steps, _ended(list(self._steps.values())), strict=True))

    def messages(self) -> list[Shown]:
        """Steps first, then the words, then the cards; until there is any of them, that something goes on."""
        if not (self._steps or self._text or self._cards):
            metadata = {"title": self._until_then, "status": "pending", "id": "until-then"}
            return [{"role": "assistant", "content": "", "metadata": metadata}]
        text = [{"role": "assistant", "content": defused(self._text)}] if self._text else []
        return [
            *self._steps.values(),
            *text,
            *({"role": "assistant", "content": card} for card in self._cards.values()),
        ]


def _started(call: ToolStarted) -> Shown:
    about = ", ".join(_told(name, value) for name, value in call.args.items())
    title = TITLES.get(call.name, call.name)
    metadata = {"title": defused(f"{title}: {about}" if about else title), "status": "pending", "id": call.id}
    return {"role": "assistant", "content": "", "metadata": metadata}


def _told(name: str, value: object) -> str:
    if name == "until":  # 2026-03-19T17:00Z
        return f"until {str(value)[:16].replace('T', ' ')} UTC" if str(value).endswith("Z") else f"until {value}"
    if value is True:
        return name
    if isinstance(value, float):
        return f"{value:,.10g}"
    unit = {"hours": " h", "minutes": " min"}.get(name, "")
    return f"{value}{unit}"[:40]


def _finished(step: Shown, call: ToolFinished) -> Shown:
    title = step["metadata"]["title"] + ("" if call.ok else " (did not work)")
    metadata = step["metadata"] | {"title": title, "status": "done", "duration": round(call.seconds, 3)}
    return {"role": "assistant", "content": f"```json\n{_readable(call.text)}\n```", "metadata": metadata}


def _ended(shown: Sequence[Shown]) -> list[Shown]:
    return [
        message | {"metadata": message["metadata"] | {"status": "done"}} if "metadata" in message else message
        for message in shown
    ]


def _readable(text: str) -> str:
    """A tool's compact JSON over several lines."""
    try:
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except ValueError:
        return text.replace("`", "'")
