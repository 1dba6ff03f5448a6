"""One made-up table of hours, written in every layout that people have: each must read to the same candles."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime

from forecaster.market.candles import Candles, Row
from forecaster.schema import HOUR

START = 1_771_444_800  # 2026-02-18 20:00 UTC: its days go over the end of a month
HOURS = 300

Cells = list[list[object]]


def made_up(hours: int = HOURS) -> Candles:
    """Prices of Bitcoin's size, in cents, with volumes of three decimals."""
    rows = []
    for hour in range(hours):
        open_, close = (round(66_000 + 37.25 * ((7 * at) % 41) + 0.11 * at, 2) for at in (hour, hour + 1))
        high, low = round(max(open_, close) + 12.34, 2), round(min(open_, close) - 56.78, 2)
        rows.append((START + HOUR * hour, open_, high, low, close, round(100.5 + 3.125 * (hour % 11), 3)))
    return Candles.from_rows(rows)


TABLE = made_up()
ROWS = TABLE.rows()


def when(seconds: float, form: str) -> str:
    """The time in a form of strftime."""
    return datetime.fromtimestamp(seconds, UTC).strftime(form)


def lines(header: str | None, cells: Cells, delimiter: str = ",", **quoting: int) -> str:
    """A CSV; with a header as it is given."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n", **quoting).writerows(cells)  # type: ignore[arg-type]
    return (f"{header}\n" if header else "") + text.getvalue()


def plain(time: Callable[[Row], object] = lambda row: int(row[0])) -> Cells:
    """time, open, high, low, close and volume."""
    return [[time(row), *row[1:]] for row in ROWS]


def comma(value: float, places: int = 2, thousands: str = "") -> str:
    """A number with a decimal comma."""
    return f"{value:,.{places}f}".replace(",", " ").replace(".", ",").replace(" ", thousands)


def european(form: str, header: str, thousands: str = "") -> str:
    """A spreadsheet of a country with decimal commas."""
    cells: Cells = [
        [when(row[0], form), *(comma(price, thousands=thousands) for price in row[1:5]), comma(row[5], 3, thousands)]
        for row in ROWS
    ]
    return lines(header, cells, ";")


def binance(unit: Callable[[int], int]) -> Cells:
    """Binance's twelve columns."""
    return [
        [int(row[0] * unit(at)), *row[1:], int((row[0] + HOUR) * unit(at)) - 1, 1.0, 10, 1.0, 1.0, 0]
        for at, row in enumerate(ROWS)
    ]


def cryptodatadownload() -> str:
    """The address first, the newest row first, and milliseconds before seconds."""
    cells: Cells = [
        [int(row[0] * (1000 if at < 100 else 1)), when(row[0], "%Y-%m-%d %H:%M:%S"), "BTC/USD", *row[1:], 4.5]
        for at, row in enumerate(ROWS)
    ]
    header = "unix,date,symbol,open,high,low,close,Volume BTC,Volume USD"
    return "https://www.CryptoDataDownload.com\n" + lines(header, cells[::-1])


def yfinance() -> str:
    """Three header lines."""
    header = "Price,Close,High,Low,Open,Volume\nTicker" + 5 * ",BTC-USD" + "\nDatetime,,,,,"
    return lines(header, [[when(t, "%Y-%m-%d %H:%M:%S+00:00"), c, h, lo, o, v] for t, o, h, lo, c, v in ROWS])


def investing() -> str:
    """Price for close, the month first, thousands separators and K for thousands; newest first."""
    cells: Cells = [
        [when(t, "%m/%d/%Y %H:%M"), *(f"{price:,.2f}" for price in (c, o, h, lo)), f"{v / 1000:.6f}K", "0.1%"]
        for t, o, h, lo, c, v in ROWS[::-1]
    ]
    header = '"Date","Price","Open","High","Low","Vol.","Change %"'
    return lines(header, cells, quoting=csv.QUOTE_ALL)


