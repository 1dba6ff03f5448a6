"""The sentences of a language, read from assistant/texts/: one readable file for each, all with the same keys."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.understanding import Language

TEXTS = Path(__file__).with_name("texts")


@dataclass(frozen=True, slots=True)
class Phrases:
    """What can be said in a language, by names such as "price.closed"."""

    texts: Mapping[str, str]

    def say(self, name: str, /, **facts: str) -> str:
        """The text of that name with its facts. Raises KeyError where there is none, or a fact is missing."""
        return self.texts[name].format(**facts)


@cache
def phrases(language: Language, folder: Path = TEXTS) -> Phrases:
    """The phrases of a language. Raises ValueError for a file that holds anything but tables of texts."""
    path = folder / f"{language}.toml"
    return Phrases(flat(tomllib.loads(path.read_text(encoding="utf-8")), path.name))


def flat(tables: Mapping[str, Mapping[str, object]], file: str) -> dict[str, str]:
    """The texts of a file by table and name. Raises ValueError for what is no text."""
    texts = {}
    for table, entries in tables.items():
        for name, text in entries.items():
            if not isinstance(text, str):
                raise ValueError(f"{file}: {table}.{name} is no text. Write it in quotes.")
            texts[f"{table}.{name}"] = text
    return texts
