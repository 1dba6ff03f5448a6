"""Gathers what many threads ask of an engine at once into one run: an accelerator takes 32 windows as fast as one.

Nobody waits for company. Who finds the engine idle runs at once; who comes meanwhile is gathered, and the first of
them runs them all. benchmarks/microbatch.py measures which engine gains.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Event, Lock

import numpy as np
from numpy.typing import NDArray

from forecaster.inference.engine import Engine, Inputs

MOST = 256  # windows that are run together

Named = dict[str, NDArray[np.float32]]  # by input name; of a network with one input, by ""


@dataclass(slots=True)
class _Asked:
    """What one thread wants to know."""

    inputs: Named
    woken: Event = field(default_factory=Event)  # once it is answered, or is to run what was gathered
    output: NDArray[np.float32] | None = None
    error: Exception | None = None

    @property
    def rows(self) -> int:
        return len(next(iter(self.inputs.values())))

    @property
    def shape(self) -> dict[str, tuple[int, ...]]:
        """Of one window."""
        return {name: values.shape[1:] for name, values in self.inputs.items()}


class BatchingEngine:
    """An Engine over another, to be called from many threads."""

    def __init__(self, engine: Engine, most: int = MOST) -> None:
        self._engine, self._most = engine, most
        self._lock = Lock()
        self._waiting: deque[_Asked] = deque()
        self._busy = False

    @property
    def waiting(self) -> int:
        """How many ask whose windows are not being run yet."""
        return len(self._waiting)

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Inputs (windows, ...) float32 -> (windows, ...) float32, a row for each window."""
        asked = _Asked(dict(inputs) if isinstance(inputs, Mapping) else {"": inputs})
        with self._lock:
            self._waiting.append(asked)
            leads, self._busy = not self._busy, True
        if not leads:
            asked.woken.wait()
        if asked.output is None and asked.error is None:
            self._run_gathered()
        if asked.error is not None:
            raise asked.error
        assert asked.output is not None
        return asked.output

    def _run_gathered(self) -> None:
        """Run those who wait, the caller the first of them; then let the next one go on."""
        with self._lock:
            gathered = self._gathered()
        try:
            self._answer(gathered)
        finally:
            with self._lock:
                self._busy = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].woken.set()
            for each in gathered:
                if each.output is None and each.error is None:  # as when Ctrl-C came
                    each.error = RuntimeError("The run was broken off.")
                each.woken.set()

    def _gathered(self) -> list[_Asked]:
        """As many of those who wait as fit together, in their order."""
        gathered = [self._waiting.popleft()]
        rows = gathered[0].rows
        while self._waiting and self._waiting[0].shape == gathered[0].shape:
            rows += self._waiting[0].rows
            if rows > self._most:
                break
            gathered.append(self._waiting.popleft())
        return gathered

    def _answer(self, gathered: Sequence[_Asked]) -> None:
        for each, answer in zip(gathered, run_together(self._engine, [each.inputs for each in gathered]), strict=True):
            if isinstance(answer, Exception):
                each.error = answer
            else:
                each.output = answer


def run_together(engine: Engine, asked: Sequence[Named]) -> list[NDArray[np.float32] | Exception]:
    """What the engine answers to each of several inputs of the same shapes, in one run; or why it has no answer."""
    ends = np.cumsum([len(next(iter(inputs.values()))) for inputs in asked]).tolist()
    try:
        output = engine.run(_together(asked, ends[-1]))
        return [output[begin:end] for begin, end in pairwise((0, *ends))]
    except Exception as error:
        if len(asked) == 1:
            return [error]
        return [answer for each in asked for answer in run_together(engine, [each])]  # nobody fails for another one


def _together(asked: Sequence[Named], rows: int) -> Inputs:
    """One input of all `rows`. Their number is rounded up to a power of two, with copies of the last one.

    A compiler that makes a program for each number of rows makes few.
    """
    fill = (1 << max(rows - 1, 0).bit_length()) - rows
    named = {
        name: np.concatenate([*(inputs[name] for inputs in asked), asked[-1][name][-1:].repeat(fill, 0)])
        for name in asked[0]
    }
    return named.get("", named)
