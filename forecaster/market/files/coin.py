"""Which coin a file holds, and in which currency its prices are: told by its content, its name, or whoever asks."""

from collections.abc import Sequence

import numpy as np

from forecaster.errors import DataFileError
from forecaster.market.candles import Candles
from forecaster.market.files.layouts import BITCOIN_ALONE, Coin, as_symbol, coin_of
from forecaster.market.files.rows import Table

LIKE_DOLLARS = {"USD", "USDT", "USDC", "EUR", "GBP", "CHF"}  # in which no other coin costs as much as Bitcoin


def identify(tables: Sequence[Table], asked: str | None, candles: Candles) -> tuple[Coin | None, tuple[str, ...]]:
    """The coin, None where nothing tells it; and what has to be said about how it was told.

    Raises DataFileError where the files tell of another coin than `asked` ("SOL-USD"), or of several.
    """
    wanted = as_symbol(asked).base if asked else None
    told = [coin for table in tables if (coin := _told(table, wanted))]
    bases = {coin.base for coin in told}
    quotes = {coin.quote for coin in told} - {None} or {table.told.currency for table in tables} - {None}
    if wanted and bases - {wanted}:
        raise DataFileError(
            f"{_names(tables)} holds {', '.join(sorted(bases))}, not {wanted}.",
            "Name the file or the --symbol that is meant.",
        )
    if len(bases) > 1 or len(quotes) > 1:
        several = ", ".join(sorted(bases if len(bases) > 1 else {str(quote) for quote in quotes}))
        raise DataFileError(
            f"{_names(tables)} hold different things: {several}.", "Name the files of one coin and currency."
        )
    base = wanted or next(iter(bases), None)
    notes: tuple[str, ...] = ()
    if base is None and np.median(candles.close) >= BITCOIN_ALONE and quotes <= LIKE_DOLLARS:
        base = "BTC"
        notes = ("The file names no coin; by its prices it is Bitcoin (--symbol names another).",)
    if base is None:
        return None, ()
    if not quotes:
        notes += ("The file names no currency; its prices are taken to be in USD.",)
    return Coin(base, next(iter(quotes), "USD")), notes


def unnamed(name: str) -> DataFileError:
    """What is said where the coin cannot be told."""
    return DataFileError(
        f"{name} does not say which coin it holds.",
        "Say it with --symbol, such as --symbol SOL-USD, or in the file's name, such as SOLUSDT_1h.csv.",
    )


def _told(table: Table, wanted: str | None) -> Coin | None:
    """By its symbol column, else by the words before its rows, else by its name; the currency by any of them."""
    places = (tuple(table.told.symbols or ()), table.told.hints, (table.name,))
    coins = [coin for place in places if (coin := coin_of(place, wanted))]
    if not coins:
        return None
    quote = next((coin.quote for coin in coins if coin.base == coins[0].base and coin.quote), None)
    return Coin(coins[0].base, quote)


def _names(tables: Sequence[Table]) -> str:
    names = [table.name for table in tables]
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
