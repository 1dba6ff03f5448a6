"""What a part of a message wants, once its slots are known.

The classifier sees words alone. A time in the past, two coins beside each other, an amount or a percentage say more
than it can know, so they decide here.
"""

import re

from assistant.understanding.asks import DAY
from assistant.understanding.frame import Intent
from assistant.understanding.message_parts import HELD, TALK, Part
from assistant.understanding.slots import Slots
from assistant.understanding.topics import of_a_cause

MOST_COMPARED = 15  # coins

_OF_PRICES = frozenset({Intent.PRICE, Intent.FORECAST, Intent.CANDLES, Intent.FOLLOWUP, Intent.OTHER})
_WHICH = re.compile(
    r"\b(?:which|what|who|whose)\b.{0,40}\b(?:one|coin|coins|crypto|more|most|best|worst|biggest|stronger"
    r"|better|of them)\b|\b(?:best|worst|top|biggest)"
    r" (?:\d+ )?(?:perform\w+|gainers?|losers?|winners?|movers?|coins?|cryptos?)\b"
    r"|\b(?:winners|losers|gainers|both|the two|between them|them|they)\b"
)
_LARGEST_MOVE = re.compile(  # of a coin that is named
    r"\b(?:biggest|largest|greatest|strongest|worst|best|sharpest) (?:\w+ )?"
    r"(?:moves?|drops?|falls?|dips?|rises?|gains?|jumps?|swings?|loss|change|candle|hour)\b"
)
_GOOD, _FORECASTS = r"(?:accurate|reliable|precise|exact|trustworthy|credible)", r"\b(?:forecast|prediction)s?\b"
_HOW_GOOD = re.compile(
    rf"\b(?:how (?:\w+ )?(?:good|{_GOOD})|accuracy|reliability|precision|fiabilite)\b.{{0,40}}{_FORECASTS}"
    rf"|{_FORECASTS}.{{0,24}}\b{_GOOD}\b"
)
_TOLD_OF_A_TIME = re.compile(r"\b(?:median|middle|ranges?|bands?|interval|forecast|prediction|outlook)\b")
_CHOOSES = re.compile(r"\b(?:which|who)\b|\b(?:the most|least)\b|\bwhat\b.*\bor\b")
_LOSS = re.compile(
    r"\b(?:lose|loss|losses|risk|at risk|var|value at risk|worst case|downside|drawdown|gain|earn|make|profit|win)\b"
)
_HOW_MANY = re.compile(
    r"\b(?:what|how much)\b.{0,24}\bworth\b(?! (?:it|buying|selling|holding))|"
    r"\bhow (?:much|many)\b.{0,24}\b(?:buy|get|afford|hold|own|have|end up)\b|\bhow many sat\w+"
    r"|\b(?:buy|get)\b.{0,24}\bhow (?:much|many)\b|\bhow (?:much|many) (?:of )?(?:\u01c0|dollars\b)"
    r"|\bwhat (?:do(?:es)?|would|will|can|could)\b.{0,16}\b(?:buy|get)\b"
)
_AT_RISK = re.compile(r"\b(?:at risk|(?:could|can|might) i lose)\b")
_SHOULD = re.compile(r"\b(?:should|shall|good|wise|recommend|advice)\b")
_HAD = re.compile(r"\b(?:had|if)\b.{0,16}\b(?:bought|invested|put|held)\b|\b(?:bought|invested|put)\b.{0,60}\bworth\b")
_MAY = re.compile(r"\b(?:could|might|may|can|will|would|by|until|tonight|tomorrow|next|in|overnight|expected)\b")
_CLOSED = re.compile(r"\bclos(?:e|es|ed|ing)\b")
_CLOSES = re.compile(r"\bcloses?\b")
_NEXT = re.compile(r"\b(?:next|coming|later|from now|ahead)\b")
_LATER = re.compile(r"\W*\S+ (?:later|soon)\W*")
_MOVED = re.compile(
    r"\b(?:change[ds]?|move[ds]?|moves|rise|rose|risen|fall|fell|fallen|drop(?:ped)?|gain(?:ed)?|los[te]"
    r"|lose|up|down|did|do|done|perform(?:ed|ance)?|high|low|highest|lowest|range|volatile|candles?|chart"
    r"|happened|swing|green|red|min|max)\b"
)
_SAID = re.compile(
    r"\b(?:(?:did|had|was|were) (?:you|your)\b.{0,40}\b(?:forecast|predict\w*|say|tell|call|expect\w*|think)"
    r"|(?:you|your|yours)\b.{0,40}\b(?:predicted|(?<!your )forecast(?:ed)?|said|told|called|expected|thought))\b"
    r"|\b(?:forecast|prediction|predicted)\b.{0,30}\b(?:for|at)\b.{0,20}\b(?:right|correct"
    r"|come true|turn out|actual(?:ly)?)\b"
)
_HOW_ARE_YOU = re.compile(r"\bhow are you\b")
_UNUSUAL = re.compile(r"\b(?:(?:unusual|anomal|abnormal|freak)\w*|weird|strange|odd|suspicious|out of the ordinary)\b")
_DISTANCE = re.compile(
    r"\bhow (?:far|much|close|near)\b.{0,40}\b(?:from|away|off|left|to go|until|short of|missing)\b"
    r"|\bhow (?:far|close|near)(?: (?:is|are|this|esta\w*)\b|\W*$)|\bdistance\b|\bfar from\b"
    r"|\bhow much\b.{0,24}\b(?:ha(?:ve|s) to|must|needs? to)\b"
)
_AVERAGE = re.compile(
    r"\b(?:average|mean|open(?:ing)?) (?:[^\W\d_]+ ){0,2}(?:price|rate|cost)\b"
    r"|(?<!does )(?<!does the )\b(?:price|rate) (?:\w+ ){0,3}(?:on average|average|mean)\b"
)
_CALM = re.compile(r"\b(?:calm|chopp\w+|volatil\w*|quiet|wild|stable|nervous|jumpy)\b")
_TYPICAL = re.compile(
    r"\b(?:typical(?:ly)?|usual(?:ly)?|normal(?:ly)?|average|avg|expected?|how (?:much|far|big|strong\w*|wide))\b"
    r".{0,48}"
    r"\b(?:moves?|movement|swings?|range|ranges|change|changes|fluctuat\w*|var(?:y|ies|iation)|wiggle\w*|go|goes|deviat\w*"
    r"|oscillat\w*|volatil\w*)\b|\b(?:moves?|swings?|fluctuat\w*|var(?:y|ies)|change|volatil\w*|oscillat\w*)\b.{0,24}"
    r"\b(?:typically|usually|normally|on average|in general)\b"
)
_ODDS = re.compile(
    r"\b(?:will|chances?|probab\w+|likely|likelihood|odds|could|can|might|going to|hits?|reach\w*|touch\w*|breaks?"
    r"|liquidat\w+|safe|forecast|predict\w*)\b"
)


