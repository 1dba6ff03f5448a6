"""The parts of a message that each want something, with what only adds to one of them joined to it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from assistant.understanding.frame import Intent
from assistant.understanding.intents import IntentClassifier, alert_asked
from assistant.understanding.slots import Quantities, Slots, clocks_joined, mask, read_slots, readied, symbols_in
from assistant.understanding.spelling import spoken
from forecaster.schema import Symbol

MOST_PARTS = 16
_TIMES = ("hours", "minutes", "target", "at", "start", "end")
TALK = frozenset({Intent.GREETING, Intent.THANKS})
BETWEEN = re.compile(
    r"[?!;,]+(?! ?(?:dass|da\u00df|that|dat|\u0447\u0442\u043e|ze|che)\b)|\.(?!\d)"
    r"|(?<!up )\b(?:and|also|plus(?! \d)|as well as|but)\b(?! down)|&|\+(?= ?[a-z\u01c2])|(?<=\d) ?/ ?(?=\d)"
)
# Somebody who tells of himself asks nothing yet, unless he says that he wants something.
_ASIDE = re.compile(
    r"^(?:so |well |hi |hey |hello )*(?:i|i'm|i've|im|ive|i'd|my|we|we're|our)\b"
    r"(?! (?:want|need|wonder|would|wanna|d like|was wondering|am wondering|'d))"
)


HELD = re.compile(
    r"\b(?:range|ranges|forecasts?|predictions?|calls?|band)\b.{0,24}\b(?:hold|held|held up|right|correct"
    r"|come true|came true|turn out|work out|pan out|play out|accurate)\b"
    r"|\b(?:inside|between|within|in) (?:your|the) (?:\w+ )?(?:range|band)(?! \$?\d)"
    r"|\b(?:how (?:have|has|did)|been) (?:they|it|your \w+) (?:been )?(?:doing|done|do)\b|\bhow you (?:did|do)\b"
)
_LIKELY = re.compile(r"^ *(?:odds|chances?|probability|how likely|likely|possible|realistic)[ ?]*$")
_SAME = re.compile(r"^ *(?:(?:and|ok|now|but|the) )*same (?:for|with|but|on|thing)\b")
_IF = re.compile(r"^\W*(?:if|wenn|falls|si|se|если|如果|假如)\b")
_FAREWELL = re.compile(r"\W*(?:by|until|till|a|at|see you) (?:tomorrow|tonight|later|soon|then|next time|next week)\W*")
_DOING = re.compile(r"\bhow(?:'s| is| are) (?:the )?coin (?:doing|going|looking|holding up)\b")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a message, in plain English."""

    text: str
    masked: str
    slots: Slots
    intent: Intent  # FOLLOWUP where it names only a coin, a time, a price, a metric or a count
    strange: bool = False  # a word of it stands in no example


