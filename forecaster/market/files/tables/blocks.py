"""CSV text cut into blocks of whole lines, which threads parse and which stay in order.

Arrow's own streaming reader parses in one thread. It parses without the GIL, so Python's threads do as well.
"""

import io
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

BLOCK_BYTES = 2 << 20  # of text; one for each thread is in memory at once, and one more
LONGEST_LINE = 1 << 20  # bytes
THREADS = min(os.cpu_count() or 1, 4)


class LineTooLong(ValueError):
    """A line goes on for a megabyte: this is no table."""


def in_threads(parse: Callable[[bytes], Any], stream: Any, skip: int) -> Iterator[Any]:
    """The batches that `parse` makes of each block of the stream, without the first `skip` lines."""
    with ThreadPoolExecutor(THREADS) as pool:
        running: deque[Future[Any]] = deque()
        for block in _blocks(stream, skip):
            running.append(pool.submit(parse, block))
            if len(running) > THREADS:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def _blocks(stream: Any, skip: int) -> Iterator[bytes]:
    text = io.BufferedReader(stream)
    for _ in range(skip):
        _line(text)
    while block := text.read(BLOCK_BYTES) + _line(text):
        yield block


def lines_of(stream: Any) -> Iterator[bytes]:
    """The lines of a binary stream, one after the other. Raises LineTooLong."""
    text = io.BufferedReader(stream)
    while line := _line(text):
        yield line


def _line(text: io.BufferedReader) -> bytes:
    line = text.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE:
        raise LineTooLong
    return line
