"""What stands beside the words of an answer: the card of a forecast as HTML, and the steps that were taken."""

from assistant.page.cards.card import forecast_card
from assistant.page.cards.steps import step_failed, step_found, step_title

__all__ = ["forecast_card", "step_failed", "step_found", "step_title"]
