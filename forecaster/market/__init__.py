"""Candles and where they come from: exchanges, files, a simulated tape, and the store that remembers them."""

from forecaster.market.auto import AutoSource, open_source
from forecaster.market.candles import EARLIEST, LATEST, Candles, Row, utc
from forecaster.market.companions import with_companion
from forecaster.market.daily import MOST_DAYS, Days
from forecaster.market.gaps import LONGEST_GAP, gapless
from forecaster.market.hours_ending import hours_past
from forecaster.market.quotes import Quote
from forecaster.market.sources import CandleSource, Snapshot
from forecaster.market.summaries import PastClose, close_at, close_within, price_now, span_of
from forecaster.market.symbols import (
    BITCOIN,
    ETHER,
    Coin,
    catalogue,
    companion,
    decimals_of,
    is_symbol,
    nearest,
    plain,
    rounded,
    spellings,
    unsupported,
)

__all__ = [
    "BITCOIN",
    "EARLIEST",
    "ETHER",
    "LATEST",
    "LONGEST_GAP",
    "MOST_DAYS",
    "AutoSource",
    "CandleSource",
    "Candles",
    "Coin",
    "Days",
    "PastClose",
    "Quote",
    "Row",
    "Snapshot",
    "catalogue",
    "close_at",
    "close_within",
    "companion",
    "decimals_of",
    "exchanges",
    "files",
    "gapless",
    "hours_past",
    "is_symbol",
    "nearest",
    "open_source",
    "plain",
    "price_now",
    "rounded",
    "span_of",
    "spellings",
    "unsupported",
    "utc",
    "with_companion",
]
