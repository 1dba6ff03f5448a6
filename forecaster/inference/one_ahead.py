"""Work in another thread, one step ahead of whoever waits for it, and what comes out of turn put in order."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from forecaster import tracing

Thing = TypeVar("Thing")
Made = TypeVar("Made")


def in_order(numbered: Iterable[tuple[int, Thing]]) -> Iterator[Thing]:
    """Things numbered from 0 on by their number, each as soon as all before it are there."""
    waiting: dict[int, Thing] = {}
    due = 0
    for number, thing in numbered:
        waiting[number] = thing
        while due in waiting:
            yield waiting.pop(due)
            due += 1


def one_ahead(work: Callable[[Thing], Made], things: Iterable[Thing]) -> Iterator[tuple[Thing, Made]]:
    """Each thing with what `work` makes of it, in order. Raises what `work` raises.

    While one is worked on in another thread, the next is taken from `things`, and the one before is in the hands of
    whoever asks. This gains time where `work` lets other threads run, as ONNX Runtime does.
    """
    with ThreadPoolExecutor(1) as thread:
        begun = None
        for thing in things:
            ahead = thing, thread.submit(tracing.handed_on(work), thing)
            if begun:
                yield begun[0], begun[1].result()
            begun = ahead
        if begun:
            yield begun[0], begun[1].result()
