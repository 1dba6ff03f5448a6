"""What stands beside the words of an answer: the card of a forecast or of candles as HTML, and the steps taken."""

from assistant.page.cards.alert_card import alert_card
from assistant.page.cards.card import forecast_card
from assistant.page.cards.span_card import span_card
from assistant.page.cards.steps import step_failed, step_found, step_title

__all__ = ["alert_card", "forecast_card", "span_card", "step_failed", "step_found", "step_title"]
