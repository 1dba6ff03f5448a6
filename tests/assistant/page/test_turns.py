"""One turn as the page shows it: waiting, refused, failing, given up."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing

from assistant.agent import Event, Token
from assistant.page.transcript import BUSY, THINKING, TROUBLE, WAITING
from assistant.page.turn_limit import Places
from assistant.page.turns import replies

SAID = [{"role": "user", "content": "hi"}]


class Gated:
    """A turn that answers once it may."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.going = 0
        self.most = 0

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        self.going += 1
        self.most = max(self.most, self.going)
        try:
            await self.gate.wait()
            yield Token("done")
        finally:
            self.going -= 1


async def last(turn, places) -> str:
    shown = [frame async for frame in replies(turn, places, SAID)]
    assert [frame.whole for frame in shown] == [False] * (len(shown) - 1) + [True]
    return shown[-1].messages[-1]["content"]


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


async def test_something_goes_on_is_shown_before_the_first_event():
    turn = Gated()
    async with aclosing(replies(turn, Places(), SAID)) as shown:
        (message,) = (await anext(shown)).messages
    assert message["metadata"] == {"title": THINKING, "status": "pending", "id": "until-then"}


async def test_as_many_turns_go_on_as_there_are_places_the_next_wait_and_the_rest_is_refused():
    turn, places = Gated(), Places(at_once=2, waiting=3)
    asking = [asyncio.create_task(last(turn, places)) for _ in range(7)]
    await until(lambda: sum(each.done() for each in asking) == 2)
    assert turn.going == 2
    turn.gate.set()
    assert sorted(await asyncio.gather(*asking)) == sorted([BUSY] * 2 + ["done"] * 5)
    assert turn.most == 2


async def test_who_has_to_wait_is_told_so_and_then_answered():
    turn, places = Gated(), Places(at_once=1)
    first = asyncio.create_task(last(turn, places))
    await until(lambda: turn.going == 1)
    async with aclosing(replies(turn, places, SAID)) as shown:
        (message,) = (await anext(shown)).messages
        assert message["metadata"]["title"] == WAITING
        turn.gate.set()
        while not (frame := await anext(shown)).whole:
            assert frame.messages[-1]["metadata"]["title"] in (WAITING, THINKING)
        assert frame.messages[-1]["content"] == "done"
    assert await first == "done"


async def test_a_turn_that_is_given_up_frees_its_place_whether_it_goes_on_or_waits():
    turn, places = Gated(), Places(at_once=1)
    going, waiting = (asyncio.create_task(last(turn, places)) for _ in range(2))
    await until(lambda: turn.going == 1)
    for each in (waiting, going):
        each.cancel()
    await asyncio.gather(going, waiting, return_exceptions=True)
    assert turn.going == 0
    assert not places.full
    turn.gate.set()
    assert await last(turn, places) == "done"


async def test_a_turn_that_fails_ends_in_a_sentence_and_frees_its_place(caplog):
    async def failing(said: Sequence[Mapping[str, str]], *, site="", zone="UTC") -> AsyncIterator[Event]:
        yield Token("It is")
        raise RuntimeError("secret-token-123")

    places = Places(at_once=1)
    assert await last(failing, places) == f"It is\n\n{TROUBLE}"
    assert not places.full
    assert "secret-token-123" in caplog.text


async def test_what_happened_is_shown_while_nothing_more_happens():
    finish = asyncio.Event()

    async def slow(said: Sequence[Mapping[str, str]], *, site="", zone="UTC") -> AsyncIterator[Event]:
        yield Token("It is")
        yield Token(" noon")
        await finish.wait()
        yield Token(".")

    async with aclosing(replies(slow, Places(), SAID)) as shown:
        thinking, begun = await anext(shown), await anext(shown)
        finish.set()
        ended = await anext(shown)
    assert [frame.messages[-1]["content"] for frame in (thinking, begun, ended)] == ["", "It is noon", "It is noon."]
    assert [frame.whole for frame in (thinking, begun, ended)] == [False, False, True]
