"""Who looks at the page, as the page's address tells: on which clock, and in which language.

static/chat.js writes both there, ``?timezone=Europe/Berlin&lang=de``; a site around the chat may name the language.
"""

from collections.abc import Mapping
from typing import NamedTuple

from assistant.understanding import Language, known_zone

MOST_READ = 200  # characters of a header
USUAL = Language.ENGLISH


class Visitor(NamedTuple):
    """A visitor's zone, by its IANA name, and language."""

    zone: str = "UTC"
    language: Language = USUAL


def visitor_of(query: Mapping[str, str]) -> Visitor:
    """The visitor of an address with that query; what it leaves out, or nobody knows, is UTC and English."""
    return Visitor(known_zone(query.get("timezone", "")), _known(query.get("lang", "")) or USUAL)


def language_of(query: Mapping[str, str], accepted: str) -> Language:
    """The language that an address names, or else the first known one of a header Accept-Language."""
    wanted = [each.partition(";")[0] for each in accepted[:MOST_READ].split(",")]  # browsers send the best one first
    return next((known for each in (query.get("lang", ""), *wanted) if (known := _known(each))), USUAL)


def _known(tag: str) -> Language | None:
    """The language of a tag such as "de" or "pt-BR"."""
    code = tag.strip().replace("_", "-").partition("-")[0].lower()
    return Language(code) if code in set(Language) else None
