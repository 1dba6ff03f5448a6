"""What a question wants, by a classifier that is fitted on assistant/examples.toml when the program starts."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Self

from assistant.question import Intent
from assistant.slots import mask

NOTHING = "nothing"  # the concept of a question that holds no other
EXAMPLES = Path(__file__).with_name("examples.toml")


@dataclass(frozen=True, slots=True)
class Examples:
    """Example questions by intent, and words that mean much the same by a common name."""

    questions: dict[Intent, list[str]]
    alike: dict[str, list[str]]

    @classmethod
    def load(cls, path: Path = EXAMPLES) -> Self:
        """Read the examples file."""
        with path.open("rb") as file:
            tables = tomllib.load(file)
        return cls({Intent(name): questions for name, questions in tables["questions"].items()}, tables["alike"])


class IntentClassifier:
    """A linear classifier over a question's words, its letter groups (for typos) and its concepts."""

    def __init__(self, examples: Examples) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline, make_union
        from sklearn.svm import LinearSVC

        self._concepts = {name: _any_of(words) for name, words in examples.alike.items()}
        words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"[\w']+|\?", sublinear_tf=True)
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
        concepts = TfidfVectorizer(analyzer=self._concepts_in, use_idf=False)
        self._pipeline = make_pipeline(make_union(words, letters, concepts), LinearSVC(C=0.5))
        pairs = [(mask(question), intent) for intent, questions in examples.questions.items() for question in questions]
        self._pipeline.fit([text for text, _ in pairs], [str(intent) for _, intent in pairs])

    def classify(self, questions: Sequence[str]) -> list[Intent]:
        """The likeliest intent of each question; OTHER for one without a single word that is known here."""
        masked = [mask(question) for question in questions]
        guesses = self._pipeline.predict(masked) if masked else ()
        return [
            Intent(guess) if self._concepts_in(text)[0] != NOTHING else Intent.OTHER
            for guess, text in zip(guesses, masked, strict=True)
        ]

    def _concepts_in(self, masked: str) -> list[str]:
        """The concepts of a masked question, alone and in pairs, and how long it is."""
        found = [name for name, pattern in self._concepts.items() if pattern.search(masked)] or [NOTHING]
        length = ("one", "few", "some", "many")[sum(len(masked.split()) > limit for limit in (1, 3, 5))]
        return [*found, *(f"{a}+{b}" for a, b in combinations(found, 2)), f"{length} words"]


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})\b")
