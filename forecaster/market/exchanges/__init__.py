"""Public exchanges, asked for candles one after the other, and the history that one of them gives."""

from forecaster.market.exchanges.backfill import fetch_history
from forecaster.market.exchanges.base import open_client
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource

__all__ = [
    "EXCHANGES",
    "LiveSource",
    "fetch_history",
    "open_client",
]