def metatrader(names: bool) -> str:
    """Date and time apart; with tick volume beside the real one where columns have names."""
    header = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
    more = (lambda v: [7, v, 500]) if names else (lambda v: [v])
    cells: Cells = [
        [when(row[0], "%Y.%m.%d"), when(row[0], "%H:%M:%S" if names else "%H:%M"), *row[1:5], *more(row[5])]
        for row in ROWS
    ]
    return lines(header if names else None, cells, "\t" if names else ",")


def kraken(with_mean: bool) -> Cells:
    """Kraken's columns without names; in its answers the mean price stands before the volume."""
    return [[int(row[0]), *row[1:5], *([(row[2] + row[3]) / 2] if with_mean else []), row[5], 12] for row in ROWS]


PLAIN = lines("time,open,high,low,close,volume", plain())
NAMES = ("time", "open", "high", "low", "close", "volume")
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
LISTS = [[int(row[0] * 1000), *row[1:]] for row in ROWS]

# name of a file -> what is in it; all of them with volume
TEXTS: dict[str, str] = {
    "plain.csv": PLAIN,
    "binance_us.csv": lines(None, binance(lambda _: 10**6)),
    "binance_ms.csv": lines(None, binance(lambda _: 10**3)),
    "binance_both.csv": lines(None, binance(lambda at: 10**3 if at < 90 else 10**6)),
    "kraken_7.csv": lines(None, kraken(False)),
    "kraken_8.csv": lines(None, kraken(True)),
    "six.csv": lines(None, plain()),
    "coinbase.csv": lines(None, [[int(t), lo, h, o, c, v] for t, o, h, lo, c, v in ROWS]),
    "bitfinex.csv": lines(None, [[int(t) * 1000, o, c, h, lo, v] for t, o, h, lo, c, v in ROWS]),
    "units.csv": lines("Time (UTC),Open (USD),High (USD),Low (USD),Close (USD),Volume (BTC)", plain()),
    "alpha_vantage.csv": lines("timestamp,1. open,2. high,3. low,4. close,5. volume", plain()),
    "okx.csv": lines("instrument_name,open,high,low,close,vol,vol_ccy,open_time", [
        ["BTC-USDT", *row[1:], 1, int(row[0]) * 1000] for row in ROWS
    ]),
    "cryptodatadownload.csv": cryptodatadownload(),
    "yfinance.csv": yfinance(),
    "yfinance_flat.csv": lines("Datetime,Open,High,Low,Close,Adj Close,Volume", [
        [when(t, "%Y-%m-%d %H:%M:%S+00:00"), o, h, lo, c, c / 2, v] for t, o, h, lo, c, v in ROWS
    ]),
    "investing.csv": investing(),
    "metatrader.tsv": metatrader(names=True),
    "metatrader.csv": metatrader(names=False),
    "coinapi.csv": lines("time_period_start,price_open,price_high,price_low,price_close,volume_traded", plain()),
    "letters.csv": lines("t,o,h,l,c,v", plain()),
    "ending.csv": lines("close_time,open,high,low,close,volume", plain(lambda row: int(row[0]) * 1000 + 3_599_999)),
    "both_times.csv": lines("open_time,timestamp,open,high,low,close,volume", [
        [int(row[0]), int(row[0]) + HOUR, *row[1:]] for row in ROWS
    ]),
    "tradingview.csv": lines(
        "time,open,high,low,close,Volume", plain(lambda row: when(row[0], "%Y-%m-%dT%H:%M:%S+00:00"))
    ),
    "dukascopy.csv": lines(
        "Gmt time,Open,High,Low,Close,Volume", plain(lambda row: when(row[0], "%d.%m.%Y %H:%M:%S.000"))
    ),
    "german.csv": european("%d.%m.%Y %H:%M", "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen"),
    "german_thousands.csv": european("%d.%m.%Y %H:%M", "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen", "."),
    "french.csv": european("%d/%m/%Y %H:%M", "Date;Ouverture;Plus haut;Plus bas;Clôture;Volume", "\u202f"),
    "spanish.csv": european("%d/%m/%Y %H:%M", "Fecha;Apertura;Máximo;Mínimo;Cierre;Volumen"),
    "italian.csv": european("%d/%m/%Y %H:%M", "Data;Apertura;Massimo;Minimo;Chiusura;Volume"),
    "portuguese.csv": european("%d/%m/%Y %H:%M", "Data;Abertura;Máxima;Mínima;Fechamento;Volume"),
    "dutch.csv": european("%d-%m-%Y %H:%M", "Datum;Open;Hoog;Laag;Slot;Volume"),
    "american.csv": lines("time,open,high,low,close,volume", plain(lambda row: when(row[0], "%m/%d/%Y %I:%M:%S %p"))),
    "am_pm.csv": lines("Date,Open,High,Low,Close,Volume BTC", plain(lambda row: when(row[0], "%Y-%m-%d %I-%p"))),
    "month_name.csv": lines("Date,Open,High,Low,Close,Volume", plain(lambda row: when(row[0], "%b %d, %Y %H:%M"))),
    "short_year.csv": lines("Date,Open,High,Low,Close,Volume", plain(lambda row: when(row[0], "%d-%b-%y %H:%M"))),
    "compact.csv": lines("Date,Open,High,Low,Close,Volume", plain(lambda row: when(row[0], "%Y%m%d %H%M%S"))),
    "excel_days.csv": lines("Date,Open,High,Low,Close,Volume", plain(lambda row: row[0] / 86_400 + 25_569)),
    "freqtrade.json": json.dumps(LISTS),
    "indented.json": json.dumps(LISTS, indent=1),
    "lists.jsonl": "\n".join(json.dumps(row) for row in LISTS),
    "klines.json": json.dumps([
        [row[0], *map(str, row[1:]), row[0] + 3_599_999, "1", 5, "1", "1", "0"] for row in LISTS
    ]),
    "kraken.json": json.dumps({"error": [], "result": {"XXBTZUSD": kraken(True), "last": 1}}),
    "bitstamp.json": json.dumps({"data": {"pair": "BTC/USD", "ohlc": RECORDS}}),
    "okx.json": json.dumps({"code": "0", "data": [[*map(str, row), "1", "1", "1"] for row in LISTS[::-1]]}),
    "records.json": json.dumps(RECORDS),
    "records.jsonl": "\n".join(map(json.dumps, RECORDS)),
    "columns.json": json.dumps({name: [row[name] for row in RECORDS] for name in NAMES}),
    "udf.json": json.dumps({"s": "ok", **{name[0]: [row[name] for row in RECORDS] for name in NAMES}}),
    "pandas.json": json.dumps({name: {str(at): row[name] for at, row in enumerate(RECORDS)} for name in NAMES}),
}  # fmt: skip


