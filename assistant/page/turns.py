"""One turn as the page shows it: the messages so far, again and again, until the reply is whole."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import NamedTuple, cast

from assistant.agent import Event
from assistant.page.services import Turn
from assistant.page.transcript import Reply, Shown
from assistant.page.turn_limit import Busy, Places
from assistant.page.words import Words

FRAME = 0.05  # seconds between two updates: the eye follows no faster, and each costs as much as the answer itself

log = logging.getLogger(__name__)


class Frame(NamedTuple):
    """The messages of a reply so far."""

    messages: list[Shown]
    whole: bool  # nothing follows


async def replies(
    turn: Turn,
    places: Places,
    said: Sequence[Mapping[str, str]],
    site: str = "",
    zone: str = "UTC",
    words: Words | None = None,
) -> AsyncIterator[Frame]:
    """The reply as it grows. A turn that fails, or finds no place, ends in a friendly sentence."""
    reply = Reply(words, zone)

    async def follow() -> None:
        async with places.taken():
            reply.begin()
            async with aclosing(cast("AsyncGenerator[Event]", turn(said, site=site, zone=zone))) as events:
                async for event in events:
                    reply.add(event)

    if places.full:
        reply.wait()
    drawn = reply.messages()
    yield Frame(drawn, False)
    following = asyncio.create_task(follow())
    try:
        while not (await asyncio.wait({following}, timeout=FRAME))[0]:
            if (shown := reply.messages()) != drawn:
                drawn = shown
                yield Frame(shown, False)
        await following
    except Busy:
        reply.refuse()
    except Exception:  # its text may hold anything, so it goes to the log and not to the visitor
        log.exception("A turn of the chat failed.")
        reply.fail()
    finally:
        following.cancel()
        await asyncio.wait({following})
    yield Frame(reply.messages(), True)
