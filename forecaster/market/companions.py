"""A coin's candles and its companion's, asked for at once: a forecast waits for its own and not long for the other."""

import asyncio
import logging

from forecaster.errors import CryptoSenseError
from forecaster.market.sources import CandleSource, Snapshot
from forecaster.market.symbols import companion
from forecaster.schema import ForecastWarning

PATIENCE = 1.0  # seconds that a forecast waits for the companion's candles once its own are there

log = logging.getLogger(__name__)


async def with_companion(
    source: CandleSource, symbol: str, hours: int, wanted: bool = True
) -> tuple[Snapshot, Snapshot | None]:
    """The symbol's newest `hours`, and its companion's where they are `wanted` and can be had in time.

    Raises what the source raises.
    """
    if not wanted:
        return await source.latest(symbol, hours), None
    asked = asyncio.create_task(_other(source, symbol, hours))
    try:
        snapshot = await source.latest(symbol, hours)
        await asyncio.wait([asked], timeout=PATIENCE)
    finally:
        asked.cancel()
    other = asked.result() if asked.done() and not asked.cancelled() else None
    return snapshot, other if other and _alike(snapshot, other) else None


async def _other(source: CandleSource, symbol: str, hours: int) -> Snapshot | None:
    """The companion's candles, or none: a forecast is made without them rather than not at all."""
    other = companion(symbol)
    try:
        return await source.latest(other, hours)
    except CryptoSenseError as error:
        log.warning("The forecast for %s is made without %s: %s", symbol, other, error)
        return None


def _alike(snapshot: Snapshot, other: Snapshot) -> bool:
    """Simulated candles must not inform a forecast of a real market, nor the other way round."""
    return (ForecastWarning.DEMO_DATA in snapshot.warnings) == (ForecastWarning.DEMO_DATA in other.warnings)
