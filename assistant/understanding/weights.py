"""What the classifiers of intents learned, as arrays: asked with NumPy alone, since loading scikit-learn takes 150 MB.

`python -m assistant.understanding` fits them on the examples files and writes them down. Where those files were
changed since, nothing is shipped for them, and the program fits its own when it starts, with scikit-learn for once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from assistant.knowledge import Encoder

Floats = NDArray[np.float64]

SHIPPED = Path(__file__).with_name("intents.npz")
TOGETHER = 8  # texts that are made vectors at once


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """One line a class: the score is how far on its side a vector lies."""

    slopes: Floats  # (features, classes)
    offsets: Floats  # (classes,)

    def scores(self, vector: NDArray[np.float32]) -> Floats:
        """Of a vector (features,), a score for each class."""
        scores: Floats = vector @ self.slopes + self.offsets
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class OfWords:
    """The same of texts as lists of words: each counts by its logarithm, and the more the fewer texts have it."""

    place: dict[str, int]  # of each word that is known
    rarity: Floats  # (words,)
    linear: Linear

    def scores(self, words: Sequence[str]) -> Floats:
        """A score for each class."""
        counted = Counter(self.place[word] for word in words if word in self.place)
        known, counts = np.array([*counted], dtype=np.int64), np.array([*counted.values()], dtype=np.float64)
        weights = (1 + np.log(counts)) * self.rarity[known]
        length = np.sqrt(weights @ weights) or 1.0
        scores: Floats = (weights / length) @ self.linear.slopes[known] + self.linear.offsets
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Both classifiers: of a question's words and of its meaning."""

    intents: tuple[str, ...]  # the classes, in their order
    words: OfWords
    meaning: Linear

    @classmethod
    def shipped(cls, digest: str, path: Path = SHIPPED) -> Self | None:
        """Those that were fitted on the examples of that digest; None where there are none."""
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["digest"]) != digest:
                return None
            place = {word: at for at, word in enumerate(kept["vocabulary"].tolist())}
            words = OfWords(place, kept["rarity"], Linear(kept["slopes"], kept["offsets"]))
            meaning = Linear(kept["meaning_slopes"], kept["meaning_offsets"])
            return cls(tuple(kept["intents"].tolist()), words, meaning)

    def save(self, digest: str, path: Path = SHIPPED) -> None:
        """Write them down for `shipped`."""
        np.savez_compressed(
            path,
            digest=np.array(digest),
            intents=np.array(self.intents),
            vocabulary=np.array(list(self.words.place)),
            rarity=self.words.rarity,
            slopes=self.words.linear.slopes,
            offsets=self.words.linear.offsets,
            meaning_slopes=self.meaning.slopes,
            meaning_offsets=self.meaning.offsets,
        )


def digest_of(files: Iterable[Path]) -> str:
    """Of what files say, whatever order they are given in and however their lines end."""
    read = b"".join(sha256(path.read_bytes().replace(b"\r\n", b"\n")).digest() for path in sorted(files))
    return sha256(read).hexdigest()


def fitted_on_words(texts: Sequence[Sequence[str]], intents: Sequence[str]) -> OfWords:
    """A classifier of texts (n,), each as the words that it is seen as, with their intents (n,)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    features = TfidfVectorizer(analyzer=list, sublinear_tf=True)
    linear = _fitted(0.6, features.fit_transform(texts), intents)
    place = {word: at for at, word in enumerate(features.get_feature_names_out().tolist())}
    return OfWords(place, features.idf_, linear)


def fitted_on_meaning(texts: Sequence[str], intents: Sequence[str], encoder: Callable[[], Encoder]) -> Linear:
    """A classifier of the texts' vectors, which also know words that no text has."""
    own = list(dict.fromkeys(texts))
    parts = (own[at : at + TOGETHER] for at in range(0, len(own), TOGETHER))
    vectors = dict(zip(own, (vector for part in parts for vector in encoder().encode(part)), strict=True))
    return _fitted(2.0, [vectors[text] for text in texts], intents)


def _fitted(weight: float, vectors: "Sequence[NDArray[np.float32]]", intents: Sequence[str]) -> Linear:
    """Lines between the classes, in the order of their names; the larger `weight`, the closer to each example."""
    from sklearn.svm import LinearSVC

    found = LinearSVC(C=weight, random_state=0).fit(vectors, intents)
    return Linear(np.ascontiguousarray(found.coef_.T), found.intercept_)
