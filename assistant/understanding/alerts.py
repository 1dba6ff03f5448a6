"""Whether a text asks to be told of something when it happens: "tell me when BTC leaves its range".

A request names an event without a verb of the future: "tell me when it will" asks for a time.
"""

import re

_ASKED = re.compile(
    r"\b(?:alert|notify|ping|warn|inform|message|text|remind|buzz) (?:me|us)\b"
    r"|\b(?:set|create|add|make)(?: up)?(?: me)? (?:an? )?(?:price )?(?:alert|alarm|warning|notification)\b"
    r"|\b(?:tell|let|show) me (?:know )?(?:when|whenever|once|as soon as|the moment)\b"
    r"|\b(?:tell me|let me know|give me a shout) if\b"
    r"|\b(?:like|want) to (?:be (?:told|alerted|notified|warned)|know) (?:when|once|as soon as|if)\b"
)
_NO_EVENT = re.compile(  # a time or a fact is asked for
    r"\b(?:when|whenever|once|as soon as|the moment|if)\b.{0,40}?"
    r"\b(?:will|would|should|could|might|may|can|was|were|had|going to|likely|chances?|forecast|predict\w*)\b"
    r"|\bwhen did\b|\bif (?:it'?s?|coin|this|that|there|i|you|we|the|now) ?"
    r"(?:is|are|am|was|have|has|looks?|good|worth|safe|better)\b"
    r"|\b(?:good|right|best) time\b|\b(?:buy|sell|invest)\b"
)
_UNUSUAL = re.compile(
    r"\b(?:unusual\w*|anomal\w+|abnormal\w*|weird|strange|odd|oddly|suspicious|crazy|wild|unexpected|surpris\w+"
    r"|something happens|anything happens|out of the ordinary)\b"
)


def alert_asked(text: str) -> bool:
    """Whether a piece of plain English asks for an alert."""
    return _ASKED.search(text) is not None and _NO_EVENT.search(text) is None


def of_an_anomaly(text: str) -> bool:
    """Whether an alert is of an unusual move, and of no price."""
    return _UNUSUAL.search(text) is not None
