"""Plain text: what a person typed, without what only decorates it, and with the words that matter spelt right.

The distance of two words is by hand: rapidfuzz gives the same ten times as fast, but weighs 12 MB, and a word is
compared once and then remembered.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

_NOT_WORDS = re.compile(
    r"\{[^{}]{0,500}\}|<(script|style)\b.*?(?:</\1>|\Z)|\b(?:https?|ftp|file)://\S*|\bwww\.\S+"
    r"|<[^<>]{0,500}>|(?<!\S)\.{0,2}/[\w.-]+(?:/[\w.-]*)*"
)
_QUOTES = str.maketrans("\u2018\u2019\u02bc`\u2212\u2013\u2014\u3002\u3001\u0142\u0131\u2044_", "''''---.,li/ ")
_DRAWN_OUT = re.compile(r"(?P<o>(?<=[a-z])o{3,}(?=[a-z]))|(?P<letter>[a-z])(?P=letter){2,}")  # "moooon", "heyyy"
_LONG_NUMBER = re.compile(r"\d{13,}")
_LETTERS = r"[^\W\d_]*"  # any, of any script
_WORD = re.compile(r"[^\W\d_]{4,24}")
SWAPS_ONLY = 4  # letters: a shorter word is another word rather than a typo
NEIGHBOURS = 6  # letters: in a shorter word, a wrong letter is one beside the right one on the keyboard
TWO_EDITS = 8  # letters: a longer word may have two typos


def spoken(text: str) -> str:
    """The text without addresses and markup, which may be one in another."""
    for _ in range(3):
        text = _NOT_WORDS.sub(" ", text)
    return text


def plain(text: str) -> str:
    """The text in lower case, on one line, without accents, control characters, addresses and markup."""
    composed = unicodedata.normalize("NFKC", spoken(text)).casefold().translate(_QUOTES)
    composed = _DRAWN_OUT.sub(lambda out: "oo" if out["o"] else out["letter"], composed)
    letters = (c for c in unicodedata.normalize("NFD", composed) if unicodedata.category(c) != "Mn")
    whole = unicodedata.normalize("NFC", "".join(letters))  # of Korean, whose letters are taken apart too
    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in whole)
    return _LONG_NUMBER.sub("9" * 12, " ".join(shown.split()))


class Spelling:
    """Corrects words that are nearly one of those that matter and are no known word themselves."""

    def __init__(
        self, matter: Collection[str], known: Collection[str], knows: Callable[[str], bool] = lambda word: False
    ) -> None:
        self._knows = knows
        self._known = frozenset(known) | frozenset(matter)
        self._by_letter: dict[str, list[str]] = {}
        for word in sorted(matter):
            self._by_letter.setdefault(word[0], []).append(word)
        self._spelt = lru_cache(maxsize=8192)(self._nearest)

    def correct(self, text: str) -> str:
        """A plain text with its typos mended."""
        return _WORD.sub(lambda word: self._spelt(word[0]), text)

    def _nearest(self, word: str) -> str:
        if word in self._known or not word.isascii() or self._knows(word):
            return word
        found = min(
            ((_edits(word, right), right) for right in self._by_letter.get(word[0], ()) if _comparable(word, right)),
            default=(9, word),
        )
        return found[1] if found[0] <= _allowed(word, found[1]) else word


def _comparable(word: str, right: str) -> bool:
    return abs(len(word) - len(right)) <= 2


def _allowed(word: str, right: str) -> float:
    if min(len(word), len(right)) <= SWAPS_ONLY:
        return 1 if sorted(word) == sorted(right) else 0
    return 2 if len(right) >= TWO_EDITS else 1


_ALIKE = frozenset(("cs", "ck", "sz", "fv", "iy", "ei"))  # letters that sound alike
_KEYS = {
    letter: (x + 0.4 * y, y)
    for y, row in enumerate(("qwertyuiop", "asdfghjkl", "zxcvbnm"))
    for x, letter in enumerate(row)
}


def _another_letter(a: str, b: str, *, short: bool) -> int:
    """What a letter in place of another costs."""
    if a == b:
        return 0
    if f"{min(a, b)}{max(a, b)}" in _ALIKE:
        return 1
    (x, y), (far, deep) = _KEYS.get(a, (0.0, 9)), _KEYS.get(b, (9.0, 0))
    return 2 if short and max(abs(x - far), abs(y - deep)) > 1 else 1


def _edits(a: str, b: str) -> int:
    """Letters inserted, dropped, changed or swapped with their neighbour between two words.

    Source: Damerau (1964), A technique for computer detection and correction of spelling errors.
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    short = len(b) < NEIGHBOURS
    for i, x in enumerate(a, start=1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + _another_letter(x, y, short=short)))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]


def replacer(words: Iterable[str], *, spaced: bool = True) -> "re.Pattern[str]":
    """A pattern for any of the words, the longest first; ``*`` stands for any letters."""
    longest = sorted(words, key=len, reverse=True)
    edge = (r"(?<![^\W_])", r"(?![^\W_])") if spaced else ("", "")
    spelt = (re.escape(word).replace(re.escape("*"), _LETTERS) for word in longest)
    return re.compile(f"{edge[0]}(?:{'|'.join(spelt)}){edge[1]}")