def meant(part: Part) -> Intent:
    """What a part wants."""
    slots, intent, text = part.slots, part.intent, part.text
    if intent is Intent.ALERT:
        return intent
    asked = slots.priced or slots.quantities.path
    if intent is Intent.ADVICE and slots.quantities.amount is not None and _HOW_MANY.search(text):
        intent = Intent.PRICE  # "how much can i buy with $300", "i hold 2 eth, what are they worth"
    placed = slots.quantities.touch or slots.quantities.between  # "my stop is at 131, do i survive"
    stopped = placed and slots.priced and not _SHOULD.search(text)
    if intent is Intent.ADVICE and (stopped or (slots.quantities.amount is not None and _AT_RISK.search(text))):
        return Intent.FORECAST
    bought = slots.quantities.amount is not None and not _SHOULD.search(text)  # "2 eth of friday, am i in profit"
    past = slots.at is not None or (slots.direction == "past" and slots.timed)
    if intent is Intent.ADVICE and past and (bought or _HAD.search(text)):
        intent = Intent.PRICE  # "had i bought 2 eth on friday"
    if intent is Intent.TRACK_RECORD and _of_a_time_ahead(slots, text):
        intent = Intent.FORECAST  # "90 % confidence band tomorrow 9am"
    if (
        (intent in TALK or (intent is Intent.CAPABILITIES and slots.symbols and slots.timed))
        and not (_HOW_ARE_YOU.search(text) and not slots.symbols)
        and (asked or slots.symbols or slots.timed)
    ):
        intent = Intent.FOLLOWUP
    if (
        intent is Intent.TRACK_RECORD
        and slots.compare_by == "move"
        and _CHOOSES.search(text)
        and not _SAID.search(text)
    ):
        intent = Intent.CANDLES  # "which of your coins is up most"
    if intent is Intent.FORECAST and not slots.priced and _HOW_GOOD.search(text):
        intent = Intent.TRACK_RECORD if slots.symbols else Intent.METRICS
    if slots.compare_by == "record" and len(slots.symbols) > 1 and intent is not Intent.ADVICE:
        return Intent.COMPARE
    if (
        intent is Intent.TRACK_RECORD
        or (slots.worst and intent is not Intent.ADVICE)
        or (_SAID.search(text) and (slots.at or slots.target) and not slots.priced)
    ):
        return Intent.TRACK_RECORD
    if HELD.search(text) and (slots.at or slots.symbols):
        return Intent.TRACK_RECORD
    if of_a_cause(part):
        return Intent.CANDLES
    if slots.symbols and not slots.timed and _DISTANCE.search(text) and (slots.priced or slots.bare is not None):
        return Intent.PRICE
    if intent in _OF_PRICES and _AVERAGE.search(text) and slots.direction != "future" and slots.at is None:
        return Intent.CANDLES
    if intent in (Intent.CANDLES, Intent.PRICE) and _UNUSUAL.search(text):
        return Intent.ANOMALIES
    if intent is Intent.ANOMALIES and slots.compare_by == "volatility" and not _UNUSUAL.search(text):
        intent = Intent.CANDLES  # "is it calm or wild"
    if compared := _comparison(intent, slots, text):
        return compared
    if _of_a_typical_move(intent, slots, text):
        return Intent.FORECAST
    if (intent is Intent.ADVICE and slots.quantities.level is None) or (intent is Intent.ANOMALIES and not asked):
        return intent
    if (amounts := _of_an_amount(intent, slots, text)) is not None:
        return amounts
    if asked and slots.direction != "past" and slots.at is None:
        current = intent is Intent.PRICE and slots.quantities.threshold is not None and not slots.timed
        if current and slots.quantities.level is None and not _ODDS.search(text):
            return intent
        if intent is not Intent.METRICS or slots.symbols or slots.timed:
            return Intent.FOLLOWUP if intent is Intent.FOLLOWUP else Intent.FORECAST
    if intent in _OF_PRICES:
        return _of_a_time(intent, slots, text)
    return intent


