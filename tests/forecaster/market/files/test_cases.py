"""Files that failed once, where they are at hand: each stands for its kind."""

from pathlib import Path

import pytest

from forecaster.errors import DataFileError
from forecaster.market.candles import utc
from forecaster.market.files.reader import read_candles
from forecaster.schema import HOUR
from forecaster.settings import ROOT

CASES = ROOT.parent / "shared" / "cases"
LAST = 1_773_961_200  # opening of the newest hour of most, 2026-03-19 23:00 UTC
READ = sorted(
    path.name
    for path in (CASES / "bugs").glob("c*")
    if not path.name.startswith(("c10", "c11", "c17", "c37"))
)  # fmt: skip


def case(name: str) -> Path:
    found = sorted(CASES.glob(f"*/{name}"))
    if not found:
        pytest.skip(f"{name} is not at hand: it stands in {CASES}, outside the repository")
    return found[0]


@pytest.mark.parametrize("name", READ or ["c01"])
def test_a_file_that_was_refused_or_misread_is_read(name):
    file = read_candles(case(name))
    assert (len(file.candles), int(file.candles.time[-1]), float(file.candles.close[-1])) == (80, LAST, 69_930)
    assert (file.symbol, file.quote) == ("BTC-USD", "USD")


@pytest.mark.parametrize(
    ("name", "symbol", "quote", "close"),
    [("c10_SOLUSDT_1h.csv", "SOL-USD", "USDT", 139.86), ("c11_Bitstamp_BTCEUR_1h.csv", "BTC-USD", "EUR", 64_335.6)],
)
def test_the_coin_and_the_currency_are_those_of_the_file(name, symbol, quote, close):
    file = read_candles(case(name))
    assert (file.symbol, file.quote, round(float(file.candles.close[-1]), 2)) == (symbol, quote, close)


def test_hours_that_open_at_half_past_are_not_moved():
    with pytest.raises(DataFileError, match="opens at 30 minutes past the hour"):
        read_candles(case("c17_half_past_plus_stray.csv"))


@pytest.mark.parametrize(
    "name",
    ["binance_vision_us.csv", "BTC_USDT-1h.feather", "freqtrade_BTC_USDT-1h.json", "excel_de.csv", "novolume.csv",
     "yfinance_multi.csv", "coingecko.json"],
)  # fmt: skip
def test_the_same_hours_in_another_layout_are_the_same_candles(name):
    wanted, file = read_candles(case("XBTUSD_60.csv")).candles, read_candles(case(name))
    count = len(file.candles)
    assert count >= 127
    assert file.candles.time.tolist() == wanted.time[:count].tolist()
    for column in ("close",) if file.closes_only else ("open", "high", "low", "close"):
        assert getattr(file.candles, column).round(2).tolist() == getattr(wanted, column)[:count].round(2).tolist()


@pytest.mark.parametrize(("name", "hours"), [("cdd.csv", 128), ("investing.csv", 129), ("binance_ms_then_us.csv", 130)])
def test_other_hours_are_read_whole(name, hours):
    file = read_candles(case(name))
    assert len(file.candles) == hours
    assert (file.missing, file.spacing) == (0, HOUR)
    assert utc(int(file.candles.time[-1])).year == 2026
