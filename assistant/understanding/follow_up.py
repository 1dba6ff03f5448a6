"""What the newest message asks, once what it leaves unsaid is filled in from the messages before it.

    message -> parts -> asks, each with its intent and slots -> what is missing, from before

A message is split where both parts want something. A part that only names a coin, a time or a price belongs to
its neighbour, or says again what was asked before about another coin or time.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from assistant.understanding.asks import filled, with_foreign
from assistant.understanding.conversation import (
    ABOUT_A_COIN,
    LOOKED_UP,
    TIMED,
    Before,
    in_detail,
    language_wanted,
    only_more,
)
from assistant.understanding.frame import OFFERED, USUAL_SYMBOL, Ask, Intent, Language, Question
from assistant.understanding.intents import IntentClassifier, of_an_anomaly
from assistant.understanding.meaning import MOST_COMPARED, meant
from assistant.understanding.message_parts import Message, Part
from assistant.understanding.neighbours import (
    SHORT,
    adds_nothing,
    as_before,
    as_said_before,
    as_turned,
    as_turned_back,
    compared_again,
    continued,
    explained_again,
    in_coin,
    in_thousands,
    of_a_level,
    of_now,
    of_the_same,
    says_again,
    timed_alike,
    with_coin,
    with_unit,
)
from assistant.understanding.readings import Reading, Readings
from assistant.understanding.slots import known_zone, latin, metrics_named
from assistant.understanding.topics import (
    SIDE,
    SURE_TOPIC,
    SUREST_TOPIC,
    Topics,
    asked_topic,
    asked_topics,
    beside_coins,
    no_topic,
    of_a_cause,
    of_coins,
    off_topic,
)
from forecaster.schema import Symbol

MEMORY = 12  # messages
UNSURE = 0.07  # two intents whose scores differ by less are both likely, unless the likelier is sure
SURE = -0.35  # a score

OF_THE_RECORD = frozenset({Intent.METRICS, Intent.TRACK_RECORD})  # either says how forecasts did
_SPOKEN_OF = re.compile(r"\b(?:its?|that|this|those|these|they|we)\b")
_BESIDE_NOW = re.compile(
    r"\bnow\b.{0,12}(?:,|&|\+|\b(?:and|vs|versus|compared?|or)\b)|\b(?:vs|versus|compared (?:to|with)|and|,) now\b"
)


def read_question(
    messages: Sequence[str],
    classifier: IntentClassifier,
    now: datetime | None = None,
    offered: tuple[Symbol, ...] = OFFERED,
    zone: str = "UTC",
    topics: Topics = no_topic,
    readings: Readings | None = None,
) -> Question:
    """The question of the newest of a person's messages, oldest first, at `now` (UTC).

    `offered` are the coins that are followed: the first of them is meant where none is named, all of them by "all
    coins". `zone` is the visitor's, by its IANA name, and `topics` finds what of the knowledge a text asks about.
    `readings` are kept from one call to the next, with the same classifier.
    """
    usual = USUAL_SYMBOL if USUAL_SYMBOL in offered else offered[0]
    now, zone, before = now or datetime.now(UTC), known_zone(zone), Before(last=Ask(Intent.OTHER, (usual,)))
    question = Question(offered=offered, zone=zone)
    for typed in map(latin, messages[-MEMORY:]):
        read = partial(_read, typed, before.heard(typed), classifier, offered, zone, topics)
        question, before = readings.of(typed, before, (offered, zone, topics), now, read) if readings else read(now)
    return question


def _read(
    typed: str,
    before: Before,
    classifier: IntentClassifier,
    offered: tuple[Symbol, ...],
    zone: str,
    topics: Topics,
    now: datetime,
) -> Reading:
    language, guest = classifier.reader.languages(typed, before.language, before.guest)
    message = Message(typed, guest or language, classifier, now, offered, before.both, before.zone or zone)
    question = replace(
        _question(message, language, classifier, before, topics),
        offered=offered,
        zone=zone,
        more=in_detail(message.text),
        record_told=before.record_told,
        apology=guest if guest != before.guest else None,  # once is enough
    )
    return question, replace(before.after(question), guest=guest or before.guest)


def _question(
    message: Message, language: Language, classifier: IntentClassifier, before: Before, topics: Topics
) -> Question:
    """Everything that a message asks."""
    parts = message.parts()
    if before.last.intent is not Intent.OTHER and (wanted := language_wanted(message.typed)):
        return Question(before.newest, wanted)
    if several := asked_topics(message.typed, parts, topics):
        return Question(several, language)
    if explained_again(message.text, before.last):
        return Question((before.last,), language)
    if only_more(message.text) and before.last.intent is not Intent.OTHER:
        return Question(before.newest, language)
    aside = parts[0].intent is Intent.FOLLOWUP and parts[0].text != message.text and not message.named
    if len(parts) == 1 and not of_a_cause(parts[0]) and not says_again(parts[0], before.last):
        if explained := asked_topic(parts[0], message.typed if message.text else "", topics):
            ranged = parts[0].slots.symbols if explained.topic == "ranges" else ()  # "why is it so wide for sol"
            return Question((explained, *(Ask(Intent.FORECAST, (symbol,)) for symbol in ranged)), language)
        if nearest := _nearest(parts[0], classifier, before):
            return Question(language=language, nearest=nearest)
    explained_parts = [asked_topic(part, part.text, topics, len(parts) - 1) for part in parts] if parts[1:] else [None]
    ours = aside or all(explained_parts) or (parts[1:] and not any(of_coins(part.slots) for part in parts))
    whole = topics(message.typed) if ours and metrics_named(message.text) < 2 else None  # one question in two halves
    if whole is not None and whole.score >= SURE_TOPIC:
        return Question((Ask(Intent.EXPLAIN, topic=whole.topic),), language)
    asks: list[Ask] = []
    for part, explained in zip(with_coin(parts, message), explained_parts, strict=True):
        last = asks[-1] if asks else None
        if last and ((last.intent is Intent.TRACK_RECORD and adds_nothing(part)) or explained_again(part.text, last)):
            continue
        asks += [explained] if explained and not of_a_cause(part) else _asks(part, message, last, before)
    if not {ask.intent for ask in asks} & {Intent.EXPLAIN, Intent.METRICS, Intent.OTHER}:
        asks += beside_coins(message, topics)
    if set(asks) <= {Ask(Intent.OTHER)} and (found := topics(message.typed)) and found.score >= SUREST_TOPIC:
        return Question((Ask(Intent.EXPLAIN, topic=found.topic),), language)  # rather than nothing
    return Question(tuple(dict.fromkeys(timed_alike(asks))) or (Ask(Intent.OTHER),), language)


def _asks(part: Part, message: Message, beside: Ask | None, before: Before) -> list[Ask]:
    """The asks of one part; what it leaves out is as in the ask beside it, or in the messages before."""
    last = beside or before.last
    if part.intent is Intent.FOLLOWUP and part.slots.bare and (long := in_thousands(part.text, last)) != part.text:
        part = message.part(long, part.intent)
    slots, intent = part.slots, meant(part)
    if (again := compared_again(part, last) or in_coin(part, last)) is not None:
        return [again]
    spoken_of = message.named or (before.about_coins and _SPOKEN_OF.search(part.text))
    if slots.impossible or slots.quantities.sums or (off_topic(part, intent) and not spoken_of):
        return [Ask(Intent.OTHER, assumed="impossible" if slots.impossible else None)]
    levelled = intent is Intent.METRICS and of_a_level(slots, last)
    if intent is Intent.FOLLOWUP or levelled or says_again(part, last):
        return _followed(part, beside, before, message.zone)
    symbols = slots.symbols or (last.symbols if beside else before.symbols)
    if intent is Intent.COMPARE and len(symbols) < 2:
        symbols = before.named if len(before.named) == 2 else message.every[:MOST_COMPARED]
    if intent is Intent.ADVICE and not slots.symbols:
        symbols = before.advised(symbols, beside)
    unusual = intent is Intent.ALERT and of_an_anomaly(part.text)
    ask = filled(Ask(intent, symbols, cause=of_a_cause(part), unusual=unusual), slots)
    if intent is last.intent and not slots.timed and len(part.text.split()) <= SHORT:
        ask = as_turned(ask, part, last)
    asked = with_foreign(of_the_same(ask, part, last), slots)
    past = ask.at is not None if ask.intent is Intent.PRICE else ask.intent is Intent.CANDLES and ask.end is not None
    if past and _BESIDE_NOW.search(part.text):
        return [Ask(Intent.PRICE, ask.symbols, currency=ask.currency), *asked]
    return asked


def _followed(part: Part, beside: Ask | None, before: Before, zone: str) -> list[Ask]:
    """What is asked by naming only another coin, time, price, metric or count."""
    slots = part.slots
    names_a_coin = bool(slots.symbols or slots.foreign)
    timeless = not slots.timed and not slots.priced and slots.metric is None and slots.last is None
    if beside is None and names_a_coin and timeless and len(before.about_coins) > 1:
        again = [replace(ask, symbols=slots.symbols or ask.symbols, foreign=None) for ask in before.about_coins]
        return [each for ask in again for each in with_foreign(ask, slots)]
    last = beside or before.last
    if beside is None and slots.symbols and last.intent not in ABOUT_A_COIN and before.about_coins:
        last = before.about_coins[-1]
    last = as_turned_back(last, part, zone)
    slots = with_unit(as_said_before(slots, last), part.text, last)
    if last.threshold is not None and (turned := SIDE.fullmatch(part.text)):
        below = turned["side"] in ("below", "under")
        slots = replace(slots, quantities=replace(slots.quantities, threshold=last.threshold, below=below))
    intent = continued(part, slots, last)
    if intent is Intent.PRICE and last.at is not None and slots.at is None and of_now(part):
        last = replace(last, at=None)  # "and now?"
    symbols = slots.symbols or (last.symbols if beside or last.intent in ABOUT_A_COIN else before.symbols)
    if intent is last.intent is Intent.COMPARE and len(symbols) == 1:
        symbols = tuple(dict.fromkeys((*last.symbols, *symbols)))  # "sol too"
    if Intent.ADVICE in (intent, last.intent) and not (names_a_coin or before.advised(symbols, beside)):
        return [Ask(Intent.ADVICE, ())]
    ask = filled(Ask(intent, symbols), slots)
    if last.intent is Intent.PRICE and intent is Intent.FORECAST and ask.amount is None and last.amount is not None:
        ask = replace(ask, amount=last.amount, amount_in=last.amount_in)  # "and in 4 hours?"
    return with_foreign(as_before(as_turned(ask, part, last), last) if intent is last.intent else ask, slots)


def _nearest(part: Part, classifier: IntentClassifier, before: Before) -> tuple[Ask, ...]:
    """The two likeliest readings of a message that is unclear; none where it is clear."""
    slots, symbols = part.slots, part.slots.symbols or before.symbols
    if slots.foreign or slots.quantities.amount is not None or slots.currency or slots.at or slots.impossible:
        return ()
    if (slots.symbols and slots.priced) or (part.strange and not (slots.symbols or before.about_coins)):
        return ()
    if part.intent is Intent.FOLLOWUP:
        unclear = isinstance(slots.bare, int) and slots.symbols and not slots.timed and not slots.priced
        if not unclear or before.last.intent in TIMED:
            return ()
        return tuple(Ask(intent, symbols, int(slots.bare or 0)) for intent in (Intent.FORECAST, Intent.CANDLES))
    (first, high), (second, low), *_ = classifier.ranked(part.masked)
    unclear = part.intent is first is meant(part) and high <= SURE and high - low <= UNSURE
    if not unclear or not {first, second} <= LOOKED_UP or {first, second} <= OF_THE_RECORD:
        return ()
    return tuple(filled(Ask(intent, symbols), slots) for intent in (first, second))
