"""Whether a model still forecasts as well as its record says: the CRPS of its newest forecasts, looked up once an hour.

It is that of an hour ahead, as in the record: of the log return, times 10,000, the less the better. It follows the
market too, which moves more in one month than in another: what tells is a ratio that stays high.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from forecaster.errors import CryptoSenseError
from forecaster.inference import Predictor
from forecaster.schema import HOUR

if TYPE_CHECKING:
    from forecaster.ledger import Ledger

DAYS = 30  # of forecasts that are compared with the record
EVERY = float(HOUR)  # seconds between looks
UNIT = 1e4  # of a log return, in which records give the CRPS

Drifts = Sequence["Drift"]


class Drift(NamedTuple):
    """How the live forecasts of a coin's next hour compare with those of the record."""

    symbol: str
    n: int  # outcomes of the last 30 days
    crps: float  # theirs
    record: float


async def watch(
    look: Callable[[float], Awaitable[Drifts]],
    tell: Callable[[Drifts], None],
    stop: asyncio.Event,
    clock: Callable[[], float] = time.time,
) -> None:
    """Look (at what Unix s) and tell until `stop`, at once and then every hour; what cannot be read is left as it was.

    Days are told by `clock`.
    """
    while not stop.is_set():
        with suppress(CryptoSenseError):  # the ledger's health knows
            tell(await look(clock()))
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY):
                await stop.wait()


def drifts(ledger: "Ledger", predictor: Predictor, now: float) -> list[Drift]:
    """Of each coin that the predictor's record grades, and of which outcomes came in the 30 days before `now`."""
    told = []
    for row in predictor.report.table:
        if (row.hours, row.input) == (1, "full"):
            n, crps = ledger.crps(row.symbol, predictor.ref.sha256, now, DAYS)
            if n:
                told.append(Drift(row.symbol, n, UNIT * crps, row.crps))
    return told
