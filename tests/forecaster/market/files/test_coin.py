"""Which coin and currency a file holds: by its content, whole words of its name, or whoever asks; never by a guess."""

import pandas as pd
import pytest

from forecaster.errors import DataFileError, UnsupportedSymbol
from forecaster.market.files.layouts.names import as_symbol, coins_in
from forecaster.market.files.reader import read_candles
from forecaster.market.files.rows import Reading
from forecaster.market.files.source import FileSource
from tests.support.files.layouts import PLAIN, ROWS, lines

SMALL = lines(
    "time,open,high,low,close,volume", [[int(row[0]), *(price / 500 for price in row[1:5]), 1] for row in ROWS]
)


def coin(path, **known):
    file = read_candles(path, Reading(**known))
    return file.symbol, file.quote


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("SOLUSDT_1h.csv", {("SOL", "USDT")}),
        ("BTC_USDT-1h.feather", {("BTC", "USDT")}),
        ("XBTUSD_60.csv", {("BTC", "USD")}),
        ("Bitstamp_BTCEUR_1h.csv", {("BTC", "EUR")}),
        ("ETH-USD.csv", {("ETH", "USD")}),
        ("BTCUSDT1h.csv", {("BTC", "USDT")}),
        ("PEPE_USDT-1h.feather", {("PEPE", "USDT")}),
        ("WIFUSDT-1m-2026-02.zip", {("WIF", "USDT")}),
        ("XXBTZEUR", {("BTC", "EUR")}),
        ("BTC/USDT:USDT", {("BTC", "USDT")}),
        ("bitcoin.csv", {("BTC", None)}),
        ("eth.csv", {("ETH", None)}),
        ("btc_and_eth.csv", {("BTC", None), ("ETH", None)}),
        ("method_1h.csv", set()),
        ("together.csv", set()),
        ("solution.csv", set()),
        ("amateur.csv", set()),
        ("link.csv", set()),
        ("LINKUSD.csv", {("LINK", "USD")}),
        ("near_the_end.csv", set()),
        ("c20_decimal_comma.csv", set()),
    ],
)
def test_a_name_tells_a_coin_by_whole_words_alone(name, told):
    assert {(each.base, each.quote) for each in coins_in(name)} == told


@pytest.mark.parametrize("text", ["SOL", "SOL-USD", "SOLUSDT", "sol/eur"])
def test_a_person_may_write_a_coin_in_many_ways(text):
    assert as_symbol(text).symbol == "SOL-USD"


def test_the_symbol_column_wins_over_the_name(tmp_path):
    text = lines("time,symbol,open,high,low,close,volume", [[int(row[0]), "SOL/EUR", *row[1:]] for row in ROWS])
    (tmp_path / "BTCUSDT.csv").write_text(text)
    assert coin(tmp_path / "BTCUSDT.csv") == ("SOL-USD", "EUR")


def test_two_coins_in_one_file_are_refused_unless_one_is_picked(tmp_path):
    rows = [[int(row[0]), name, *row[1:]] for row in ROWS for name in ("BTC/USDT", "ETH/USDT")]
    for row in rows[1::2]:
        row[2:6] = [row[4]] * 4
    (tmp_path / "two.csv").write_text(lines("time,symbol,open,high,low,close,volume", rows))
    with pytest.raises(
        DataFileError, match=r"line 3: the coin changes\. The file holds several: BTC/USDT, ETH/USDT.*--symbol"
    ):
        read_candles(tmp_path / "two.csv")
    bitcoin, ether = (read_candles(tmp_path / "two.csv", Reading(symbol=name)) for name in ("BTC-USD", "ETH-USD"))
    assert (bitcoin.symbol, ether.symbol, ether.quote) == ("BTC-USD", "ETH-USD", "USDT")
    assert bitcoin.candles.rows() == [tuple(row) for row in ROWS]
    assert ether.candles.high.tolist() == [row[3] for row in ROWS]
    with pytest.raises(DataFileError, match=r"holds BTC/USDT, ETH/USDT, not SOL-USD"):
        read_candles(tmp_path / "two.csv", Reading(symbol="SOL-USD"))


def test_a_coin_that_comes_first_in_a_long_file_is_not_taken_for_the_one_that_is_picked(tmp_path):
    rows = [[int(row[0]), name, *row[1:]] for name in ("ETH/USDT", "BTC/USDT", "BTCUSDT") for row in ROWS]
    frame = pd.DataFrame(rows, columns=["time", "symbol", "open", "high", "low", "close", "volume"])
    frame.loc[: len(ROWS) - 1, ["open", "high", "low", "close"]] /= 20
    frame.to_parquet(tmp_path / "two.parquet", row_group_size=len(ROWS))
    for symbol, close in (("BTC-USD", ROWS[0][4]), ("ETH-USD", ROWS[0][4] / 20)):
        file = read_candles(tmp_path / "two.parquet", Reading(symbol=symbol))
        assert (file.symbol, float(file.candles.close[0])) == (symbol, close)
    frame[len(ROWS) :].to_csv(tmp_path / "renamed.csv", index=False)  # one coin under two names
    assert read_candles(tmp_path / "renamed.csv").candles.rows() == ROWS


