"""Which texts share a question's rare words: BM25 (Robertson and Walker 1994), as a share of the most there could be.

By hand: rank-bm25 scores whole numbers without a bound, and keeps every word of every text in lists.
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

SATURATION, LENGTH = 1.2, 0.75  # BM25's k and b
_WORD = re.compile(r"\w+")
_SPACELESS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")  # kana and Han, written without spaces


class Words:
    """A collection of texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(words_of(text)) for text in texts]
        lengths = [sum(each.values()) for each in counted]
        mean = sum(lengths) / len(lengths)
        held = Counter(word for each in counted for word in each)
        self._size = len(texts)
        self._rarity = {word: log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for word, n in held.items()}
        self._places: dict[str, list[tuple[int, float]]] = {word: [] for word in held}  # (text, weight there)
        for place, (counts, length) in enumerate(zip(counted, lengths, strict=True)):
            norm = SATURATION * (1 - LENGTH + LENGTH * length / mean)
            for word, n in counts.items():
                self._places[word].append((place, n / (n + norm)))

    def shares(self, question: str) -> NDArray[np.float32]:
        """(texts,) from 0 (no word in common) to 1 (all of them, over and over)."""
        found, most = np.zeros(self._size, dtype=np.float32), 0.0
        unheard = log(1 + (self._size + 0.5) / 0.5)
        for word in set(words_of(question)):
            rarity = self._rarity.get(word, unheard)
            most += rarity
            for place, weight in self._places.get(word, ()):
                found[place] += rarity * weight
        return found / most if most else found


def words_of(text: str) -> list[str]:
    """Words in small letters; where they are not written apart, pairs of letters."""
    found: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if _SPACELESS.search(word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        else:
            found.append(word)
    return found
