"""Whether a part of a message asks for an entry of the knowledge, and for which; or for nothing that is known here."""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from assistant.understanding.asks import DAY
from assistant.understanding.frame import Ask, Intent
from assistant.understanding.message_parts import TALK, Message, Part
from assistant.understanding.slots import Slots


class Topic(Protocol):
    """An entry of the knowledge, and how sure it is that a text asks for it: 0 to 1."""

    @property
    def topic(self) -> str:
        """What it is called."""
        ...

    @property
    def score(self) -> float:
        """How sure it is."""
        ...


Topics = Callable[[str], Topic | None]
LIKELY_TOPIC = 0.5  # of a text that the classifier takes for a question about this service
SURE_TOPIC = 0.7  # of another text without a coin
SUREST_TOPIC = 0.9  # of one with a coin
BESIDE_COINS = 0.97  # of one that stands beside questions about coins
MOST_HALVES = 3
WHOLE = 0.6  # of a text: what is shorter leaves out what it is about
_NO_TOPIC = TALK | {Intent.ALERT, Intent.ANOMALIES, Intent.TRACK_RECORD}
_OF_A_COIN = frozenset({Intent.PRICE, Intent.ADVICE})
_LIKE_OTHERS = frozenset({Intent.PRICE, Intent.CANDLES, Intent.FORECAST, Intent.ALERT})  # in form
_ABOUT_US = frozenset({Intent.METRICS, Intent.METHOD, Intent.DATA, Intent.WHY, Intent.CAPABILITIES})
_DEFINES = re.compile(
    r"\b(?:what(?:'s| is| are| does)|list|explain|define|definition|meaning|mean by|stand for|how (?:do|does|is"
    r"|are|can|many|much|did)|who|why|do you|are you|is there|can (?:i|you)|where|which|does)\b"
)
_HALVES = re.compile(
    r"[?!;,\uff1f\uff0c\u3002]+|\.(?!\d)|&|\b(?:and|also|plus|und|y|e|et|ed)\b|\u548c|\u8fd8\u6709", re.IGNORECASE
)
_LEANS = re.compile(  # on the other half
    r"^\W*(?:(?:no|not|kein\w*|pas|sin|sem|aucun\w*"
    r"|on|in|for|with|of|by|from|to|at|about|n|then|why|so)\b"
    r"|wh(?:at|o)(?:'?s| is) (?:that|this|it)\W*$)",
    re.IGNORECASE,
)
_STATES = re.compile(r"^\W*(?:i|we|my|our) (?!want|would|need|wonder)\w+ ", re.IGNORECASE)  # "i run a blog, can i"
SIDE = re.compile(r"(?:and |or )?(?P<side>above|over|below|under)\W*")  # of the price that was asked about before
_HOW = re.compile(
    r"\b(?:how (?:do|does|is|are)\b.*\b(?:work|works|defined|decided?|computed|calculated|measured|found)"
    r"|what (?:counts as|makes an?)|what(?:'s| is)? an?\b|define|explain|do you (?:keep|store|save|log))\b"
)
_BEGINS = re.compile(r"^ *(?:what|who|how|is|are|do|does|can|why|which|where)\b(?: +\S+){2}")
_OF_THE_RECORD = frozenset(("track-record", "record", "accuracy", "coverage", "direction"))  # which tools tell
_DIFFERENCE = re.compile(
    r"\b(?:difference|unterschied|diff[e\u00e9]rence|diferencia|diferen[c\u00e7]a|differenza|vs)\b|\u533a\u522b",
    re.IGNORECASE,
)
_CUT = re.compile(r"\b(?:the|an?|of|to)\W*$")  # the French "qui est le plus ..."
_EXPLAIN = re.compile(r"\b(?:explain|mean|meaning|what(?:'s| is)? an?)\b")
_WHY = re.compile(r"\bwhy\b")
_OF_YOU = re.compile(r"\b(?:can|are|do|how|why|is)\b.{0,24}\b(?:you|your)\b|\b(?:fraction|share|often)\b.*\byour\b")
_CAUSE = re.compile(
    r"\b(?:why|reasons?|because|caus(?:e[ds]?|ing)|blame|behind|to do with)\b"
    r"|\bwhat(?:'s| is| are| has| have)?(?: been)? (?:mak(?:es|ing)|made|driv(?:es|ing)|drove|push(?:es|ed|ing)"
    r"|mov(?:es|ing)|pump(?:ed|ing)|dump(?:ed|ing))\b"
)
_OURS = re.compile(
    r"\b(?:you|your|forecasts?|predictions?|range|model|trust|believe)\b"
)  # what is asked about is no move
_WHICH_COIN = re.compile(r"\b(?:which|what) (?:coin|crypto\w*|one|token)s?\b")


def no_topic(text: str) -> Topic | None:
    """Nothing, where there is no knowledge."""
    return None


def of_a_cause(part: Part) -> bool:
    """Whether it is asked why a coin's price has moved, which nobody here knows."""
    slots = part.slots
    ahead = slots.start is None and (slots.target is not None or (slots.direction == "future" and not slots.told_past))
    ours = ahead or slots.priced or _OURS.search(part.text) is not None or len(slots.symbols) > 1
    return bool(slots.symbols) and not ours and _CAUSE.search(part.text) is not None


