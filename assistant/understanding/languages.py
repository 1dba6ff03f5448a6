"""Languages: which one a message is in, and its words in plain English, so that one grammar reads them all.

A glossary is no translation. It turns the words that matter into the words that slots.py and the
classifier know; the order stays as it was, and what is unknown stays as it is.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from assistant.understanding.frame import Guest, Intent, Language, Spoken
from assistant.understanding.slots import NAME_WORDS, NAMES, arabic, currencies_marked, marked, zones_marked
from assistant.understanding.spelling import Spelling, plain, replacer

FOLDER = Path(__file__).with_name("examples")
KEPT = 0.4  # a message needs this much more evidence for another language than the one before it
SIGN = 1.5  # the evidence of a letter that only one language has, where a common word is 1
SHORT = 4  # letters: in a shorter word, typos are left
_CAPITALS = re.compile(
    r"\b[A-Z]{2,5}\b|(?:(?<=[ap]m )|(?<=:\d\d ))[a-z]{2,4}\b"
)  # of a coin or a zone: "IST" is no German
_ROMANCE = frozenset({Language.SPANISH, Language.FRENCH, Language.PORTUGUESE, Guest.ITALIAN})
_HAN_NUMBERED = frozenset({Language.CHINESE, Guest.JAPANESE})
_UNSPACED = _HAN_NUMBERED | {Guest.KOREAN}
_SCRIPTS: dict[str, re.Pattern[str]] = {  # languages without answers that their script tells
    Guest.JAPANESE: re.compile(r"[\u3040-\u30ff]"),
    Guest.RUSSIAN: re.compile(r"[\u0400-\u04ff]{2}"),
    Guest.KOREAN: re.compile(r"[\uac00-\ud7af]"),
    "ar": re.compile(r"[\u0600-\u06ff]{2}"),
    "he": re.compile(r"[\u0590-\u05ff]{2}"),
    "hi": re.compile(r"[\u0900-\u097f]{2}"),
    "th": re.compile(r"[\u0e00-\u0e7f]{2}"),
    "el": re.compile(r"[\u0370-\u03ff]{3}"),
}
_LETTERS: dict[str, re.Pattern[str]] = {  # that no other language here has
    Guest.TURKISH: re.compile(r"[ğĞıİşŞ]"),
    Guest.POLISH: re.compile(r"[łŁżŻśŚęĘąĄ]"),
}
_AGO_FIRST = re.compile(
    r"\b(?:hace|il y a|ha|faz)(?: (?:unas|unos|environ|cerca de|como|uns|umas))? (?=\d|un[ae]?\b|dos\b"
    r"|tres\b|deux\b|duas\b)"
)
_HAN_DATE = re.compile(r"(?:(20\d\d) ?年 ?)?(?<!\d)(1[0-2]|[1-9]) ?月 ?([12]\d|3[01]|[1-9]) ?[日号號]")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_HAN_RUN = re.compile(r"[\u3040-\u9fff]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
# Signs, and words beside each other, that only one of the languages has.
_SIGNS = {
    Language.SPANISH: re.compile(r"[¿¡ñÑ]|(?<!\bo )(?i:\bqu[eé] (?:es|significa)\b)"),
    Language.GERMAN: re.compile(r"[äöüßÄÖÜ]|(?i:\bwas (?:ist|sind|bedeutet|heisst)\b)"),
    Language.FRENCH: re.compile(r"[èùûœîÈ]|\b[àÀ] \d|\b[lLdDjJnNcC]['\u2019][a-zéèêA-Z]|\b[qQ]u['\u2019]"),
    Language.PORTUGUESE: re.compile(r"[ãõÃÕ]|\b[àÀ]s \d|(?i:\bo que\b)"),
}


@dataclass(frozen=True, slots=True)
class Examples:
    """Example questions of a language by intent, its glossary, and words that mean much the same by a common name."""

    language: Spoken
    questions: dict[Intent, list[str]]
    gloss: dict[str, str]  # plain words in the language -> in English
    alike: dict[str, list[str]]
    common: frozenset[str]  # words that tell the language

    @classmethod
    def load(cls, language: Spoken, folder: Path = FOLDER) -> Self:
        """Read the examples file of a language."""
        name = f"{language}.toml"
        with (folder / name).open("rb") as file:
            tables = tomllib.load(file)
        return cls(
            language,
            {Intent(intent): questions for intent, questions in tables.get("questions", {}).items()},
            {_plain(word, language): english for english, words in tables["gloss"].items() for word in words},
            tables.get("alike", {}),
            frozenset(plain(word) for word in tables["common"].split()),
        )


class Reader:
    """Tells the languages apart and turns each into plain English."""

    def __init__(self, examples: list[Examples], matter: set[str], guests: Sequence[Examples] = ()) -> None:
        self._votes: dict[str, dict[Spoken, float]] = {}
        self._glossaries: dict[str, _Glossary] = {}
        self._spellings: dict[str, Spelling] = {}
        coins = {word for word in NAME_WORDS if len(word) > SHORT}
        english = {word for each in examples if each.language is Language.ENGLISH for word in _words(each)}
        for each in examples:
            glossary = _Glossary(each.gloss, spaced=each.language not in _UNSPACED)
            self._glossaries[each.language] = glossary
            mended = glossary.single | (matter if each.language is Language.ENGLISH else coins)
            self._spellings[each.language] = Spelling(mended, english | _words(each), glossary.knows)
            self._count(each.language, each.common, 1.0)
            self._count(each.language, _words(each) - each.common - NAMES.codes.keys(), 0.5)
            self._count(each.language, _accented(each), 1.0)
        for guest in guests:
            self._glossaries[guest.language] = glossary = _Glossary(guest.gloss, spaced=guest.language not in _UNSPACED)
            self._spellings[guest.language] = Spelling(coins, english | _words(guest), glossary.knows)
        self._guests = {each.language: _words(each) for each in guests if each.language not in _SCRIPTS}
        for said in self._votes.values():
            for language in said:
                said[language] /= len(said)

    def _count(self, language: Spoken, words: Iterable[str], weight: float) -> None:
        for word in words:
            self._votes.setdefault(word, {})[language] = weight

    def language(self, text: str, before: Language) -> Language:
        """The language of a message; that of the one before it where this one is too short to tell."""
        if _HAN.search(text):
            return Language.CHINESE
        votes: dict[Spoken, float] = dict.fromkeys(Language, 0.0)
        votes[before] += KEPT
        for language, sign in _SIGNS.items():
            votes[language] += SIGN if sign.search(text) else 0
        worded = text if text.isupper() else _CAPITALS.sub(" ", text)
        for word in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", worded).casefold()):
            for spoken, vote in (self._votes.get(word) or self._votes.get(plain(word), {})).items():
                votes[spoken] += vote
        return max(Language, key=lambda language: (votes[language], language is before))

    def languages(self, text: str, before: Language, guest_before: str | None = None) -> tuple[Language, str | None]:
        """The language to answer in, and the code of the one that was spoken where there are no answers in it;
        those of the message before where this one is too short to tell."""
        guest = next((code for code, sign in (_SCRIPTS | _LETTERS).items() if sign.search(text)), None)
        guest = guest or self._worded(text, guest_before)
        return (self.language(text, before), None) if guest is None else (Language.ENGLISH, guest)

    def _worded(self, text: str, before: str | None) -> Spoken | None:
        """The guest's language that more of a text's words are of than of any that is answered in."""
        words = re.findall(r"[^\W\d_]+", plain(text))
        count = {guest: sum(word in known for word in words) for guest, known in self._guests.items()}
        guest = max(count, key=lambda each: (count[each], each == before), default=None)
        if guest is None or not (own := count[guest]):
            return None
        others = max(sum(self._votes.get(w, {}).get(language, 0.0) > 0 for w in words) for language in Language)
        alone = guest == before or any(word in self._guests[guest] and word not in self._votes for word in words)
        return guest if own > others or (alone and own == others) else None

    def english(self, text: str, language: str) -> str:
        """A message's words in plain English, with typos mended."""
        known = language if language in self._glossaries else Language.ENGLISH
        romance = language in _ROMANCE
        written = marked(text, romance=romance, words=self._votes)
        zoned = zones_marked(_plain(written, language), romance=romance)
        named = currencies_marked(arabic(zoned) if known in _HAN_NUMBERED else zoned)
        if romance:
            named = _AGO_FIRST.sub(" ago ", named)
        spelt = self._spellings[known].correct(named)
        if known in _HAN_NUMBERED:
            spelt = _HAN_DATE.sub(lambda date: f" {date[3]} {_MONTHS[(int(date[2]) - 1) % 12]} {date[1] or ''} ", spelt)
        english = self._glossaries[known].glossed(spelt)
        if language is not Language.ENGLISH:  # whoever mixes them
            english = self._glossaries[Language.ENGLISH].glossed(english)
        if known in _HAN_NUMBERED:  # so that what is left of them ends where a word does
            english = _HAN_RUN.sub(r" \g<0> ", english)
        return " ".join(english.split())


