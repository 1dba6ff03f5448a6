"""What a term means, how this works and how good it is: an entry of the knowledge, filled with the numbers of now."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import Protocol

from pydantic import Field

from forecaster.schema import Frozen
from forecaster.serving import ForecastBackend
from tools.anomalies import USUAL_DAYS
from tools.explanations.placeholders import Figure, figures_of, filled, placeholders
from tools.explanations.record import MetricsAnswer, facts_of, metrics_of
from tools.facts import ExplanationFacts
from tools.tool import Arguments, Tool, ToolResult, compact, failure

ENGLISH = "en"
NEAREST = 6  # topics that are named where another one was asked for
DESCRIPTION = (
    "What a term means, how the forecasts are made, how good they were on hours the model never saw (topic record, or "
    "one metric), and how this service is used."
)


class Told(Protocol):
    """What is said of one topic in one language, with placeholders for numbers."""

    @property
    def title(self) -> str:
        """What the topic is called."""
        ...

    @property
    def language(self) -> str:
        """Such as "en"."""
        ...

    @property
    def sentences(self) -> tuple[str, ...]:
        """With placeholders such as {mae}."""
        ...


class Knowledge(Protocol):
    """What can be explained. Whoever binds the tools brings it."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The ids of all topics."""
        ...

    @property
    def figures(self) -> Mapping[str, Figure]:
        """Values of placeholders that the settings tell."""
        ...

    def entry(self, topic: str, language: str) -> Told:
        """What is said of a topic; in English where that language has nothing."""
        ...


class ExplainArguments(Arguments):
    """Which topic, in which language."""

    topic: str = Field(pattern=r"^[a-z0-9-]{1,40}$", description="such as record, crps, ranges or how-it-works")
    language: str = Field(default=ENGLISH, pattern=r"^[a-z]{2}$", description="en, de, es, fr, pt or zh")


class Explanation(Frozen):
    """A topic explained."""

    topic: str
    title: str
    text: str = Field(description="with its numbers")
    language: str = Field(description="of the text")
    apology: bool = Field(description="whether another language was asked for, in which there is no text")
    figures: dict[str, float | str] = Field(description="the numbers in the text, by what they are")
    metrics: MetricsAnswer | None = Field(default=None, description="of a topic that is a metric, or the whole record")


async def explain(knowledge: Knowledge, backend: ForecastBackend, arguments: ExplainArguments) -> ToolResult:
    """The topic, as an Explanation."""
    topic = arguments.topic
    if topic not in knowledge.topics:
        near = get_close_matches(topic, knowledge.topics, n=NEAREST, cutoff=0.0)
        words = f"There is no such topic. Ask for one of the nearest: {', '.join(near)}."
        return failure("unknown_topic", words, nearest=near)
    report, entry = await backend.report(), knowledge.entry(topic, arguments.language)
    figures = {**figures_of(report, await backend.facts()), **knowledge.figures, "alarm_days": USUAL_DAYS}
    told = {name: figures[name] for name in placeholders(entry.sentences) if name in figures}
    answer = Explanation(
        topic=topic,
        title=entry.title,
        text=filled(entry.sentences, figures, entry.language),
        language=entry.language,
        apology=entry.language != arguments.language,
        figures={name: ", ".join(value) if isinstance(value, tuple) else value for name, value in told.items()},
        metrics=metrics_of(topic, report),
    )
    return ToolResult(_text(answer), answer)


def _text(answer: Explanation) -> str:
    note = "there is no text in that language: this one is English" if answer.apology else ""
    facts = {
        "topic": answer.topic,
        "title": answer.title,
        "text": answer.text,
        "language": answer.language,
        "note": note,
    }
    return compact(facts | (facts_of(answer.metrics) if answer.metrics else {}))


async def _nothing(backend: ForecastBackend, arguments: ExplainArguments) -> ToolResult:
    return failure("unavailable", "Nothing can be explained here. Start the service with its knowledge and try again.")


EXPLAIN = Tool(
    name="explain",
    title="Explanation",
    description=DESCRIPTION,
    arguments=ExplainArguments,
    facts=ExplanationFacts,
    run=_nothing,
)


def explaining(knowledge: Knowledge) -> Tool[ExplainArguments]:
    """The tool over this knowledge, whose topics its description names."""
    names = f"{DESCRIPTION} Topics: {', '.join(knowledge.topics)}."
    return replace(EXPLAIN, description=names, run=partial(explain, knowledge))
