"""How a visitor's address wants the page: ``/?embed=1&symbol=ETH-USD&title=...&greeting=...&suggestions=A|B``.

Whoever makes a link chooses these texts, so they are short and shown as they are: no markup, no link, no picture.
What the address leaves out is said in the visitor's language.
The script of the page reads ``embed`` and ``theme`` (light, dark or auto) by itself, before anything is drawn.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.page.visitor import visitor_of
from assistant.page.words import MOST_SUGGESTIONS, Words
from assistant.page.words import suggestions_for as suggested
from assistant.understanding import OFFERED
from forecaster.schema import SYMBOL, Symbol

TITLE = "CryptoSense"
GREETING = Words().say("page.greeting")  # in English
MOST_PRICES = 8  # in the header
LONGEST_TITLE = 40  # characters
LONGEST_GREETING = 280
LONGEST_SUGGESTION = 80
_SIGN = re.compile(r"[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class View:
    """What stands on the page."""

    embedded: bool
    symbols: tuple[Symbol, ...]  # whose prices the header shows
    title: str
    greeting: str
    suggestions: tuple[str, ...]  # at most MOST_SUGGESTIONS
    greets: bool  # whether the address says how
    suggests: bool  # whether the address says what
    usual: bool  # whether the address leaves out all of it

    @property
    def shown_greeting(self) -> str:
        """The greeting as markdown."""
        return plain(self.greeting) if self.greets else self.greeting


def view_of(query: Mapping[str, str], offered: Sequence[Symbol] = OFFERED) -> View:
    """The view that a query asks for; what it leaves out, or says in another way than it may, is as usual.

    A symbol that is not among the `offered` ones may be asked for too: the tools say whether there is one.
    """
    asked = query.get("symbol", "").upper()
    symbol = asked if SYMBOL.fullmatch(asked) else None
    chosen = [text for part in query.get("suggestions", "").split("|") if (text := _line(part, LONGEST_SUGGESTION))]
    title, greeting = _line(query.get("title", ""), LONGEST_TITLE), _line(query.get("greeting", ""), LONGEST_GREETING)
    words = Words(visitor_of(query))
    return View(
        embedded=query.get("embed") == "1",
        symbols=(symbol,) if symbol else tuple(offered[:MOST_PRICES]),
        title=title or TITLE,
        greeting=greeting or words.say("page.greeting"),
        suggestions=tuple(chosen[:MOST_SUGGESTIONS]) or suggested(words, symbol or offered[0]),
        greets=bool(greeting),
        suggests=bool(chosen),
        usual=not (symbol or title or greeting or chosen),
    )


def site_of(query: Mapping[str, str], allowed: Sequence[str]) -> str:
    """The origin of the site around the page, as its widget names it; "" where it is none that may frame the page."""
    return next((each for each in allowed if each == query.get("site")), "")


def suggestions_for(symbol: Symbol) -> tuple[str, ...]:
    """Four questions in English that show what the assistant can do."""
    return suggested(Words(), symbol)


def plain(text: str) -> str:
    """Text that markdown shows letter by letter: every sign as an entity, so that none marks anything up."""
    return _SIGN.sub(lambda sign: f"&#{ord(sign[0])};", text)


def _line(text: str, longest: int) -> str:
    """On one line, without what cannot be seen."""
    seen = "".join(each if each.isprintable() else " " for each in text[: 4 * longest])
    return " ".join(seen.split())[:longest].rstrip()
