"""Candles and where they come from: exchanges, files, a simulated tape, and the store that remembers them."""

from forecaster.market.auto import AutoSource, open_source
from forecaster.market.candles import EARLIEST, LATEST, Candles, Row, utc
from forecaster.market.companions import both, other_symbol
from forecaster.market.gaps import LONGEST_GAP, gapless
from forecaster.market.quotes import Quote, change_pct
from forecaster.market.sources import CandleSource, Snapshot
from forecaster.market.summaries import DAY, price_of, span_of

__all__ = [
    "DAY",
    "EARLIEST",
    "LATEST",
    "LONGEST_GAP",
    "AutoSource",
    "CandleSource",
    "Candles",
    "Quote",
    "Row",
    "Snapshot",
    "both",
    "change_pct",
    "exchanges",
    "files",
    "gapless",
    "open_source",
    "other_symbol",
    "price_of",
    "span_of",
    "utc",
]
