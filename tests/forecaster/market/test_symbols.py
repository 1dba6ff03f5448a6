"""The catalogue of coins: complete, without two coins of one name, and helpful about those it lacks."""

from collections import Counter

import pytest

from forecaster.market.symbols import (
    catalogue,
    companion,
    decimals_of,
    nearest,
    plain,
    rounded,
    spellings,
    unsupported,
)
from forecaster.settings import EXCHANGE_NAMES

COINS = tuple(catalogue().values())


def test_the_fifteen_coins_that_people_ask_for_are_there():
    codes = [
        "BTC",
        "ETH",
        "SOL",
        "XRP",
        "BNB",
        "DOGE",
        "ADA",
        "LINK",
        "LTC",
        "AVAX",
        "DOT",
        "TRX",
        "BCH",
        "NEAR",
        "XTZ",
    ]
    assert [coin.code for coin in COINS] == codes


def test_no_two_coins_share_a_spelling_or_a_stream_of_random_numbers():
    counted = Counter(name for coin in COINS for name in spellings(coin))
    assert [name for name, count in counted.items() if count > 1] == []
    assert len({coin.simulated.stream for coin in COINS}) == len(COINS)


@pytest.mark.parametrize("coin", COINS, ids=lambda coin: coin.code)
def test_a_coin_names_its_pair_at_known_exchanges_and_in_a_currency(coin):
    assert set(coin.pairs) <= set(EXCHANGE_NAMES)
    assert {"kraken", "binance"} <= set(coin.pairs)
    for exchange, pair in coin.pairs.items():
        assert pair.quote == ("USDT" if exchange == "binance" else "USD")
        assert pair.name.upper().replace("-", "").endswith(pair.quote)


@pytest.mark.parametrize("coin", COINS, ids=lambda coin: coin.code)
def test_an_alias_is_written_as_it_is_compared(coin):
    assert all(alias == alias.lower().strip() and alias for alias in coin.aliases)


def test_bitcoin_accompanies_every_coin_and_ether_accompanies_bitcoin():
    assert {companion(coin.symbol) for coin in COINS if coin.code != "BTC"} == {"BTC-USD"}
    assert companion("BTC-USD") == "ETH-USD"
    assert companion("PEPE-USD") == "BTC-USD"


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("SLO-USD", "SOL-USD"), ("rippel", "XRP-USD"), ("Dogecoins", "DOGE-USD"), ("BTCUSD", "BTC-USD")],
)
def test_who_misspells_a_coin_is_told_the_one_that_was_meant(asked, meant):
    assert nearest(asked, catalogue())[0] == meant


def test_a_coin_that_is_not_offered_is_refused_with_those_that_are_and_how_to_add_one():
    error = unsupported("PEPE-USD", ("BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD"))
    assert len(error.supported) in (1, 2, 3)
    assert "symbols.toml" in error.remedy
    assert all(symbol in error.remedy for symbol in error.supported)


@pytest.mark.parametrize(
    ("symbol", "price", "decimals"),
    [
        ("BTC-USD", 64_000.0, 2),
        ("DOGE-USD", 0.15, 5),
        ("PEPE-USD", 0.0000123456, 10),
        ("WIF-USD", 2.5, 5),
        ("X-USD", 123.0, 3),
    ],
)
def test_a_price_is_shown_with_the_decimals_of_its_coin(symbol, price, decimals):
    assert decimals_of(symbol, price) == decimals


@pytest.mark.parametrize(
    ("price", "kept", "written"),
    [
        (64_250.754, 64_250.75, "64250.75"),
        (64_250.7, 64_250.7, "64250.70"),
        (10.0, 10.0, "10.00"),
        (9.9876543, 9.98765, "9.98765"),
        (0.152341234, 0.152341, "0.152341"),
        (0.0000123456789, 0.0000123457, "0.0000123457"),
    ],
)
def test_a_price_keeps_its_cents_or_six_significant_digits(price, kept, written):
    assert rounded(price) == kept
    assert plain(price) == written
