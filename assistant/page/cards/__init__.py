"""The cards beside the words of an answer, as HTML: a forecast's range, its facts and its picture."""

from assistant.page.cards.card import forecast_card

__all__ = ["forecast_card"]
