"""Which columns of a table are which, by their names or, where there are none, by their numbers."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from forecaster.market.files.layouts.names import BASES, QUOTES
from forecaster.market.files.layouts.numbers import PLAIN

# Column names as people write them, in order of preference, in lower case, without accents and punctuation.
OPENING = (
    "opentime",
    "timeopen",
    "openingtime",
    "timeperiodstart",
    "periodstart",
    "starttime",
    "opendate",
    "start",
    "startat",
)
TIMES = (
    *OPENING,
    *("unix", "unixtime", "unixtimestamp", "epoch", "time", "timestamp", "datetime", "dateutc", "timeutc", "date"),
    *("t", "ts", "gmttime", "localtime", "snappedat", "begins", "bucket", "timestampms"),
    *("datum", "zeit", "datumzeit", "datumuhrzeit", "zeitstempel", "zeitpunkt", "fecha", "fechahora", "fechayhora"),
    *("data", "dataora", "datahora", "dataehora", "dateheure", "dateetheure", "horodatage", "datumtijd", "tijdstip"),
)
CLOSING = ("closetime", "timeclose", "timeperiodend", "periodend", "endtime", "closingtime", "closedate", "end")
CLOCKS = ("time", "zeit", "uhrzeit", "hora", "ora", "heure", "tijd")
OPEN = (
    *(
        "open",
        "o",
        "openprice",
        "priceopen",
        "opening",
        "eroffnung",
        "eroeffnung",
        "eroffn",
        "eroffnungskurs",
        "erster",
    ),
    *("apertura", "abertura", "ouverture", "ouv", "aprire", "primo", "openingskoers"),
)
HIGH = (
    *("high", "h", "highprice", "pricehigh", "hoch", "hochst", "hoechst", "hochstkurs", "hochster", "tageshoch", "max"),
    *("maximo", "maximum", "massimo", "maxima", "alto", "haut", "plushaut", "hoog", "hoogste"),
)
LOW = (
    *("low", "l", "lowprice", "pricelow", "tief", "tiefst", "tiefstkurs", "tiefster", "tagestief", "min"),
    *("minimo", "minimum", "minima", "basso", "bajo", "baixo", "bas", "plusbas", "laag", "laagste"),
)
CLOSE = (
    *("close", "c", "closeprice", "priceclose", "closing", "last", "schluss", "schlusskurs", "zuletzt", "letzter"),
    *("cierre", "ultimo", "fechamento", "fecho", "chiusura", "cloture", "fermeture", "dernier", "slot", "slotkoers"),
    *("laatste", "price", "preis", "kurs", "precio", "preco", "prix", "prezzo", "koers", "value"),
)
VOLUME = (
    *("volume", "v", "vol", "basevolume", "volumebase", "volumefrom", "volumetraded", "volumen", "volumes", "qty"),
    *("amount", "quantity", "handelsvolumen", "tickvol", "tickvolume"),
)
SYMBOL = (
    "symbol",
    "pair",
    "ticker",
    "instrument",
    "market",
    "asset",
    "coin",
    "marketpair",
    "symbolid",
    "tic",
    "instrumentname",
    "instid",
)
TIME = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{1,2}[ -][A-Za-z]{3,9}\.?[ -]\d{2,4}"
    r"|\d{8} \d{4}"
)
CLOCK = re.compile(r"\d{1,2}[:.]\d{2}([:.]\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?")
NUMBER = re.compile(PLAIN, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions of a table's columns. With a price alone, open, high, low and close are the same column."""

    said: str  # what it is, in a few words
    time: tuple[int, ...]  # one column, or a date and a time of the day
    prices: tuple[int, int, int, int]  # open, high, low, close
    volume: int | None
    quote_volume: bool = False  # the volume is in the currency, not in the coin
    symbol: int | None = None
    closing: bool = False  # times are those at which the rows close

    @property
    def closes_only(self) -> bool:
        """Whether there is one price a row."""
        return len(set(self.prices)) == 1


class Unrecognized(Exception):
    """What columns a table lacks, empty where nothing at all is recognized; or what else is wrong with it."""

    def __init__(self, missing: Sequence[str], problem: str = "") -> None:
        super().__init__(*missing)
        self.missing = tuple(missing)
        self.problem = problem


