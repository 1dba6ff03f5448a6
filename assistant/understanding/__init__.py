"""What a visitor asks: words of six languages in, a frame of intent, coins, times and numbers out."""

from assistant.understanding.follow_up import read_question
from assistant.understanding.frame import OFFERED, Ask, Intent, Language, Question
from assistant.understanding.intents import IntentClassifier
from assistant.understanding.readings import Readings
from assistant.understanding.slots import known_zone, name_of
from assistant.understanding.topics import Topic, Topics, no_topic

__all__ = [
    "OFFERED",
    "Ask",
    "Intent",
    "IntentClassifier",
    "Language",
    "Question",
    "Readings",
    "Topic",
    "Topics",
    "known_zone",
    "name_of",
    "no_topic",
    "read_question",
]
