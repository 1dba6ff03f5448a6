"""Layouts of candle files: which columns they have, and how their numbers, times and names are written."""

from forecaster.market.files.layouts.columns import Layout, Unrecognized, named_layout, plain, unnamed_layout
from forecaster.market.files.layouts.decoder import Decoder, is_text
from forecaster.market.files.layouts.names import Coin, as_symbol, coin_of, coins_in, currency_in
from forecaster.market.files.layouts.numbers import BITCOIN_ALONE, NO_VALUE, PLAIN

__all__ = [
    "BITCOIN_ALONE",
    "NO_VALUE",
    "PLAIN",
    "Coin",
    "Decoder",
    "Layout",
    "Unrecognized",
    "as_symbol",
    "coin_of",
    "coins_in",
    "currency_in",
    "is_text",
    "named_layout",
    "plain",
    "unnamed_layout",
]
