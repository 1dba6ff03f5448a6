"""The agent: one turn of a conversation in, a stream of events out. It keeps nothing of a conversation.

    conversation -> loop of model and tools -> words -> grounding -> events

The loop and its bounds are in assistant/loop.py, what a language model must keep to in assistant/guard.py. Here is that
the embedded model takes over when it does not, fails, stays silent, says nothing, or has answered enough for a day.
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from assistant.budget import Budget
from assistant.events import AlertSet, Event, Token, ToolFinished, ToolStarted
from assistant.grounding import Checked, Grounding, Refused, leaving_out
from assistant.guard import Guard
from assistant.lookups import first_calls
from assistant.loop import NEWEST, SILENCE, Patience, build_graph, history, next_within, settled, stream, visible
from assistant.replies import Speech, watch_of
from assistant.understanding import OFFERED, Intent, Topics, no_topic
from forecaster.schema import Symbol
from tools import NAMES, BoundTool, moment_of

if TYPE_CHECKING:  # LangChain takes seconds to import, and events are needed without it
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage, ToolMessage

    from assistant.loop import Graph
    from assistant.offline_model import OfflineModel
    from assistant.understanding import Question

__all__ = ["Agent", "AlertSet", "Event", "Token", "ToolFinished", "ToolStarted", "build_agent", "run_turn"]

LONGEST_MESSAGE = 2000  # characters
LONGEST_REPLY = 6000  # characters of a model in one turn

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Agent:
    """A language model with tools, and the embedded model that takes over from it; the same one where it answers."""

    graph: "Graph"
    embedded: "Graph"
    read: "Callable[[Sequence[str], str], Question]"  # what the newest of a person's messages asks, in a time zone
    silence: float  # seconds that a language model may leave a visitor waiting
    budget: Budget | None
    warm: "Callable[[], None]"  # do now what the first unclear question would wait for


def build_agent(
    chat_model: "BaseChatModel",
    tools: Sequence[BoundTool],
    *,
    embedded: "OfflineModel | None" = None,  # one is made where none is at hand
    silence: float = SILENCE,
    budget: Budget | None = None,
    offered: Sequence[Symbol] = OFFERED,  # coins that are followed
    topics: Topics = no_topic,  # finds what of the knowledge a text asks about
) -> Agent:
    """An agent that answers with this model and these tools. It takes part in any number of turns at once."""
    from assistant.offline_model import OfflineModel

    offline = chat_model if isinstance(chat_model, OfflineModel) else embedded or OfflineModel()
    offline = offline.model_copy(update={"offered": tuple(offered), "topics": topics})
    if tools:
        offline = offline.model_copy(update={"moment": partial(moment_of, tools[0].backend)})
    own = build_graph(offline, tools, own=True)
    if isinstance(chat_model, OfflineModel):
        return Agent(own, own, offline.read, silence, None, offline.warm)
    return Agent(build_graph(chat_model, tools, offered), own, offline.read, silence, budget, offline.warm)


async def run_turn(
    agent: Agent, messages: Sequence[Mapping[str, str]], *, site: str = "", zone: str = "UTC", watches: bool = False
) -> AsyncGenerator[Event, None]:
    """Answer the newest of the messages, ``{"role": "user" | "assistant", "content": ...}``, oldest first.

    `site` is where the visitor asks from: each has its share of a language model. `zone` is the visitor's, by its
    IANA name: times are read and told in it. With `watches`, a page asks, which can watch for an alert. What fails is
    told in words and never raised.
    """
    newest = messages[-1]["content"] if messages else ""
    messages = [{**m, "content": m["content"][:LONGEST_MESSAGE]} for m in messages[-NEWEST:]]
    asked = agent.read([m["content"] for m in messages if m["role"] != "assistant"], zone)
    speech = Speech(asked.language)
    if not newest.strip() or len(newest) > LONGEST_MESSAGE:
        longest = speech.number(LONGEST_MESSAGE)
        yield Token(speech.say("turn.too_long", longest=longest) if newest.strip() else speech.say("turn.empty"))
        return
    asked = replace(asked, watches=watches)
    said = history(messages, zone, watches=watches)
    turn = _Turn(said, Grounding(messages, asked), Patience(agent.silence), speech, asked)
    try:
        async with aclosing(_answered(agent, turn, messages, site)) as events:
            async for event in events:
                yield event
    except Exception as error:  # a bug, or a tool without an end: its text may hold anything
        log.error("A turn broke off.", exc_info=error)
        turn.answered = False
    if not turn.answered:
        yield turn.token(speech.say("turn.unfinished"))


@dataclass(slots=True)
class _Turn:
    """What one turn knows so far."""

    said: "list[BaseMessage]"  # the conversation that models read, then the tool calls of this turn and their results
    grounding: Grounding
    patience: Patience
    speech: Speech
    asked: "Question"
    guard: Guard | None = None  # of a language model, while one answers
    started: dict[str, float] = field(default_factory=dict)  # when each tool began, by the call's id
    running: set[str] = field(default_factory=set)  # calls of tools, known or not
    spoken: bool = False  # at all
    answered: bool = False  # since the newest tool call or notice

    def token(self, text: str, *, answers: bool = True) -> Token:
        """A piece of the reply, as a paragraph of its own where it does not go on; a notice answers nothing."""
        goes_on = self.answered and answers
        token = Token(text if goes_on or not self.spoken else f"\n\n{text}")
        self.spoken, self.answered = True, answers
        return token


async def _answered(
    agent: Agent, turn: _Turn, messages: Sequence[Mapping[str, str]], site: str
) -> AsyncGenerator[Event, None]:
    """The language model's turn, and the embedded model's where there is none, it breaks off, or an alert is set."""
    if agent.graph is not agent.embedded and all(ask.intent is not Intent.ALERT for ask in turn.asked.asks):
        if agent.budget is not None and not agent.budget.spend(site):
            spent = turn.speech.say("turn.spent")
            if not any(spent in m["content"] for m in messages):  # once in a conversation
                yield turn.token(spent, answers=False)
        else:
            async with aclosing(_tried(agent, turn)) as events:
                async for event in events:
                    yield event
            if turn.answered:
                return
            turn.grounding.forget()
            turn.said, turn.running, turn.guard = settled(turn.said), set(), None
    turn.patience = Patience(float("inf"))
    async with aclosing(_told(agent.embedded, turn)) as events:
        async for event in events:
            yield event


async def _tried(agent: Agent, turn: _Turn) -> AsyncGenerator[Event, None]:
    """The language model's turn, as far as it comes."""
    turn.guard = Guard(needs_tool=bool(first_calls(turn.asked)))
    try:
        async with aclosing(_told(agent.graph, turn)) as events:
            async for event in events:
                yield event
        turn.guard.end()
    except Refused as refused:
        log.warning("The language model said what it must not (%s); the embedded one answers.", refused)
        turn.answered = False
    except Exception as error:  # every provider has its own; their texts may hold anything
        log.warning("The language model failed (%s); the embedded one answers.", type(error).__name__)
        yield turn.token(turn.speech.say("turn.stand_in"), answers=False)


