"""Public exchanges, asked for candles and prices one after the other, and the history that one of them gives."""

from forecaster.market.exchanges.backfill import UNITS, fetch_history, fetch_steps, outs_of
from forecaster.market.exchanges.base import open_client
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.exchanges.shared import SharedAnswers
from forecaster.market.exchanges.sockets import Sockets

__all__ = [
    "EXCHANGES",
    "UNITS",
    "LiveSource",
    "SharedAnswers",
    "Sockets",
    "fetch_history",
    "fetch_steps",
    "open_client",
    "outs_of",
]
