"""JSON as RFC 8259 has it, with each key once: short text at once, long text piece by piece.

orjson and Pydantic's parser take the last of two equal keys without a word, and Pydantic's takes NaN.

While Python's parser reads a list of numbers, no other thread runs, however long the list. Between two pieces they do.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

MOST_KEYS = 64  # of an object: several times what any has here
PIECE = 512 * 1024  # characters
MOST_PIECES = 20_000
LEVELS = 2  # the members of an object are pieces; where they are lists, the items of those

_SPACE = re.compile(r"[ \t\n\r]*")


def parsed(text: str) -> Any:
    """The value. Raises ValueError, and RecursionError where it nests too deeply."""
    return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)


def parsed_in_pieces(text: str, piece: int = PIECE) -> Any:
    """The same, for a thread beside one that must not wait. Raises ValueError also for too long or too many pieces.

    A piece of up to `piece` characters is surely taken, and none of more than twice as many.
    """
    return _Pieces(text, piece).whole()


class _Pieces:
    """Text that is read from the front, no more than two pieces of it at hand."""

    def __init__(self, text: str, piece: int) -> None:
        self._text, self._piece, self._start = text, piece, 0
        self._near, self._at = text[: 2 * piece], 0  # what begins at `_start`, and how much of it is read
        self._count = 0
        self._decoder = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_unique)

    def whole(self) -> Any:
        value = self._value(LEVELS)
        if self._next():
            raise ValueError("something follows the value")
        return value

    def _value(self, levels: int) -> Any:
        opening = self._next()
        if levels and opening == "{":
            return _unique([self._member(levels - 1) for _ in self._places("}")])
        if levels and opening == "[":
            return [self._value(levels - 1) for _ in self._places("]")]
        value, self._at = self._decoder.raw_decode(self._near, self._at)
        return value

    def _member(self, levels: int) -> tuple[str, Any]:
        key = self._value(0)
        if not isinstance(key, str) or self._next() != ":":
            raise ValueError("not a key and a colon")
        self._at += 1
        return key, self._value(levels)

    def _places(self, closing: str) -> Iterator[None]:
        """Go into an object or list, to each thing in it, and out."""
        self._at += 1
        if self._next() == closing:
            self._at += 1
            return
        mark = ","
        while mark == "," and self._count < MOST_PIECES:
            self._count += 1
            yield
            mark = self._next()
            self._at += 1
        if mark != closing:
            raise ValueError("not closed, or too many pieces")

    def _next(self) -> str:
        """Go to the next character that is no white space; "" at the end."""
        while True:
            space = _SPACE.match(self._near, self._at)
            self._at = space.end() if space else self._at
            if self._at <= self._piece:
                return self._near[self._at : self._at + 1]
            self._start, self._at = self._start + self._at, 0
            self._near = self._text[self._start : self._start + 2 * self._piece]


def _no_constant(name: str) -> NoReturn:
    """NaN, Infinity and -Infinity: Python reads them, JSON does not know them."""
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which a key occurs twice could be read in two ways; one of many keys has each refused by name."""
    made = dict(pairs)
    if len(made) != len(pairs) or len(pairs) > MOST_KEYS:
        raise ValueError("a duplicate key, or too many keys")
    return made
