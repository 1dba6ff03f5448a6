"""An event loop for tests on busy machines: its clock runs slowly, so that whatever waits so many seconds waits longer.

Deadlines of asyncio follow the loop's clock: those of exchanges, databases and answers. A machine that others use may
stall for seconds; a test that asks what is told, and not how soon, must not see that. Such tests of coroutines are
marked `unhurried`; others run what they ask for within `unhurried()`.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

SLOWER = 5  # times


class UnhurriedLoop(asyncio.SelectorEventLoop):
    """One whose deadlines come late."""

    def time(self) -> float:
        """Seconds by a slow clock."""
        return super().time() / SLOWER


class _Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return UnhurriedLoop()


@contextmanager
def unhurried() -> Iterator[None]:
    """Every loop that begins meanwhile is an UnhurriedLoop, unless it is named."""
    before = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(_Policy())
    try:
        yield
    finally:
        asyncio.set_event_loop_policy(before)