def _of_a_time_ahead(slots: Slots, text: str) -> bool:
    """Whether a moment to come is named, and no word of what was forecast for it or came of that."""
    told = slots.told_past or slots.worst or slots.last or _SAID.search(text) or HELD.search(text)
    return slots.target is not None and slots.start is None and slots.direction != "past" and not told


def _comparison(intent: Intent, slots: Slots, text: str) -> Intent | None:
    """COMPARE or the ratio of two coins, where a part sets coins beside each other."""
    of_one = len(slots.symbols) == 1 and _LARGEST_MOVE.search(text) is not None
    several = len(slots.symbols) > 1 or (_WHICH.search(text) is not None and not of_one)
    if slots.ratio and len(slots.symbols) == 2 and slots.direction != "future":
        return Intent.PRICE
    chosen = intent is Intent.CANDLES and len(slots.symbols) > 1 and _CHOOSES.search(text)  # whatever its verb is
    if not several or slots.priced:
        return None
    if slots.compare_by is None:
        return Intent.COMPARE if chosen else None
    if intent is Intent.ADVICE and slots.compare_by in ("move", "price") and not slots.told_past:
        return None  # "which is the better buy"
    if intent is Intent.METRICS and (slots.compare_by != "record" or len(slots.symbols) < 2):
        return None
    if intent is Intent.OTHER and not slots.symbols and slots.compare_by not in ("move", "volatility", "forecast"):
        return None
    if (
        intent is Intent.PRICE
        and slots.compare_by == "move"
        and not slots.timed
        and not re.search(r"\b(?:more|most|best|worst|better|compare\w*|outperform\w*|beat\w*|winning|ahead)\b", text)
    ):
        return None
    return Intent.COMPARE


