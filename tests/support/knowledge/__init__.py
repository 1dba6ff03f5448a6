"""What can be explained, as tests bind it to the tools, and the questions that retrieval is measured with."""

import tomllib
from pathlib import Path

from assistant.knowledge import Library

KNOWLEDGE = Library.load()
QUESTIONS: dict[str, list[tuple[str, str]]] = tomllib.loads(
    Path(__file__).with_name("questions.toml").read_text(encoding="utf-8")
)  # language -> (question, topics that would do, parted by "|")
BLIND: list[tuple[str, tuple[str, ...]]] = [
    (asked, tuple(topics.split(",")))
    for topics, asked in (
        line.split("\t") for line in Path(__file__).with_name("blind.tsv").read_text(encoding="utf-8").splitlines()
    )
]  # (question, topics that would do or "none"), by somebody who had read what entries say and no wording of theirs
