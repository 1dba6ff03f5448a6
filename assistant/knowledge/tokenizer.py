"""Cuts a text into the pieces that the sentence encoder knows: its own unigram model, with the commonest pieces alone.

The package's tokenizer keeps all of its 128,010 pieces in dictionaries of 45 MB. A piece that is left out here is
spelt with shorter ones, as every rare word is.
"""

import struct
import unicodedata
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

UNKNOWN, BEGIN, END = 0, 1, 2  # ids in the model
PIECE, SCORE = 0x0A, 0x15  # tags in SentencePiece's sentencepiece_model.proto
SPACE = "\u2581"
PENALTY = 10.0  # below the least likely piece, for a letter that is no piece


class Tokenizer:
    """The pieces of a SentencePiece unigram model whose log likelihood is highest."""

    def __init__(self, model: bytes, most: int) -> None:
        """`model` is the model's file, `most` how many pieces are kept."""
        starts, likelihoods = _pieces(model)
        scores = np.array(likelihoods, dtype=np.float32)
        scores[: END + 1] = -np.inf
        kept = np.argsort(-scores, kind="stable")[:most]
        self.kept: NDArray[np.int64] = np.sort(np.append(kept, (UNKNOWN, BEGIN, END)))  # ids
        self._ids = {_text(model, starts[each]): each for each in self.kept[END + 1 :].tolist()}
        self._scores = likelihoods  # by id
        self._unknown = float(scores[END + 1 :].min()) - PENALTY
        self._longest = max(map(len, self._ids))

    def encode(self, text: str, out_type: type = int, add_bos: bool = True, add_eos: bool = True) -> list[int]:
        """Ids of the likeliest pieces, begin and end included; the further arguments are the package's own."""
        letters = SPACE + SPACE.join(unicodedata.normalize("NFKC", text).split())
        best, back = [0.0] + [-np.inf] * len(letters), [(0, UNKNOWN)] * (len(letters) + 1)
        for start in range(len(letters)):
            for stop in range(start + 1, min(len(letters), start + self._longest) + 1):
                piece = self._ids.get(letters[start:stop])
                if piece is None and stop > start + 1:
                    continue
                score = best[start] + (self._unknown if piece is None else self._scores[piece])
                if score > best[stop]:
                    best[stop], back[stop] = score, (start, UNKNOWN if piece is None else piece)
        return [BEGIN, *reversed(list(_walked(back))), END]


def _walked(back: list[tuple[int, int]]) -> Iterator[int]:
    """The ids on the best way, from the end of the text to its beginning."""
    at = len(back) - 1
    while at:
        at, piece = back[at]
        yield piece


def _pieces(model: bytes) -> tuple["array[int]", "array[float]"]:
    """Where each piece's message begins in the file, and its log likelihood."""
    starts, scores, at = array("L"), array("f"), 0
    while model[at] == PIECE:  # they come first, and none is as long as 128 bytes
        start = at + 2
        after = start + 2 + model[start + 1]
        starts.append(start)
        scores.append(struct.unpack_from("<f", model, after + 1)[0] if model[after] == SCORE else 0.0)
        at = start + model[at + 1]
    return starts, scores


def _text(model: bytes, start: int) -> str:
    """The letters of a piece."""
    return model[start + 2 : start + 2 + model[start + 1]].decode("utf-8")
