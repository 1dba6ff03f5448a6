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
THREADS = min(os.cpu_count() or 1, 4)


def in_threads(parse: Callable[[int, bytes], Any], stream: Any) -> Iterator[Any]:
    """The batches that `parse` makes of each block of the stream, which it is given with its number, from 0."""
    with ThreadPoolExecutor(THREADS) as pool:
        running: deque[Future[Any]] = deque()
        for number, block in enumerate(_blocks(stream)):
            running.append(pool.submit(parse, number, block))
            if len(running) > THREADS:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def _blocks(stream: Any) -> Iterator[bytes]:
    text = io.BufferedReader(stream)
    while block := text.read(BLOCK_BYTES) + text.readline():
        yield block
