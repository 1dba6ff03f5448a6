"""What a question wants, by classifiers that were fitted on the examples files."""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import combinations, pairwise
from typing import Self

from assistant.knowledge import shared_encoder
from assistant.understanding.frame import Guest, Intent, Language, Spoken
from assistant.understanding.languages import FOLDER, Examples, Reader
from assistant.understanding.slots import FOREIGN_WORDS, NAME_WORDS, mask, readied
from assistant.understanding.weights import Linear, Weights, digest_of, fitted_on_meaning, fitted_on_words

MEANING_WEIGHS = 0.5  # beside the words
PLAIN = 0.6  # an intent that leads the next by as much is told by its words alone, ten times as fast
CARRIES = 0.3  # the score from which on a part wants something by itself
CLEAR = 0.0  # the score from which on a text without a known word still says what it wants
NOTHING = "nothing"  # the concept of a question that holds no other
# Words that only join others, or say when and about what, and so leave open what is wanted.
_FILLERS = """
a an and or the what what's whats how about same for in on of at by to over then too also instead please again do does
make it it's this that these those show me us give let's lets let see with once more next last past previous coming
following upcoming n coin money but no not nope nah i mean meant actually ok okay so well rather yes yeah yep hmm um
uh is from hour hours hr hrs h minute minutes min mins day days week weeks month months year years later ago ahead
within until till tomorrow yesterday tonight today overnight question attime around between which one both other only
just above below over under before after during whole full since now tell morning evening afternoon midnight end be
would go your my you if oclock utc am pm try time question earlier hourly weekly daily use check maybe perhaps say hm
range monday tuesday wednesday thursday friday saturday sunday weekend night noon early late mid small dawn
quick quickly asap fast real wait oops sorry lol lmao haha hehe omg btw tho bro dude mate
"""
_JOINTS = frozenset(_FILLERS.split())
_KEY = frozenset((
    "price", "forecast", "chart", "record", "trade", "anomaly", "ability", "method", "data", "cause", "hello", "thanks",
    "elsewhere", "history",
))  # fmt: skip
_NO_CLUE = frozenset(("asking", "coin", "duration", "more"))
_COURTESY = frozenset(("hello", "thanks"))
_PRICE_NOW = re.compile(
    r"^(?:and )?(?:(?:what's |what is |how's |how is |where's |where is )?(?:the )?coin|(?:what|where)(?:'s| is) it)"
    r" (?:right )?now$"
)
_POLITE = re.compile(  # what precedes what is wanted
    r"\b(?:could|can|would|will|may) (?:you|i|we) (?:please |kindly |just |maybe |possibly )*"
    r"(?:be (?:able|so kind as|kind enough) to |trouble you to |ask you to )?"
    r"(?:tell|give|show|let|say|get|find|check|look up|ask|see|know|have|explain to)\b"
    r"|\b(?:i was|i am|i'm) (?:just )?(?:wondering|curious)(?: about)?\b|\bi wonder\b|\bany idea\b"
    r"|\bi(?:'d| would) (?:like|love) to (?:know|see|hear)\b|\bi want to (?:know|see)\b"
    r"|\bremind me\b|\bdo you (?:happen to )?know\b|\b(?:please )?be so kind as to\b|\bwould it be possible to\b"
)
_OF_SUBSTANCE = re.compile(r"[^\W\d_\u3040-\u9fff]{3,}|[\u3040-\u9fff]{2,}")
_TENSE = frozenset(("past", "future", "move", "now"))
# A request for an alert names an event without a verb of the future: "tell me when it will" asks for a time.
_ALERT = re.compile(
    r"\b(?:alert|notify|ping|warn|inform|message|text|remind|buzz) (?:me|us|my phone)\b"
    r"(?! (?:what|how|which|who|where|why|of)\b)"
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


class IntentClassifier:
    """Two linear classifiers, of a question's words and concepts and of its meaning, all in plain English.

    Together they err a quarter less often than the first alone: docs/decisions.md has the numbers.
    """

    def __init__(
        self, examples: Sequence[Examples], guests: Sequence[Examples] = (), weights: Weights | None = None
    ) -> None:
        """`weights` are what was fitted on just these examples; without them it is done here."""
        alike = {name: words for each in examples for name, words in each.alike.items()}
        self._concepts = {name: _any_of(words) for name, words in alike.items()}
        self.reader = Reader(list(examples), _mattering(alike), guests)
        self._examples, self._weights = examples, weights
        self._known = {word for words in alike.values() for phrase in words for word in phrase.split()}
        self._words = weights.words if weights else fitted_on_words([*map(self._in, self._texts)], self._intents)
        self._known |= self._words.place.keys() | NAME_WORDS | FOREIGN_WORDS
        self._classes = weights.intents if weights else tuple(sorted(set(self._intents)))
        self.ranked = lru_cache(maxsize=4096)(self._ranked)

    @classmethod
    def load(cls) -> Self:
        """A classifier of every examples file: as shipped, where that was fitted on what these files say."""
        return cls(*_every_example(), Weights.shipped(examples_digest()))

    @classmethod
    def fitted(cls) -> Self:
        """The same, fitted now."""
        return cls(*_every_example())

    def weights(self) -> Weights:
        """All that was fitted."""
        return Weights(self._classes, self._words, self._by_meaning)

    def masked(self, question: str, language: Spoken) -> str:
        """A question in plain English with coins and numbers made alike."""
        return mask(readied(self.reader.english(question, language), language))

    @cached_property
    def _pairs(self) -> tuple[tuple[str, str], ...]:
        """Every example, masked, with its intent."""
        return tuple(
            (self.masked(question, each.language), str(intent))
            for each in self._examples
            for intent, questions in each.questions.items()
            for question in questions
        )

    @property
    def _texts(self) -> list[str]:
        return [text for text, _ in self._pairs]

    @property
    def _intents(self) -> list[str]:
        return [intent for _, intent in self._pairs]

    @cached_property
    def _by_meaning(self) -> Linear:
        if self._weights:
            return self._weights.meaning
        return fitted_on_meaning(self._texts, self._intents, shared_encoder)

    def warm(self) -> object:
        """Load now what the first unclear question needs; what it gives is the same each time."""
        shared_encoder()
        return self._by_meaning

    def _ranked(self, masked: str) -> tuple[tuple[Intent, float], ...]:
        """Every intent with its score, the likeliest first."""
        scores = self._words.scores(self._in(masked))
        second, first = sorted(scores)[-2:]
        if first - second < PLAIN:
            scores = scores + MEANING_WEIGHS * self._by_meaning.scores(shared_encoder().encode([masked])[0])
        pairs = zip(map(Intent, self._classes), map(float, scores), strict=True)
        return tuple(sorted(pairs, key=lambda pair: -pair[1]))

    def intent(self, masked: str) -> Intent | None:
        """What a masked question wants; None where neither a known word nor its meaning says that."""
        intent, score = self.ranked(masked)[0]
        return intent if score > CLEAR or not self.clueless(masked) else None

    def clueless(self, masked: str) -> bool:
        """Whether a question holds nothing that says what is wanted."""
        found = set(self.concepts(masked))
        return found <= (_NO_CLUE if "coin" in found else _NO_CLUE | {"now"})

    def concepts(self, masked: str) -> list[str]:
        """The concepts of a masked question."""
        return [name for name, pattern in self._concepts.items() if pattern.search(masked)]

    def elliptic(self, masked: str) -> bool:
        """Whether a question names only a coin, a time or a price, and leaves open what is wanted of it."""
        found = _KEY & set(self.concepts(masked))
        named = re.search(r"\b(?:coin|n|money)\b", masked) is not None
        return not self.content(masked) and not (found - _COURTESY if named else found)

    def content(self, masked: str) -> list[str]:
        """The words of a masked question that are neither slots nor mere joints."""
        return [word for word in re.findall(r"[^\W\d_]+(?:'\w+)?", masked) if word not in _JOINTS]

    def strange(self, masked: str) -> bool:
        """Whether a masked question has a word that stands in no example: "will arsenal beat chelsea tonight"."""
        return any(word not in self._known for word in _OF_SUBSTANCE.findall(" ".join(self.content(masked))))

    def carries(self, masked: str) -> bool:
        """Whether a part of a question wants something by itself."""
        if self.elliptic(masked):
            return _PRICE_NOW.search(masked.strip(" ,")) is not None
        found = set(self.concepts(masked))
        if self.content(masked) and self.ranked(masked)[0][1] > CARRIES:
            return True
        return bool(found & _KEY) or ("asking" in found and bool(found & _TENSE)) or len(found & _TENSE) >= 2

    def _in(self, masked: str) -> list[str]:
        """What the classifier sees: words, pairs of neighbours, concepts alone and in pairs, and the length."""
        masked = _POLITE.sub("tell", masked)
        words = re.findall(r"[\w']+|\?", masked)
        found = [f"<{name}>" for name in self.concepts(masked)] or [NOTHING]
        length = ("one", "few", "some", "many")[sum(len(words) > limit for limit in (1, 3, 6))]
        pairs = [f"{a} {b}" for a, b in pairwise(words)]
        return [*words, *pairs, *found, *found, *(f"{a}{b}" for a, b in combinations(found, 2)), f"{length} words"]


def examples_digest() -> str:
    """Of what every examples file says."""
    return digest_of(FOLDER.glob("*.toml"))


def _every_example() -> tuple[list[Examples], list[Examples]]:
    return [Examples.load(language) for language in Language], [Examples.load(guest) for guest in Guest]


def _mattering(alike: dict[str, list[str]]) -> set[str]:
    """The words whose typos are mended."""
    words = {
        word for name, phrases in alike.items() if name != "elsewhere" for phrase in phrases for word in phrase.split()
    }
    named = {"hour", "hours", "minutes", "week", "what", "will", "midnight"}
    return {word for word in words | named | FOREIGN_WORDS | NAME_WORDS if word.isalpha() and len(word) >= 4}


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})s?(?!\w)")


def alert_asked(text: str) -> bool:
    """Whether a piece of plain English asks for an alert."""
    return _ALERT.search(text) is not None and _NO_EVENT.search(text) is None


def of_an_anomaly(text: str) -> bool:
    """Whether an alert is of an unusual move, and of no price."""
    return _UNUSUAL.search(text) is not None
