"""What visitors liked and what not: one line of JSON each in a file of this machine, and no word about who they are.

{"time": "2026-03-19T12:04:00Z", "liked": true, "question": "...", "answer": "..."}
"""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

LONGEST_TEXT = 2000  # characters kept of a question or an answer
LARGEST = 16 * 2**20  # bytes of the file

log = logging.getLogger(__name__)


class Feedback:
    """The file at `path`, made with the first line. Once a line would take it over `largest` bytes, none is added."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path = path
        self._largest = largest
        self._writing = Lock()
        self._full = self._failing = False  # and the log says so

    def add(self, liked: bool, question: str, answer: str) -> None:
        """Keep a verdict. A file that cannot be written costs one line in the log and nothing else."""
        line = _line(liked, question, answer)
        with self._writing:
            try:
                self._append(line)
                self._failing = False
            except OSError as error:
                if not self._failing:
                    text = "What visitors like is not kept (%s). Check that %s can be written."
                    log.warning(text, error, self._path)
                self._failing = True

    def _append(self, line: bytes) -> None:
        size = self._path.stat().st_size if self._path.exists() else 0
        if size + len(line) > self._largest:
            if not self._full:
                log.warning("%s has reached %d bytes: nothing is added. Move it away.", self._path, size)
            self._full = True
            return
        self._full = False
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(line)


def _line(liked: bool, question: str, answer: str) -> bytes:
    said = {
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "liked": liked,
        "question": question[:LONGEST_TEXT],
        "answer": answer[:LONGEST_TEXT],
    }
    # a lone surrogate, which a browser can send, is nothing that UTF-8 can hold
    return (json.dumps(said, ensure_ascii=False) + "\n").encode("utf-8", "replace")
