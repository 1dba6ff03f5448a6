"""What happens, told as it happens: one look upstream for all who listen, and none while nobody does."""

from forecaster.serving.feed.events import Event
from forecaster.serving.feed.feed import MOST_LISTENERS, Feed, Paces
from forecaster.serving.feed.listeners import Listener
from forecaster.serving.feed.recent import LONGEST_AWAY

__all__ = [
    "LONGEST_AWAY",
    "MOST_LISTENERS",
    "Event",
    "Feed",
    "Listener",
    "Paces",
]
