"""The service with everything under /v1, in this process, and bodies that it takes."""

from contextlib import asynccontextmanager

from api.background import Part
from forecaster.market.candles import utc
from forecaster.settings import Settings
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON
from tests.support.service.serving import served, settled

OPEN = Settings(rate_limit="off")
HISTORY = market(700, seed=21)  # ends at noon
ETHER = market(700, seed=22, start=1_500.0)


@asynccontextmanager
async def serving(backend, settings=OPEN, assistant=None, counted=None):
    """A client of the service; `assistant` is a Part, or a turn that is ready."""
    if assistant is not None and not isinstance(assistant, Part):
        turn, assistant = assistant, Part("assistant", lambda: turn)
        assistant.done(turn)
    async with served(lambda: backend, settings, counted=counted) as client:
        client.app.state.assistant = assistant
        await settled(client)
        yield client


def rows(candles=HISTORY[-168:], iso=True):
    """Candles as a body has them."""
    return [
        {
            "open_time": utc(time).isoformat() if iso else int(time),
            **dict(zip(("open", "high", "low", "close", "volume"), values, strict=True)),
        }
        for time, *values in candles.rows()
    ]


def question(**changes):
    """A body of POST /v1/forecast with candles; None leaves a field out."""
    body = {"symbol": "BTC-USD", "candles": rows(), "hours": 1} | changes
    return {name: value for name, value in body.items() if value is not None}


def closes(count=60, candles=HISTORY):
    return candles.close[-count:].tolist()


def noon():
    """A clock that shows four minutes past the close of the newest of these candles."""
    return NOON + 240.0