def test_one_of_two_tickers_side_by_side_is_picked(tmp_path):
    cells = [
        [int(row[0]), *(value for price in (row[4], row[2], row[3], row[1], row[5]) for value in (price, price / 20))]
        for row in ROWS
    ]
    header = (
        "Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\nTicker"
        + 5 * ",BTC-USD,ETH-USD"
        + "\nDate"
        + 10 * ","
    )
    (tmp_path / "yf.csv").write_text(lines(header, cells))
    assert read_candles(tmp_path / "yf.csv", Reading(symbol="ETH-USD")).candles.close[0] == ROWS[0][4] / 20


def test_what_cannot_be_told_is_asked_for(tmp_path):
    (tmp_path / "method.csv").write_text(SMALL)
    file = read_candles(tmp_path / "method.csv")
    assert file.symbol is None
    with pytest.raises(DataFileError, match=r"method\.csv does not say which coin it holds\. .*--symbol SOL-USD"):
        file.known_symbol()
    assert coin(tmp_path / "method.csv", symbol="SOL-USD") == ("SOL-USD", "USD")


def test_prices_that_only_bitcoin_has_tell_it_and_that_is_said(tmp_path):
    (tmp_path / "history.csv").write_text(PLAIN)
    file = read_candles(tmp_path / "history.csv")
    assert file.symbol == "BTC-USD"
    assert any("by its prices it is Bitcoin (--symbol" in note for note in file.notes)


@pytest.mark.parametrize(
    ("header", "close", "quote"),
    [
        ("time,open,high,low,close,volume", "{:.2f} €", "EUR"),
        ("time,open,high,low,close,volume", "£{:.2f}", "GBP"),
        ("time,Open (EUR),High (EUR),Low (EUR),Close (EUR),Volume", "{:.2f}", "EUR"),
        ("time,open,high,low,close,Volume USDT", "{:.2f}", "USDT"),
    ],
)
def test_the_currency_is_told_by_signs_and_column_names_too(tmp_path, header, close, quote):
    cells = [[int(row[0]), *(close.format(price) for price in row[1:5]), row[5]] for row in ROWS]
    (tmp_path / "file.csv").write_text(lines(header, cells))
    assert coin(tmp_path / "file.csv") == ("BTC-USD", quote)


def test_a_file_of_another_coin_than_is_asked_for_is_refused(tmp_path):
    (tmp_path / "SOLUSDT.csv").write_text(SMALL)
    with pytest.raises(DataFileError, match=r"SOLUSDT\.csv holds SOL, not BTC"):
        read_candles(tmp_path / "SOLUSDT.csv", Reading(symbol="BTC-USD"))


def test_files_of_two_coins_or_currencies_are_not_one_series(tmp_path):
    for name in ("BTCUSDT.csv", "BTCEUR.csv", "ETHUSDT.csv"):
        (tmp_path / name).write_text(PLAIN)
    for other in ("BTCEUR.csv", "ETHUSDT.csv"):
        with pytest.raises(DataFileError, match="hold different things"):
            read_candles([tmp_path / "BTCUSDT.csv", tmp_path / other])


async def test_a_file_in_euros_is_not_shown_in_dollars(tmp_path):
    (tmp_path / "Bitstamp_BTCEUR_1h.csv").write_text(PLAIN)
    snapshot = await FileSource(tmp_path / "Bitstamp_BTCEUR_1h.csv").latest("BTC-USD", 60)
    assert snapshot.quote == "EUR"


async def test_a_source_of_another_coin_does_not_answer_for_bitcoin(tmp_path):
    (tmp_path / "SOLUSDT_1h.csv").write_text(SMALL)
    source = FileSource(str(tmp_path / "SOL*.csv"))
    assert await source.symbol() == "SOL-USD"
    assert (await source.latest("SOL-USD", 5)).quote == "USDT"
    with pytest.raises(UnsupportedSymbol, match="Ask for SOL-USD"):
        await source.latest("BTC-USD", 5)


async def test_a_source_whose_coin_nothing_tells_asks_for_it(tmp_path):
    (tmp_path / "method.csv").write_text(SMALL)
    with pytest.raises(DataFileError, match="--symbol"):
        await FileSource(tmp_path / "method.csv").latest("ETH-USD", 5)
