"""What can go wrong with an exchange's answer: on the wire, in the status, in the body, in the rows."""

from collections.abc import Callable
from dataclasses import dataclass, field

from forecaster.schema import HOUR
from tests.support.exchanges.formats import Rows

RAW = "raw-text-of-the-server"  # stands in every faulty body; no message of ours may repeat it
HTML = f"<!doctype html><title>{RAW}</title><p>Just a moment..."


@dataclass(frozen=True)
class Answer:
    """A whole answer that does not depend on the candles."""

    status: int
    body: str = RAW
    headers: dict[str, str] = field(default_factory=dict)


ANSWERS: dict[str, Answer] = {
    "429": Answer(429, headers={"Retry-After": "30"}),
    "429 without a word": Answer(429),
    "418": Answer(418, headers={"Retry-After": "120"}),
    "503 for a while": Answer(503, headers={"Retry-After": "30"}),
    "503": Answer(503),
    "500": Answer(500),
    "451": Answer(451),
    "403": Answer(403),
    "404": Answer(404),
    "redirect": Answer(302, headers={"Location": "/elsewhere"}),
    "html": Answer(200, HTML, {"Content-Type": "text/html"}),
    "bad gzip": Answer(200, headers={"Content-Encoding": "gzip"}),
    "no body": Answer(200, ""),
    "null body": Answer(200, "null"),
    "other json": Answer(200, f'{{"{RAW}": [1, 2, 3]}}'),
    "deep json": Answer(200, "[" * 200_000),
    "oversized": Answer(200, "[" + "1," * 1_500_000 + "1]"),
}

WIRE = ("hang", "drip", "close", "truncated", "cut off", "error object", "limit object")  # made by the server itself

RowFault = Callable[[Rows], Rows]


def _with(value: object, column: int = 4) -> RowFault:
    """One row in the middle with something else for its close, or for another column."""
    return lambda rows: [
        (*row[:column], value, *row[column + 1 :]) if at == len(rows) // 2 else row for at, row in enumerate(rows)
    ]


def _without(rows: Rows, part: slice) -> Rows:
    """But for some, counted from the oldest."""
    kept = sorted(rows)
    del kept[part]
    return kept


def _without_hours(rows: Rows, first: int, last: int | None) -> Rows:
    """But for some hours before the newest row, whatever the rows' step."""
    an_hour = 1 if len(rows) < 2 else HOUR // abs(rows[1][0] - rows[0][0])
    return _without(rows, slice(-first * an_hour, None if last is None else -last * an_hour))


def _swapped(rows: Rows) -> Rows:
    return [(time, o, low, high, c, v) for time, o, high, low, c, v in rows]


HARMLESS: dict[str, RowFault] = {
    "reversed": lambda rows: rows[::-1],
    "shuffled": lambda rows: rows[::2] + rows[1::2],
    "duplicated": lambda rows: rows + rows,
    "gapped": lambda rows: _without(rows, slice(10, 17)),
}
HARMFUL: dict[str, RowFault] = {
    "empty": lambda rows: [],
    "only the forming row": lambda rows: [max(rows)],
    "contradicting duplicates": lambda rows: [*rows, (*rows[len(rows) // 2][:5], rows[len(rows) // 2][5] + 1.0)],
    "nan": _with(float("nan")),
    "nan text": _with("NaN"),
    "infinite": _with("1e999"),
    "null": _with(None),
    "word": _with(RAW),
    "boolean": _with(True, column=5),
    "nested": _with([1.0]),
    "zero": _with(0.0),
    "negative": _with(-1.0),
    "close above high": _with(1e9),
    "high below low": _swapped,
    "ms for s": lambda rows: [(row[0] * 1000, *row[1:]) for row in rows],
    "off the hour": lambda rows: [(row[0] + 60, *row[1:]) for row in rows],
    "future": lambda rows: [(row[0] + 4 * HOUR, *row[1:]) for row in rows],
}
UNFIT: dict[str, RowFault] = {  # plausible, and yet nothing can be forecast from them
    "few": lambda rows: _without(rows, slice(-30)),
    "gapped lately": lambda rows: _without_hours(rows, 20, 10),
    "old": lambda rows: _without_hours(rows, 4, None),
}
ROWS = HARMLESS | HARMFUL | UNFIT
OF_HOURS = ("few", "gapped lately")  # five-minute candles that are asked for from the last one held on come whole
TICKERS: dict[str, Callable[[float, float], tuple[object, object]]] = {  # of the price and its time
    "nan": lambda price, time: (float("nan"), time),
    "nan text": lambda price, time: ("NaN", time),
    "infinite": lambda price, time: ("1e999", time),
    "null": lambda price, time: (None, time),
    "word": lambda price, time: (RAW, time),
    "boolean": lambda price, time: (True, time),
    "nested": lambda price, time: ([1.0], time),
    "zero": lambda price, time: (0.0, time),
    "negative": lambda price, time: (-1.0, time),
    "empty": lambda price, time: ("", time),
    "close above high": lambda price, time: (1e9, time),
    "high below low": lambda price, time: (price / 2, time),
    "ms for s": lambda price, time: (price, time * 1000),
    "future": lambda price, time: (price, time + 4 * HOUR),
    "old": lambda price, time: (price, time - 4 * HOUR),
}
FAULTS = (*ANSWERS, *WIRE, *ROWS)

NO_CANDLES, IMPLAUSIBLE = "sent something that is not candles", "sent implausible candles"
TOO_FEW = "lacks too many of the last "  # hours
CAUSES = {
    "429": "asked to be left alone for 30 s",
    "429 without a word": "asked to be left alone for 30 s",
    "418": "asked to be left alone for 120 s",
    "503 for a while": "asked to be left alone for 30 s",
    "503": "answered with an error (503)",
    "500": "answered with an error (500)",
    "451": "refused this region (451)",
    "403": "refused access (403)",
    "404": "answered with an error (404)",
    "redirect": "redirected elsewhere (302)",
    "html": NO_CANDLES,
    "bad gzip": NO_CANDLES,
    "no body": NO_CANDLES,
    "null body": NO_CANDLES,
    "other json": NO_CANDLES,
    "deep json": NO_CANDLES,
    "oversized": "sent more than 2 MB",
    "hang": "timed out",
    "drip": "timed out",
    "close": "broke off the connection",
    "cut off": "broke off the connection",
    "truncated": NO_CANDLES,
    "error object": "answered with an error",
    "limit object": "asked to be left alone for 30 s",
    "empty": "sent no closed candles",
    "only the forming row": "sent no closed candles",
    "future": "sent candles from the future",
    "few": TOO_FEW,
    "gapped lately": TOO_FEW,
    "old": "has no candle newer than ",
}


# A ticker that fails rests its exchange, so that a question about candles may hear of it.
OF_TICKERS = ("sent something that is not a price", "sent an implausible price", "told a price")


def causes(exchange: str, fault: str) -> tuple[str, ...]:
    """How an error may begin to say what `fault` of `exchange` is."""
    said = (CAUSES[fault],) if fault in CAUSES else (IMPLAUSIBLE, NO_CANDLES)
    if fault == "old":  # of candles that are asked for from a newer one on, and of tickers
        said = (*said, CAUSES["empty"], "has no price newer than ")
    return (*said, *OF_TICKERS)
