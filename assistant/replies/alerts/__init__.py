"""Alerts that somebody asks for in a chat: what an open page is to watch, and the words that say so.

    ask, result of a tool -> Watch -> the page's card
                          -> words, wherever it is asked

A page can watch the coins that are followed, since it is told of their prices. Elsewhere nothing is promised.
"""

from assistant.replies.alerts.watches import Watch, kind_of, timed, watch_of
from assistant.replies.alerts.words import prices_of, told

__all__ = ["Watch", "kind_of", "prices_of", "timed", "told", "watch_of"]