class Message:
    """A message in plain English, which can be taken apart."""

    def __init__(
        self,
        typed: str,
        language: str,
        classifier: IntentClassifier,
        now: datetime,
        every: tuple[Symbol, ...],
        both: tuple[Symbol, ...],
        zone: str = "UTC",
    ) -> None:
        """`every` is what "all coins" means, `both` what "both" means where the message names no two coins itself,
        and `zone` that of its clocks."""
        self.typed, self.zone = spoken(typed), zone
        self._language, self._classifier, self._now = language, classifier, now
        self._text = readied(classifier.reader.english(typed, language), language)
        named = self.named = symbols_in(self._text, both=())
        self.every, self._both = every, named if len(named) == 2 else both

    @property
    def text(self) -> str:
        """The message in plain English."""
        return self._text

    def part(self, text: str, intent: Intent | None = None) -> Part:
        """A piece of plain English as a part, with its intent where that is known already."""
        masked = mask(text)
        slots = read_slots(text, self._language, self._now, self.every, self._both, self.zone, self.named)
        return Part(text, masked, slots, intent or self._intent(masked), self._classifier.strange(masked))

    def read(self, typed: str) -> Part:
        """A piece as it was typed, as a part."""
        return self.part(readied(self._classifier.reader.english(typed, self._language), self._language))

    def parts(self) -> list[Part]:
        """The parts in their order, at least one; small talk and asides only where nothing else is said."""
        text, joined = self._text, clocks_joined(self._text)
        if joined != text and self.part(joined).slots.end:  # a time that is past, and no two that are asked about
            text = joined
        pieces = [self.part(piece) for piece in BETWEEN.split(text)[:MOST_PARTS] if piece.strip()]
        if "?" not in text and any(piece.intent in TALK for piece in pieces):  # "thanks, until tomorrow"
            pieces = [piece for piece in pieces if not _FAREWELL.fullmatch(piece.text)]
        alone = len(pieces) == 1 and pieces[0].text == text
        groups = self._groups(pieces)
        asked = _worth_asking(groups)
        aside = any(piece.intent in TALK or piece.intent is Intent.OTHER or _is_aside(piece) for piece in pieces)
        whole = pieces[0] if alone else self.part(text)
        if (
            (HELD.search(text) and whole.slots.symbols)
            or whole.slots.quantities.between
            or whole.slots.ratio
            or (whole.slots.quantities.amount is not None and len(whole.slots.symbols) == 1 and _IF.search(text))
            or (whole.slots.compare_by and len(whole.slots.symbols) > 1 and not whole.slots.priced)
        ):
            return [whole]
        named = [part for part in asked if part.slots.symbols or part.slots.foreign]
        if len(named) < 2 and whole.slots.quantities.level is not None:  # which end is meant may stand beside it
            return [whole]
        if len(asked) > 1 or (aside and asked and asked[0].intent is not Intent.OTHER):
            return asked
        return [whole]

    def _intent(self, masked: str) -> Intent:
        if alert_asked(masked):
            return Intent.ALERT
        if self._classifier.elliptic(masked) or _SAME.search(masked):
            return Intent.FOLLOWUP
        if (intent := self._classifier.intent(masked)) is not None:
            return intent
        if _DOING.search(masked):
            return Intent.PRICE
        named = "coin" in self._classifier.concepts(masked)
        return Intent.FOLLOWUP if named else Intent.OTHER  # what is named says more than the words

    def _groups(self, pieces: Sequence[Part]) -> list[Part]:
        """Pieces that want something, each with the elliptic ones that belong to it."""
        groups: list[Part] = []
        pending: Part | None = None  # pieces that wait for the one that they add to
        for piece in pieces:
            carries = self._classifier.carries(piece.masked)
            if not carries and pending and _another(pending.slots, piece.slots):
                groups, pending = [*groups, pending, piece], None
            elif carries or (groups and _another(groups[-1].slots, piece.slots)):
                groups, pending = self._with(groups, self._joined(pending, piece)), None
            elif not groups or (groups[-1].intent in TALK and (pending or piece.slots.symbols or piece.slots.hours)):
                pending = self._joined(pending, piece)
            else:
                groups[-1] = self._joined(groups[-1], piece, groups[-1].intent)
        return [*groups, pending] if pending and groups else groups

    def _joined(self, first: Part | None, second: Part, intent: Intent | None = None) -> Part:
        return self.part(f"{first.text} , {second.text}", intent) if first else second

    def _with(self, groups: list[Part], piece: Part) -> list[Part]:
        """The groups with one more piece: joined to the last one where both want the same of the same."""
        last = groups[-1] if groups else None
        likely = last is not None and (last.intent is Intent.FOLLOWUP or _LIKELY.search(piece.text))
        if last is not None and likely and last.slots.priced and says_nothing(piece.slots):
            return [*groups[:-1], self._joined(last, piece, piece.intent)]  # "eth above 2600 in 3h, each chance"
        if last is not None and _completes(last.slots, piece.slots):
            return [*groups[:-1], self._joined(last, piece, piece.intent)]
        if last is None or piece.intent is not last.intent or piece.slots.metric:
            return [*groups, piece]
        timed = last.slots.hours is not None, piece.slots.hours is not None
        priced = last.slots.priced and piece.slots.priced
        other_coin = bool(last.slots.symbols and piece.slots.symbols and last.slots.symbols != piece.slots.symbols)
        apart = any(timed) or last.slots.priced or piece.slots.priced
        if all(timed) or priced or (other_coin and apart):
            return [*groups, piece]
        return [*groups[:-1], self._joined(last, piece, last.intent)]


def _another(last: Slots, new: Slots) -> bool:
    """Whether a piece that only names a coin and a time asks the same once more rather than adding to it."""
    if new.hours is not None and last.hours is not None:
        return True
    if last.priced and new.priced and last.symbols and new.symbols and last.symbols != new.symbols:
        return True
    return new.metric is not None and last.metric is not None and new.metric != last.metric


def _completes(last: Slots, new: Slots) -> bool:
    """Whether a piece only says when a price is to be passed: "my stop is at 131, do i get hit tonight"."""
    return last.priced and not last.timed and new.timed and not (new.priced or new.symbols or new.metric)


def says_nothing(slots: Slots) -> bool:
    """Whether a piece names no coin, time or price of its own."""
    return not (slots.symbols or slots.foreign or slots.timed or slots.priced or slots.currency)


def _worth_asking(groups: list[Part]) -> list[Part]:
    """Without small talk, asides and what cannot be answered, where something else is asked."""
    asked = [part for part in groups if part.intent not in TALK]
    asked = [part for part in asked if part.intent is not Intent.OTHER] or asked
    asides = [part for part in groups if part not in asked or _is_aside(part)]
    direct = [part for part in asked if part not in asides]
    for aside in asides if direct else ():
        direct[0] = replace(direct[0], slots=_with_slots(direct[0].slots, aside.slots))
    return direct or asked or groups[:1]


def _is_aside(part: Part) -> bool:
    return _ASIDE.search(part.text.strip(" ,")) is not None


def _with_slots(slots: Slots, more: Slots) -> Slots:
    """The slots, with what they leave open from others."""
    empty = Slots()
    unsaid = {f.name: getattr(more, f.name) for f in fields(slots) if getattr(slots, f.name) == getattr(empty, f.name)}
    quantities, extra, none = slots.quantities, more.quantities, Quantities()
    merged = {
        f.name: getattr(extra if getattr(quantities, f.name) == getattr(none, f.name) else quantities, f.name)
        for f in fields(quantities)
    }
    unsaid["quantities"] = Quantities(**merged)
    if slots.timed:
        unsaid = {name: value for name, value in unsaid.items() if name not in _TIMES}
    return replace(slots, **unsaid)
