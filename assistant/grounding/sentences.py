"""Cuts a reply that arrives in pieces into sentences, each with the space that follows it.

Where a sentence ends depends on its own text and on at most `AHEAD` characters after it. Until these are there,
nothing is decided, so the same text gives the same sentences however it was cut on its way. At most
``LONGEST + AHEAD`` characters are looked at and kept, however long the reply.
"""

import re

from assistant.grounding.figures import MONTH, MONTHS

LONGEST = 600  # characters after which a text without an end is cut at a space, or anywhere
AHEAD = max(map(len, MONTHS)) + 1  # characters: "29. November" is known by its month and what follows that

_MARKS, _FULL_MARKS = ".!?\u2026", "\u3002\uff01\uff1f"  # the latter need no space after them
_SPACES = " \t\n\r\f\v"
_HOLDING = "\u00a0\u202f"  # spaces that keep together what they stand in: "29.\u00a0November", "« Vraiment ? »"
_CLOSING = "\"'\u201d\u2019\u00bb\u300d\u300f\uff09\u300b)*_"
_GERMAN = "\u201c"  # closes in German, and opens elsewhere: in Chinese right after the mark
_CLOSED = rf"(?:[{_HOLDING}]?[{_CLOSING}{_GERMAN}]| \u00bb)*+"
_END = re.compile(
    rf"(?P<mark>[{_MARKS}])(?P<closing>{_CLOSED})(?P<space>[{_SPACES}]++)(?=.)"  # a space: 69,930.25 goes on
    rf"|[{_FULL_MARKS}](?![{_FULL_MARKS}])[{_CLOSING}]*+[{_SPACES}]*+(?=.)"
    rf"|(?<![{_SPACES}])[ \t]*+\n[{_SPACES}]*+(?=.)",
    re.DOTALL,
)
_IN_ENDS = _MARKS + _FULL_MARKS + _SPACES + _HOLDING + _CLOSING + _GERMAN
_ITEM = re.compile(rf"[{_SPACES}]*\d{{1,2}}\.")  # the number of an item in a list
_ABBREVIATED = re.compile(
    r"(?<![\w'\u2019])(?:[a-z\u00e0-\u00ff]"  # a letter alone: "z. B.", "5 p. m.", "the U.S. market"
    r"|p\. ?e[jx]|vs|approx|aprox|env|ca|cf|etc|usw|bzw|ggf|bspw|vgl|nr|std|tsd|mio|mrd|mr|dr)\.$",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATED = 10  # characters, with what stands before it
_DAY = re.compile(r"(?<!\d[.,])\b\d{1,2}\.$")
_SHORT_MONTH = re.compile(
    r"\b(?:janv?|ene|f[eé][bv]|mar|mär|a[bpv]r|jun|juil?|jul|aug|ago|aoû|sept?|set|o[ck]t|out|nov|d[eé]c|dez|dic)\.$",
    re.IGNORECASE,
)
_MONTH = re.compile(MONTH, re.IGNORECASE)
_MONTH_BEGUN = re.compile("|".join({each[:n] for each in MONTHS for n in range(1, AHEAD)}), re.IGNORECASE)


class Sentences:
    """The sentences of one reply."""

    def __init__(self) -> None:
        self._text, self._at = "", 0  # what is not told yet, and where the first end in it may begin

    def feed(self, piece: str) -> list[str]:
        """The sentences that a further piece completes."""
        return self._cut(piece, last=False)

    def rest(self) -> list[str]:
        """The sentences that are left when nothing follows."""
        return self._cut("", last=True)

    def _cut(self, piece: str, *, last: bool) -> list[str]:
        text, start = self._text + piece, 0
        found: list[str] = []
        while True:
            near = text[start : start + LONGEST + AHEAD]
            end, self._at = _end(near, self._at, last=last)
            if not end:
                self._text = text[start:]
                return found
            found.append(near[:end])
            start += end


def _end(text: str, at: int, *, last: bool) -> tuple[int, int]:
    """Where the first sentence ends, sought from `at` on, and where to seek next; `last` where nothing follows.

    The end is 0 where it is not decided yet; what comes before the next place to seek need not be looked at again.
    """
    for found in _END.finditer(text, at, LONGEST):
        if found["mark"] and "\n" not in found["space"]:
            mark, end = found.end("mark"), found.end()
            if found["closing"]:
                goes_on = text[end].islower()  # "Really?" he asked
            else:
                before = text[max(0, mark - _LONGEST_ABBREVIATED) : mark]
                if _DAY.search(before) and not last and _MONTH_BEGUN.fullmatch(text, end):
                    return 0, found.start()
                goes_on = _ITEM.fullmatch(text, 0, mark) is not None or _goes_on(before, text, end)
            if goes_on:
                continue
        return found.end(), 0
    if len(text) < LONGEST:
        return (len(text), 0) if last else (0, len(text.rstrip(_IN_ENDS)))
    return text.rfind(" ", 1, LONGEST) + 1 or LONGEST, 0


def _goes_on(before: str, text: str, end: int) -> bool:
    """Whether a full stop after `before` belongs to an abbreviation or a date, of which more is at `end`."""
    if _SHORT_MONTH.search(before):
        return text[end].isdigit()
    if _DAY.search(before):
        return _MONTH.match(text, end) is not None
    return _ABBREVIATED.search(before) is not None