async def _told(graph: "Graph", turn: _Turn) -> AsyncGenerator[Event, None]:
    """The events of a graph that answers. Raises TimeoutError, and Refused for what must not be said."""
    room = LONGEST_REPLY
    async with aclosing(stream(graph, turn.said, whole=turn.guard is not None)) as parts:
        while room > 0:
            part = await next_within(parts, turn.patience.left(tools=bool(turn.running)))
            if part is None:
                break
            if isinstance(part, str):
                heard = turn.guard.read(part[:room]) if turn.guard else part[:room]
                events: Iterator[Event] = _tokens(turn.grounding.check(heard), turn)
                room -= len(part)
            else:
                events = _steps(part, turn)
            for event in events:
                yield event
                turn.patience.hear()
    if room <= 0:
        turn.grounding.forget()  # a sentence that was cut off may end in half a figure
    for token in _rest(turn):
        yield token


def _tokens(sentences: Iterator[Checked], turn: _Turn) -> Iterator[Token]:
    passed = turn.guard.passed if turn.guard else leaving_out
    return (turn.token(text) for text in map(passed, sentences) if text.strip())


def _rest(turn: _Turn) -> Iterator[Token]:
    """What is left where a reply ends."""
    left = turn.guard.rest() if turn.guard else ""
    return _tokens(chain(turn.grounding.check(left), turn.grounding.end()), turn)


def _steps(update: Mapping[str, Any], turn: _Turn) -> Iterator[Event]:
    """The tool calls that a step of the loop began or ended, after the words before them."""
    from langchain_core.messages import AIMessage, ToolMessage

    for message in (message for node in update.values() for message in (node or {}).get("messages", ())):
        new = isinstance(message, AIMessage) and all(message.id != known.id for known in turn.said)  # some come again
        calls = message.tool_calls if new else []
        ended = isinstance(message, ToolMessage) and message.tool_call_id in turn.running
        if not calls and not ended:  # such as what LangChain says to a call that nobody can read
            continue
        yield from _rest(turn)
        turn.answered = False
        turn.said.append(message)
        for call in calls:
            turn.running.add(str(call["id"]))
            if call["name"] in NAMES:  # else it is told that there is no such tool, and nobody else needs to know
                turn.started[str(call["id"])] = time.monotonic()
                args = visible(call["name"], call["args"])
                yield ToolStarted(str(call["id"]), call["name"], args, turn.speech.language)
        if ended:
            turn.running.discard(message.tool_call_id)
            if message.tool_call_id in turn.started:
                finished = _finished(message, turn)
                yield finished
                yield from _alerts(finished.data, turn)


def _alerts(found: BaseModel | None, turn: _Turn) -> Iterator[AlertSet]:
    """What the page is to watch, now that a tool has told the price or the range."""
    watches = [watch_of(ask, found, turn.asked.offered) for ask in turn.asked.asks] if turn.asked.watches else []
    yield from (AlertSet(watch, turn.speech.language) for watch in watches if watch is not None)


def _finished(message: "ToolMessage", turn: _Turn) -> ToolFinished:
    key, ok = message.tool_call_id, message.status != "error"
    data = message.artifact if ok and isinstance(message.artifact, BaseModel) else None
    turn.grounding.learn(message.text, data)
    if turn.guard:
        turn.guard.learn(message, data)
    seconds = time.monotonic() - turn.started.pop(key)
    return ToolFinished(key, str(message.name), ok, message.text, seconds, data, turn.speech.language)
