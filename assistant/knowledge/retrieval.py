"""The entry that a question asks for, in whatever language: by its meaning and by its rare words.

    question --encoder.py--> vector --regression.py--> nearness to the questions of each entry --+--> topics, best first
    question --words.py----> share of rare words found in the entry ----------------------------+

The same is done for questions that no entry answers (elsewhere.toml): a topic's score says how far it leads them.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from math import exp
from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from assistant.knowledge.encoder import Encoder, shared_encoder
from assistant.knowledge.entries import ENGLISH, FOLDER, Entry, read_entries
from assistant.knowledge.regression import SHIPPED, Regression, digest_of
from assistant.knowledge.words import Words
from forecaster.schema import WINDOW
from forecaster.settings import Settings

ELSEWHERE = Path(__file__).with_name("elsewhere.toml")
WORDS_WEIGH = 1.0  # beside the regression, which is about 1 for a question that stands in an entry
AHEAD = 0.1  # of elsewhere, which a topic may lie behind by as much: to say nothing is the worse mistake
STEEPNESS = 10.0  # of the score around one half
LONGEST = 400  # characters of a question that are looked at
REMEMBERED = 1024  # questions
NEARLY = 0.5  # a score from which on a question is nearer to a topic than to anything else
SURE = 0.7  # the score from which on a question is about a topic: docs/decisions.md has what is missed and mistaken
TOGETHER = 8  # questions from elsewhere whose words are one text, and questions that are made vectors at once


@dataclass(frozen=True, slots=True)
class Found:
    """A topic and how surely it is meant: 0 to 1; below one half, the question is nearer to others than to it."""

    topic: str
    score: float


@dataclass(frozen=True, slots=True)
class _Index:
    """Questions as vectors, and texts as words, each with the place of its topic; the last place is elsewhere."""

    encoder: Encoder
    regression: Regression
    words: Words
    of_words: NDArray[np.int64]

    def nearness(self, question: str) -> NDArray[np.float32]:
        """(places,) of the question to each place."""
        meaning = self.regression.nearness(self.encoder.encode([question])[0])
        shared = np.zeros(len(meaning), dtype=np.float32)
        np.maximum.at(shared, self.of_words, self.words.shares(question))
        nearness: NDArray[np.float32] = meaning + WORDS_WEIGH * shared
        return nearness


class Library:
    """All entries. The encoder is opened by `open`, or with the first question."""

    def __init__(
        self,
        entries: Mapping[tuple[str, str], Entry],
        settings: Settings,
        elsewhere: Sequence[str],
        encoder: Encoder | None,
    ) -> None:
        self._entries, self._elsewhere, self._encoder = entries, tuple(dict.fromkeys(elsewhere)), encoder
        self._opening, self._remembering = Lock(), Lock()
        self._remembered: LRUCache[bytes, Found | None] = LRUCache(REMEMBERED)
        self.topics = tuple(sorted({topic for topic, _ in entries}))
        self.figures: Mapping[str, float | str | tuple[str, ...]] = {
            "offered": tuple(symbol.partition("-")[0] for symbol in settings.symbols),
            "exchanges": tuple(name.title() for name in settings.exchanges),
            "rate_limit": settings.rate_limit,
            "chat_rate_limit": settings.chat_rate_limit,
            "ledger_days": settings.ledger_days,
            "closes": WINDOW,
        }

    @classmethod
    def load(
        cls,
        settings: Settings | None = None,
        *,
        folder: Path = FOLDER,
        elsewhere: Iterable[str] = (),
        encoder: Encoder | None = None,
    ) -> Self:
        """The entries in a folder, told for these settings.

        `elsewhere` are further questions that no entry answers, `encoder` one that is open already. Raises
        ConfigurationError for a file that is no entry.
        """
        known = tomllib.loads(ELSEWHERE.read_text(encoding="utf-8"))
        others = [question for questions in known.values() for question in questions]
        return cls(read_entries(folder), settings or Settings(), [*others, *elsewhere], encoder)

    def entry(self, topic: str, language: str) -> Entry:
        """What is said of a topic; in English where that language has nothing. Raises KeyError for an unknown topic."""
        return self._entries.get((topic, language)) or self._entries[topic, ENGLISH]

    def open(self) -> None:
        """Open the encoder now, which takes a second that the first question would wait for."""
        with self._opening:
            self._index  # noqa: B018  # made when it is first asked for

    def find(self, question: str) -> tuple[Found, ...]:
        """Every topic, best first."""
        self.open()
        index = self._index
        nearness = index.nearness(question)
        lead = nearness[:-1] - nearness[-1] + AHEAD
        found = [Found(topic, 1 / (1 + exp(-STEEPNESS * by))) for topic, by in zip(self.topics, lead, strict=True)]
        return tuple(sorted(found, key=lambda each: -each.score))

    def topic_of(self, question: str) -> Found | None:
        """The topic that a question may ask for: that of the best score, where it is one half at least.

        What was found is remembered by a digest of the question, so that no words are kept.
        """
        asked = question[:LONGEST]
        digest = blake2b(asked.encode(), digest_size=16).digest()
        with self._remembering:
            if digest in self._remembered:
                return self._remembered[digest]
        best = self.find(asked)[0]
        found = best if best.score >= NEARLY else None
        with self._remembering:
            self._remembered[digest] = found
        return found

    def save(self, path: Path = SHIPPED) -> None:
        """Solve for the regression anew, and write it down for the next library of these questions."""
        self._solved().save(digest_of(self._questions), path)

    @cached_property
    def _index(self) -> _Index:
        told = {topic: "" for topic in self.topics}
        for each in self._entries.values():
            told[each.topic] += " ".join((each.title, *each.asked, *each.sentences, ""))
        texts = list(told.values())
        groups = [" ".join(group) for group in _parts(self._elsewhere)]
        return _Index(
            self._encoder or shared_encoder(),
            Regression.shipped(digest_of(self._questions)) or self._solved(),
            Words([*texts, *groups]),
            np.array([*range(len(texts)), *(len(texts) for _ in groups)]),
        )

    @cached_property
    def _questions(self) -> Sequence[tuple[int, str]]:
        """All of them, each with the number of its topic; those from elsewhere have the number after the last."""
        place = {topic: number for number, topic in enumerate(self.topics)}
        own = [(place[each.topic], asked) for each in self._entries.values() for asked in (each.title, *each.asked)]
        return [*own, *((len(place), asked) for asked in self._elsewhere)]

    def _solved(self) -> Regression:
        encoder = self._encoder or shared_encoder()
        places, asked = zip(*self._questions, strict=True)
        return Regression.solved(np.concatenate([encoder.encode(part) for part in _parts(asked)]), places)


def _parts(questions: Sequence[str]) -> Iterator[Sequence[str]]:
    """Questions, a few at a time."""
    return (questions[at : at + TOGETHER] for at in range(0, len(questions), TOGETHER))