def plain(name: str) -> str:
    """A column's name in lower case, without accents, punctuation, its number ("1. open") and unit ("Open (USD)")."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    bare = re.sub(r"^\s*\d+[a-z]?\.\s+|\((usd|eur|gbp|usdt|usdc|utc|gmt)\)", "", letters)
    return re.sub(r"[^a-z0-9]", "", bare)


def named_layout(names: Sequence[str], sample: Sequence[Sequence[str]]) -> Layout:
    """Recognize columns by their names and some rows beneath. Raises Unrecognized."""
    known = [plain(name) for name in names]
    open_, high, low, close = (_first(known, each) for each in (OPEN, HIGH, LOW, CLOSE))
    time, closing = _time(known, sample)
    volume, quote_volume = _volume(known)
    if close is not None and (open_, high, low) == (None, None, None):
        open_ = high = low = close
    found = {"time": time, "open": open_, "high": high, "low": low, "close": close}
    if missing := [name for name, at in found.items() if at is None]:
        raise Unrecognized(missing)
    assert time is not None and open_ is not None and high is not None and low is not None and close is not None
    symbol = _first(known, SYMBOL)
    return Layout(_said(known), time, (open_, high, low, close), volume, quote_volume, symbol, closing)


def unnamed_layout(sample: Sequence[Sequence[str]]) -> Layout:
    """Recognize columns without names by some rows. Raises Unrecognized."""
    if not sample or len({len(row) for row in sample}) != 1 or len(sample[0]) < 5 or not _is_time(sample[0][0]):
        raise Unrecognized(())
    dated = bool(CLOCK.fullmatch(sample[0][1].strip()))  # MetaTrader: date and time apart
    first = 2 if dated else 1
    time = (0, 1) if dated else (0,)
    width = len(sample[0]) - first
    try:
        numbers = [[float(cell) for cell in row[first : first + 6]] for row in sample]
    except ValueError as error:
        raise Unrecognized(()) from error
    # open, high, low, close; Coinbase's low, high, open, close; Bitfinex's open, close, high, low
    for order in ((0, 1, 2, 3), (2, 1, 0, 3), (0, 2, 3, 1)):
        columns = [[row[at] for row in numbers] for at in order] if width >= 4 else []
        if columns and all(lo <= min(o, c) and hi >= max(o, c) for o, hi, lo, c in zip(*columns, strict=True)):
            break
    else:
        raise Unrecognized(())
    weighted = width == 7 and all(min(row[:4]) <= row[4] <= max(row[:4]) for row in numbers)
    volume = None if width == 4 else first + 4 + weighted
    said = {11: "Binance's public data", 6: "Kraken's OHLCVT", 7: "Kraken's OHLC"}.get(width, "no header")
    o, hi, lo, c = (first + at for at in order)
    return Layout(said if width in (6, 7, 11) and not dated else "no header", time, (o, hi, lo, c), volume)


def _time(known: list[str], sample: Sequence[Sequence[str]]) -> tuple[tuple[int, ...] | None, bool]:
    """The columns of the time, and whether it is the one at which rows close."""

    def shows(at: int, pattern: re.Pattern[str]) -> bool:
        cells = [row[at].strip() for row in sample if at < len(row) and row[at].strip()]
        return bool(cells) and all(pattern.fullmatch(cell) for cell in cells)

    clock = next((at for at, name in enumerate(known) if name in CLOCKS and shows(at, CLOCK)), None)
    for alias in TIMES:
        at = known.index(alias) if alias in known else None
        if at is not None and at != clock:
            apart = clock is not None and not any(" " in row[at].strip() or ":" in row[at] for row in sample)
            return ((at, clock) if apart and clock is not None and not shows(at, NUMBER) else (at,)), False
    for at, name in enumerate(known):  # an index that pandas wrote without a name
        if name in ("", "indexlevel0") and sample and all(_is_time(row[at]) for row in sample if at < len(row)):
            return (at,), False
    at = _first(known, CLOSING)
    return (None if at is None else (at,)), at is not None


def _volume(known: list[str]) -> tuple[int | None, bool]:
    found = _first(known, VOLUME)
    if found is not None:
        return found, False
    coin = [at for at, name in enumerate(known) if name.startswith("volume") and name[6:].upper() in BASES]
    quote = [at for at, name in enumerate(known) if name.startswith("volume") and name[6:].upper() in QUOTES]
    other = [at for at, name in enumerate(known) if re.fullmatch("volume[a-z]{2,6}", name) and at not in quote]
    for columns, in_quote in ((coin, False), (other, False), (quote, True)):
        if columns:
            return columns[0], in_quote
    return None, False


def _first(known: list[str], aliases: Sequence[str]) -> int | None:
    return next((known.index(alias) for alias in aliases if alias in known), None)


def _is_time(cell: str) -> bool:
    text = cell.strip().strip('"')
    return bool(TIME.match(text)) or (bool(NUMBER.fullmatch(text)) and float(text) > 1e8)


def _said(known: list[str]) -> str:
    marks = {
        "Binance's public data": {"opentime", "closetime"},
        "CryptoDataDownload": {"unix", "date", "symbol"},
        "yfinance": {"adjclose"},
        "MetaTrader": {"tickvol", "spread"},
        "CoinAPI": {"timeperiodstart", "priceopen"},
        "Investing.com": {"price", "change"},
        "single letters": {"t", "o", "h", "l", "c"},
        "CoinGecko": {"snappedat", "price"},
    }
    return next((name for name, needed in marks.items() if needed <= set(known)), "named columns")