def off_topic(part: Part, intent: Intent) -> bool:
    """Whether a part has the form of a question about a coin, and neither one nor its words: "who scores most"."""
    slots, q = part.slots, part.slots.quantities
    of_money = slots.symbols or slots.priced or slots.currency or q.amount is not None or q.path
    return part.strange and intent in _LIKE_OTHERS and not of_money


def asked_topics(typed: str, parts: Sequence[Part], topics: Topics) -> tuple[Ask, ...]:
    """The asks for entries of the knowledge, where every half of a message is a question for another one."""
    halves = [half for half in _HALVES.split(typed) if half.strip()]
    if _DIFFERENCE.search(typed):
        return ()
    if not 2 <= len(halves) <= MOST_HALVES or any(of_coins(part.slots) for part in parts):
        return ()
    found = [None if _LEANS.search(half) or _STATES.search(half) else topics(half) for half in halves]
    if any(each is None or each.score < SUREST_TOPIC for each in found):
        return ()
    asked = dict.fromkeys(each.topic for each in found if each is not None)
    return tuple(Ask(Intent.EXPLAIN, topic=topic) for topic in asked) if len(asked) > 1 else ()


def beside_coins(message: Message, topics: Topics) -> tuple[Ask, ...]:
    """The asks for entries of the knowledge that stand beside questions about coins: "doge price? is this free"."""
    halves = [half for half in _HALVES.split(message.typed) if half.strip() and not _LEANS.search(half)]
    if not 2 <= len(halves) <= MOST_HALVES:
        return ()
    read = [(half, message.read(half)) for half in halves]
    alone = [
        half
        for half, part in read
        if _BEGINS.search(part.text) and not of_coins(part.slots) and not _CUT.search(part.text)
    ]
    found = [topics(half) for half in alone if len(halves) > len(alone)]
    return tuple(Ask(Intent.EXPLAIN, topic=each.topic) for each in found if each and each.score >= BESIDE_COINS)


def of_coins(slots: Slots) -> bool:
    """Whether a coin, a time, a price or an amount is named."""
    q = slots.quantities
    return bool(slots.symbols or slots.timed or slots.priced or slots.currency or q.amount is not None or q.path)


def asked_topic(part: Part, text: str, topics: Topics, beside: int = 0) -> Ask | None:
    """The ask for an entry of the knowledge, where a part is a question for it and not for a price.

    `text` is what is looked for: the part as it was typed, or in plain English; `beside` is how many parts there are
    besides.
    """
    slots, q = part.slots, part.slots.quantities
    far = part.intent is not Intent.FOLLOWUP and (slots.hours or 0) > DAY  # "kannst du nächste woche"
    ours = not slots.symbols and (far or _OF_YOU.search(part.text) is not None)
    moment = slots.target or slots.at or slots.start  # "how often a day" names none
    timed = slots.timed and not ours and (slots.symbols or (moment and part.intent is not Intent.WHY))
    explained = _WHY.search(part.text) or (not slots.symbols and _EXPLAIN.search(part.text))
    differs = not slots.symbols and _DIFFERENCE.search(text) is not None  # "between touching 70k and closing above it"
    priced = slots.priced and not differs and not (q.level is not None and (ours or explained))
    if not text or q.sums or timed or priced or q.path or q.amount is not None or slots.currency:
        return None
    ahead = ours and slots.hours is not None and slots.direction == "future"  # "do you do forecasts for next month"
    recorded = part.intent is Intent.TRACK_RECORD and not slots.symbols  # "can i use your forecasts via api"
    defined = differs or (not slots.symbols and part.intent not in TALK and _HOW.search(part.text))
    if (part.intent in _NO_TOPIC and not (ahead or recorded or defined)) or slots.worst:
        return None
    if part.intent is Intent.FOLLOWUP and (slots.bare or q.percent or slots.zone or SIDE.fullmatch(part.text)):
        return None
    if slots.compare_by and _WHICH_COIN.search(part.text) and part.intent is not Intent.ADVICE:
        return None  # "which coin is most volatile"
    if slots.symbols and (part.intent in _OF_A_COIN or not _DEFINES.search(part.text)):
        return None  # and nothing is looked for, which takes longer than all else
    topic = topics(text)
    doubtful = topic is None or topic.score < BESIDE_COINS
    if doubtful and part.text != text and len(part.text) > WHOLE * len(text):
        topic = max(filter(None, (topic, topics(part.text))), key=lambda each: each.score, default=None)
    if part.intent is Intent.ADVICE:
        if topics is not no_topic and _WHICH_COIN.search(part.text):
            return Ask(Intent.EXPLAIN, topic="advice")
        return Ask(Intent.EXPLAIN, topic=topic.topic) if topic and topic.score >= SUREST_TOPIC else None
    if topic and slots.metric and topic.topic != slots.metric and topic.score < BESIDE_COINS:
        return None  # the term that is named is told
    about_us = part.intent in _ABOUT_US
    doubted = slots.symbols or ((beside or slots.timed or slots.priced or recorded) and not about_us)
    least = SUREST_TOPIC if doubted else LIKELY_TOPIC if about_us else SURE_TOPIC
    if topic is None or topic.score < least or (recorded and not defined and topic.topic in _OF_THE_RECORD):
        return None
    return Ask(Intent.EXPLAIN, topic=topic.topic, metric=slots.metric)
