"""What the kinds of questions are read with."""

from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from assistant.lookups import first_calls
from assistant.understanding import IntentClassifier, read_question

NOW = datetime(2026, 11, 29, 13, 40, tzinfo=UTC)


class Sure(NamedTuple):
    """A topic that a text is sure to ask for."""

    topic: str
    score: float = 1.0


@pytest.fixture(scope="session")
def asks():
    """What the turns of a conversation ask in the end, at 13:40 UTC, where nothing is looked for in the knowledge."""
    classifier = IntentClassifier.load()
    return lambda *turns: read_question(turns, classifier, NOW)


@pytest.fixture(scope="session")
def calls():
    """The first calls of tools for the turns of a conversation, at 13:40 UTC; `topics` names what a text asks for."""
    classifier = IntentClassifier.load()

    def read(*turns, zone="UTC", topics=lambda text: None):
        def sure(text):
            return Sure(topic) if (topic := topics(text)) else None

        return first_calls(read_question(turns, classifier, NOW, zone=zone, topics=sure))

    return read
