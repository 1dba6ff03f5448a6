"""The page's own words, and questions to suggest, in the six languages of assistant/page/texts/."""

from assistant.page.words.suggestions import MOST_SUGGESTIONS, Heard, suggestions_for
from assistant.page.words.words import TEXTS, Words

__all__ = ["MOST_SUGGESTIONS", "TEXTS", "Heard", "Words", "suggestions_for"]
