"""One turn as the page shows it: the messages so far, again and again, until the reply is whole."""

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import cast

from assistant.agent import Event
from assistant.page.services import Turn
from assistant.page.transcript import Reply, Shown
from assistant.page.turn_limit import Busy, Places
from assistant.page.words import Words

FRAME = 0.05  # seconds between two updates: the eye follows no faster

log = logging.getLogger(__name__)


async def replies(
    turn: Turn,
    places: Places,
    said: Sequence[Mapping[str, str]],
    site: str = "",
    zone: str = "UTC",
    words: Words | None = None,
) -> AsyncIterator[list[Shown]]:
    """The messages of the reply as it grows. A turn that fails, or finds no place, ends in a friendly sentence."""
    reply, drawn = Reply(words, zone), 0.0
    if places.full:
        reply.wait()
    yield reply.messages()
    try:
        async with places.taken(), aclosing(cast("AsyncGenerator[Event]", turn(said, site=site, zone=zone))) as events:
            async for event in events:
                reply.add(event)
                if time.monotonic() - drawn >= FRAME:
                    drawn = time.monotonic()
                    yield reply.messages()
    except Busy:
        reply.refuse()
    except Exception:  # its text may hold anything, so it goes to the log and not to the visitor
        log.exception("A turn of the chat failed.")
        reply.fail()
    yield reply.messages()