def with_rows_changed(text: str, change: Callable[[int, str], str]) -> str:
    """A CSV with every line but its first changed."""
    header, *rest = text.splitlines()
    return "\n".join([header, *(change(at, line) for at, line in enumerate(rest))]) + "\n"


# what happens to files on their way: name -> the bytes of a CSV after it
SIBLINGS: dict[str, Callable[[str], bytes]] = {
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf16": lambda text: text.encode("utf-16"),
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "trailing": lambda text: text.replace("\n", ",\n").encode(),
    "trailing_rows": lambda text: with_rows_changed(text, lambda _, line: line + ",").encode(),
    "trailing_some": lambda text: with_rows_changed(text, lambda at, line: line + "," * (at % 7 == 3)).encode(),
    "index": lambda text: ("," + with_rows_changed(text, lambda at, line: f"{at},{line}")).encode(),
    "row_names": lambda text: with_rows_changed(text, lambda at, line: f"{at + 1},{line}").encode(),
    "quoted": lambda text: "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in text.splitlines()
    ).encode(),
    "comments": lambda text: ("# my candles, all of them\n\n" + with_rows_changed(
        text, lambda at, line: line + "\n# a remark, by hand\n\n" * (at == 50)
    )).encode(),
    "blank_rows": lambda text: (text + ",,,,,\n\n").encode(),
    "sep": lambda text: ("sep=;\n" + text.replace(",", ";").replace(".", ",")).encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
}  # fmt: skip
