"""The entries as files: entries/LANGUAGE/TOPIC.md.

# Title

A sentence a line, with {placeholders} for every number: what fills them is in tools/explanations/placeholders.py.

asked:
- a question that the entry answers, in any language
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from forecaster.errors import ConfigurationError

ENGLISH = "en"  # every topic has an entry in it
FOLDER = Path(__file__).with_name("entries")
ASKED = "asked:"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said of one topic in one language; sentences have placeholders such as {mae}."""

    topic: str
    language: str
    title: str
    sentences: tuple[str, ...]
    asked: tuple[str, ...] = ()  # questions that it answers, for retrieval

    @classmethod
    def read(cls, path: Path) -> Self:
        """The entry in a file. Raises ConfigurationError for one without title or text."""
        told, _, asked = path.read_text(encoding="utf-8").partition(f"\n{ASKED}\n")
        title, *lines = (line.strip() for line in (told.strip() or " ").splitlines())
        sentences = tuple(line for line in lines if line)
        if not title.startswith("# ") or not sentences:
            raise ConfigurationError(
                f"{path.parent.name}/{path.name} is no entry.",
                "Begin it with '# Title' and go on with a sentence a line.",
            )
        questions = (line.strip().removeprefix("-").strip() for line in asked.splitlines())
        return cls(path.stem, path.parent.name, title[2:].strip(), sentences, tuple(each for each in questions if each))


def read_entries(folder: Path = FOLDER) -> Mapping[tuple[str, str], Entry]:
    """Every entry by topic and language. Raises ConfigurationError for a topic that has none in English."""
    entries = {(path.stem, path.parent.name): Entry.read(path) for path in sorted(folder.glob("*/*.md"))}
    lacking = {topic for topic, _ in entries} - {topic for topic, language in entries if language == ENGLISH}
    if lacking:
        raise ConfigurationError(f"There is no English entry for {min(lacking)}.", f"Add en/{min(lacking)}.md.")
    return entries
