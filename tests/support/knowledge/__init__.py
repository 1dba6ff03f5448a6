"""What can be explained, as tests bind it to the tools, and the questions that retrieval is measured with."""

import tomllib
from pathlib import Path

from assistant.knowledge import Library

KNOWLEDGE = Library.load()
QUESTIONS: dict[str, list[tuple[str, str]]] = tomllib.loads(
    Path(__file__).with_name("questions.toml").read_text(encoding="utf-8")
)  # language -> (question, topics that would do, parted by "|")