def _of_a_typical_move(intent: Intent, slots: Slots, text: str) -> bool:
    """Whether it is asked how far a coin usually goes in some time, which a forecast tells, and not how far it went."""
    past = slots.direction == "past" or slots.told_past or slots.start is not None or slots.at is not None
    past = past or (slots.hours or 0) > DAY  # "how much has it moved this week"
    named = bool(slots.symbols) and slots.hours is not None and not past and not slots.priced
    return named and intent not in (Intent.METRICS, Intent.ADVICE) and _TYPICAL.search(text) is not None


def _of_an_amount(intent: Intent, slots: Slots, text: str) -> Intent | None:
    """FORECAST or PRICE, where an amount or another currency is named."""
    q = slots.quantities
    if q.amount is None and slots.currency is None:
        return Intent.FORECAST if _AT_RISK.search(text) and slots.symbols else None
    if slots.at is not None or slots.end is not None:
        return Intent.PRICE
    today = slots.start is not None and slots.direction is None  # "btc in euros today"
    ahead = not today and (slots.target is not None or (slots.hours is not None and slots.direction != "past"))
    if q.amount is not None and _LOSS.search(text) and (_MAY.search(text) or ahead) and slots.direction != "past":
        return Intent.FORECAST
    if (
        ahead
        or (slots.priced and intent is Intent.FORECAST)
        or (intent is Intent.FORECAST and re.search(r"\b(?:will|forecast|predict\w*|going to|next|tomorrow)\b", text))
    ):
        return Intent.FORECAST
    if intent is Intent.FOLLOWUP and q.amount is None and not (today and slots.symbols):
        return Intent.FOLLOWUP
    return Intent.PRICE if intent in _OF_PRICES else None


def _of_a_time(intent: Intent, slots: Slots, text: str) -> Intent:
    """What the time that is named makes of a question about a coin."""
    followed = intent is Intent.FOLLOWUP and not slots.symbols
    if intent in (Intent.PRICE, Intent.FORECAST, Intent.OTHER) and _CALM.search(text) and slots.direction != "future":
        return Intent.CANDLES if slots.symbols or slots.start else intent
    if slots.at is not None:
        return Intent.FOLLOWUP if followed else Intent.PRICE
    if slots.start is not None and slots.target is not None and _CLOSES.search(text) and not slots.told_past:
        return Intent.FORECAST  # "the close today"
    if intent is Intent.CANDLES and slots.hours is not None and _NEXT.search(text) and slots.direction == "future":
        return Intent.FORECAST
    if slots.start is not None:
        if slots.end is not None:
            closed = _CLOSED.search(text) and not _MOVED.search(text)
            return Intent.PRICE if closed else Intent.FOLLOWUP if followed else Intent.CANDLES
        if intent in (Intent.OTHER, Intent.FOLLOWUP) and slots.symbols and _MOVED.search(text):
            return Intent.CANDLES
        return intent
    if intent is Intent.FOLLOWUP and slots.symbols and _LATER.fullmatch(text):
        return Intent.FORECAST  # "solana later?"
    told = slots.symbols or _TOLD_OF_A_TIME.search(text)
    if slots.target is not None and (intent is Intent.PRICE or (intent is Intent.OTHER and told)):
        return Intent.FORECAST
    if slots.target is not None and intent is Intent.CANDLES and slots.direction != "past":
        return Intent.FORECAST
    return intent
