"""What a visitor asks: words of six languages in, a frame of intent, coins, times and numbers out."""

from assistant.understanding.follow_up import read_question
from assistant.understanding.frame import Ask, Intent, Language, Question
from assistant.understanding.intents import IntentClassifier

__all__ = [
    "Ask",
    "Intent",
    "IntentClassifier",
    "Language",
    "Question",
    "read_question",
]
