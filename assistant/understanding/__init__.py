"""What a visitor asks: words of six languages in, a frame of intent, coins, times and numbers out."""

from assistant.understanding.coins import name_of
from assistant.understanding.follow_up import read_question
from assistant.understanding.frame import OFFERED, Ask, Intent, Language, Question
from assistant.understanding.intents import IntentClassifier

__all__ = [
    "OFFERED",
    "Ask",
    "Intent",
    "IntentClassifier",
    "Language",
    "Question",
    "name_of",
    "read_question",
]
