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

from assistant.agent import LONGEST_MESSAGE, AlertSet, Event, Token, ToolFinished, ToolStarted
from assistant.page.cards import alert_card, forecast_card, span_card, step_failed, step_found, step_title
from assistant.page.visitor import Visitor
from assistant.page.words import Words
from assistant.replies import Watch
from assistant.understanding import Language
from tools import ForecastAnswer, SpanAnswer

Shown = dict[str, Any]  # role, content and, for a step, metadata: what Gradio's chatbot takes
KEPT = 80  # messages that stay on the page; every question carries them to the server
MOST_STORED = 800_000  # characters that are taken back from a browser's store
CARDS = 3  # in one reply at most
ALERTS = 6  # the same of alerts: as many as an answer tells of
CARD = "<section "  # how a card begins; defused text cannot
THINKING, WAITING, BUSY, TROUBLE, STOPPED, EARLIER = (
    Words().say(f"chat.{name}") for name in ("thinking", "waiting", "busy", "trouble", "stopped", "earlier")
)  # in English
STOPS = {Words(Visitor(language=language)).say("chat.stopped") for language in Language}


class _Text(BaseModel):
    type: Literal["text"]
    text: str


class _Step(BaseModel):
    title: str
    status: Literal["pending", "done"] = "done"
    id: str


class _Message(BaseModel):
    role: Literal["user", "assistant"]
    content: list[_Text]
    metadata: _Step | None = None

    @property
    def shown(self) -> Shown:
        step = {"metadata": self.metadata.model_dump()} if self.metadata else {}
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


def on_page(shown: Sequence[Shown]) -> list[dict[str, Any]]:
    """The messages as Gradio's page takes and sends them."""
    return [
        {
            "role": message["role"],
            "metadata": message.get("metadata"),
            "content": [{"type": "text", "text": message["content"]}],
            "options": None,
        }
        for message in shown
    ]


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
    """A message that may be forged, as we would have shown it; None for a card that never was one of ours."""
    content = message["content"]
    if "metadata" in message:
        title = defused(unescape(message["metadata"]["title"]))
        found = "" if "```" in content else defused(unescape(content))
        return message | {"content": found, "metadata": message["metadata"] | {"title": title}}
    if content.startswith(CARD) and message["role"] == "assistant":
        return None if _ELSEWHERE.search(unescape(_PICTURE.sub("", content))) else message
    return message | {"content": defused(unescape(content))}


def asked(text: str) -> Shown:
    """A visitor's message. One character too many is kept, and enough for the agent to refuse it."""
    return {"role": "user", "content": defused(text.strip()[: LONGEST_MESSAGE + 1])}


def stopped(shown: Sequence[Shown], words: Words | None = None) -> list[Shown]:
    """The messages after the visitor broke off the turn: no step is running any more."""
    return [*_ended(shown), {"role": "assistant", "content": (words or Words()).say("chat.stopped")}]


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
    """The question and the answer in words that a message belongs to, None where `index` is not that of an answer.

    That the visitor broke it off is none.
    """
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(shown):
        return None
    asks = [n for n, message in enumerate(shown) if message["role"] == "user"]
    begin = max((n for n in asks if n < index), default=None)
    if begin is None or index in asks or shown[index]["content"] in STOPS:
        return None
    end = min((n for n in asks if n > index), default=len(shown))
    question, *answers = conversation(shown[begin:end])
    return question["content"], "\n\n".join(answer["content"] for answer in answers)


class Reply:
    """Everything the assistant shows for one question, growing event by event; times are told in the zone."""

    def __init__(self, words: Words | None = None, zone: str = "UTC") -> None:
        """`words` are those of the visitor; English ones without."""
        self._zone, self._words = zone, words or Words()
        self._steps: dict[str, Shown] = {}
        self._text = ""
        self._cards: dict[tuple[object, ...], str] = {}  # by what they show: the same forecast has one
        self._alerts: dict[Watch, str] = {}
        self._until_then = self._words.say("chat.thinking")

    def add(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case ToolStarted():
                self._steps[event.id] = _started(event, self._zone)
            case ToolFinished():
                if event.id in self._steps:
                    self._steps[event.id] = _finished(self._steps[event.id], event, self._zone)
                if isinstance(event.data, ForecastAnswer):
                    self._show(event.data, event.language)
                if isinstance(event.data, SpanAnswer):
                    self._show_span(event.data, event.language)
            case AlertSet() if len(self._alerts) < ALERTS:
                self._alerts[event.watch] = alert_card(event.watch, event.language, self._zone)
            case Token():
                self._text += event.text

    def _show(self, answer: ForecastAnswer, language: Language) -> None:
        key = (answer.forecast.id, answer.forecast.symbol, answer.forecast.horizons[-1].target_time, answer.threshold)
        if key not in self._cards and len(self._cards) < CARDS:
            self._cards[key] = forecast_card(answer, language, self._zone)

    def _show_span(self, answer: SpanAnswer, language: Language) -> None:
        span = answer.span
        key = (span.symbol, span.candles[0].open_time, span.candles[-1].open_time)
        if key not in self._cards and len(self._cards) < CARDS and (card := span_card(answer, language, self._zone)):
            self._cards[key] = card

    def wait(self) -> None:
        """The turn has to wait for others."""
        self._until_then = self._words.say("chat.waiting")

    def begin(self) -> None:
        """It has not to wait any more."""
        self._until_then = self._words.say("chat.thinking")

    def refuse(self) -> None:
        """Too many wait already."""
        self._text = self._words.say("chat.busy")

    def fail(self) -> None:
        """The turn broke off: say so in one sentence."""
        self._text = f"{self._text}\n\n{self._words.say('chat.trouble')}".strip()
        self._steps = dict(zip(self._steps, _ended(list(self._steps.values())), strict=True))

    def messages(self) -> list[Shown]:
        """Steps first, then the words, the alerts, the cards; until there is any of them, that something goes on."""
        if not (self._steps or self._text or self._alerts or self._cards):
            metadata = {"title": self._until_then, "status": "pending", "id": "until-then"}
            return [{"role": "assistant", "content": "", "metadata": metadata}]
        text = [{"role": "assistant", "content": defused(self._text)}] if self._text else []
        return [
            *self._steps.values(),
            *text,
            *({"role": "assistant", "content": card} for card in (*self._alerts.values(), *self._cards.values())),
        ]


def _started(call: ToolStarted, zone: str) -> Shown:
    metadata = {"title": defused(step_title(call, zone)), "status": "pending", "id": call.id}
    return {"role": "assistant", "content": "", "metadata": metadata}


def _finished(step: Shown, call: ToolFinished, zone: str) -> Shown:
    """A step that is over, with where its result comes from: what tools say to a model is nothing to a visitor."""
    title = step["metadata"]["title"]
    metadata = step["metadata"] | {"title": title if call.ok else step_failed(call, title), "status": "done"}
    return {"role": "assistant", "content": defused(step_found(call, zone)), "metadata": metadata}


def _ended(shown: Sequence[Shown]) -> list[Shown]:
    return [
        message | {"metadata": message["metadata"] | {"status": "done"}} if "metadata" in message else message
        for message in shown
    ]