class _Glossary:
    """The words of a language that matter, and what they are in plain English."""

    def __init__(self, gloss: dict[str, str], *, spaced: bool) -> None:
        self._meanings = gloss
        self._pattern = replacer(gloss, spaced=spaced)
        self._stems = [(replacer({stem: ""}), meaning) for stem, meaning in _longest_first(gloss) if "*" in stem]
        self.single = {word for word in gloss if word.isalpha() and len(word) > SHORT}

    def knows(self, word: str) -> bool:
        """Whether a word has a meaning here."""
        return self._pattern.fullmatch(word) is not None

    def glossed(self, text: str) -> str:
        """The text with every word that matters in plain English."""
        return self._pattern.sub(lambda found: f" {self._meaning(found[0])} ", text)

    def _meaning(self, word: str) -> str:
        if word in self._meanings:
            return self._meanings[word]
        return next((meaning for stem, meaning in self._stems if stem.fullmatch(word)), word)


def _longest_first(gloss: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(gloss.items(), key=lambda pair: -len(pair[0]))


def _plain(text: str, language: str) -> str:
    """The plain text, in which words that only an accent tells apart stay apart."""
    for accented, apart in _ACCENTED.get(language, ()):
        text = accented.sub(apart, text)
    return plain(text)


_ACCENTED: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    Language.PORTUGUESE: ((re.compile(r"\b[éÉ]\b"), "eh"), (re.compile(r"\b[eE]stá\b"), "estah")),
    Language.SPANISH: ((re.compile(r"\b[eE]stá\b"), "estah"), (re.compile(r"\b[eE]stán\b"), "estahn")),
    Guest.ITALIAN: ((re.compile(r"\b[èÈ]\b"), "eh"),),
    Language.FRENCH: (
        (re.compile(r"\b([lLdDjJnNmMtTsScC]|[qQ]u)['\u2019](?=\w)"), r"\1' "),
        (re.compile(r"\b[oO]ù\b|\b[oO]u (?=(?:sera|va|en est|ira|se)\b)"), "ouh "),
    ),
}


def _accented(examples: Examples) -> set[str]:
    """Words with accents: "prévision" is French where "previsión" is Spanish."""
    said = " ".join(question for questions in examples.questions.values() for question in questions)
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", said).casefold())
    return {word for word in words if word != plain(word) and not _HAN.search(word)}


def _words(examples: Examples) -> set[str]:
    said = [question for questions in examples.questions.values() for question in questions]
    said += [*examples.common, *examples.gloss, *(word for words in examples.alike.values() for word in words)]
    return {word for text in said for word in re.findall(r"[^\W\d_]+(?!\*)", plain(text))}
