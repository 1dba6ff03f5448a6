"""The cards beside the words of an answer, as HTML: a forecast's range, its facts and its picture, or candles."""

from assistant.page.cards.card import forecast_card
from assistant.page.cards.span_card import span_card

__all__ = ["forecast_card", "span_card"]
