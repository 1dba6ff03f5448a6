"""A local HTTP server that speaks the formats of all four exchanges, keeps its own time and fails on demand.

It gives candles of an hour and of five minutes, tickers and lists of pairs, for 15 coins and one that is new.

    with FakeExchanges(candles_ending(), now=NOON + 1) as fake:
        environment = fake.settings_env()        # CRYPTOSENSE_<EXCHANGE>_URL for each
        fake.fail("bitstamp", "429")             # any name in tests.exchange_faults.FAULTS
        fake.heal()
        fake.calls["bitstamp"]                   # requests so far; fake.asked has the last of them in full
        fake.price("BTC-USD")                    # what tickers tell

By hand: python -m tests.support.exchanges.fake --port 9000
"""

import argparse
import json
import math
import socket
import threading
import time
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np

from forecaster.market.candles import Candles
from forecaster.market.daily.days import days_of
from forecaster.schema import DAY, FIVE_MINUTES, HOUR
from tests.support.exchanges.faults import ANSWERS, FAULTS, RAW, ROWS, TICKERS, Answer
from tests.support.exchanges.formats import FORMATS, PRODUCTS, TICKER, Asked, Refused, Rows
from tests.support.fakes import candles_ending

FORMING = 1.05  # the forming candle closes this far above the last closed one, so that using it shows
ETH = 1 / 32  # an ETH candle as a share of the BTC candle of its hour; exact in binary, as all of these
SCALES = {
    "BTC": 1.0, "ETH": ETH, "SOL": 2**-9, "XRP": 2**-15, "BNB": 2**-6, "DOGE": 2**-19, "ADA": 2**-17, "LINK": 2**-12,
    "LTC": 2**-10, "AVAX": 2**-12, "DOT": 2**-15, "TRX": 2**-18, "BCH": 2**-7, "NEAR": 2**-15, "XTZ": 2**-17,
    "PEPE": 2**-33,
}  # fmt: skip
MOVED = 1.0003  # the last trade, as a share of the newest closed five-minute candle's close
TRADED = 1.5  # seconds ago
AMPLE = 60.0  # seconds for all exchanges: none that answers is to be given up because this machine is busy


class FakeExchanges:
    """Four exchanges on one port, each under its own name: http://127.0.0.1:PORT/bitstamp and so on.

    `candles` are BTC's hours; those of other coins are the same at SCALES, and five-minute ones are made of them.
    Those closed at `now` are served, then one forming candle. `now` (Unix s, None for real time) is what the Date
    header says, and may be set at any time.
    """

    def __init__(self, candles: Candles, now: float | None = None, port: int = 0) -> None:
        self.candles = candles
        self.now = now
        self.dated = True  # whether answers carry a Date header
        self.halted = math.inf  # Unix s after which no candle closes any more
        self.calls: Counter[str] = Counter()
        self.queries: list[tuple[str, dict[str, str]]] = []  # exchange and query of each request
        self.asked: list[tuple[str, Asked]] = []  # the same, understood; those refused are not in it
        self.given: list[int] = []  # rows of each page of candles
        self.moved, self.traded = MOVED, TRADED
        self.faults: dict[str, tuple[str, dict[str, str]]] = {}  # exchange -> fault and extra headers
        self.stopped = threading.Event()
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> "FakeExchanges":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Refuse connections from now on, open ones too."""
        if not self.stopped.is_set():
            self.stopped.set()
            self._server.shutdown()
            self._server.hang_up()
            self._server.server_close()
            self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def urls(self) -> dict[str, str]:
        """Base URL by exchange."""
        return {name: f"http://127.0.0.1:{self.port}/{name}" for name in FORMATS}

    def settings_env(self) -> dict[str, str]:
        """The environment that sends every exchange client here."""
        return {f"CRYPTOSENSE_{name.upper()}_URL": url for name, url in self.urls.items()}

    def fail(self, exchange: str, fault: str, **headers: str) -> None:
        """Let `exchange` ("all" for each) fail until healed. `headers` replace the fault's: Retry_After="5"."""
        if fault not in FAULTS:
            raise KeyError(fault)
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        for name in FORMATS if exchange == "all" else (exchange,):
            self.faults[name] = (fault, extra)

    def heal(self, exchange: str | None = None) -> None:
        """Let `exchange`, or every one, work again."""
        for name in FORMATS if exchange is None else (exchange,):
            self.faults.pop(name, None)

    def time(self) -> float:
        return time.time() if self.now is None else self.now

    def closed(self, symbol: str = "BTC-USD", step: int = HOUR) -> Candles:
        """The closed candles that are served, oldest first."""
        end = min(self.time(), self.halted)
        hours = self.candles.closed_at(end)
        if step == HOUR:
            closed = hours
        elif step == DAY:
            closed = days_of(hours)
        else:  # those of the hour that is forming too, unless this exchange stopped before
            hour = int(end) // HOUR * HOUR
            within = self.candles.since(hour)[:1] if hours.end == hour else hours[:0]
            if len(within) == 0 and hours.end == hour:
                within = flat(hour, float(hours.close[-1]))
            closed = five_minutes_of(hours.then(within)).closed_at(end)
        scale = SCALES[symbol.removesuffix("-USD")]
        time, *prices, volume = closed.columns()
        return Candles(time, *(scale * column for column in prices), volume, step=step)

    def price(self, symbol: str = "BTC-USD") -> float:
        """The last trade's, as tickers tell it."""
        return float(f"{self.closed(symbol, FIVE_MINUTES).close[-1] * self.moved:.7g}")

    def rows(self, symbol: str, step: int = HOUR) -> Rows:
        """What is served: closed candles, then one forming."""
        closed = self.closed(symbol, step).rows()
        close = closed[-1][4]
        now = int(self.time()) // step * step
        rows: Rows = [*closed, (now, close, close * FORMING, close, close * FORMING, 1.5)]
        return [(int(at), *prices) for at, *prices in rows]


def five_minutes_of(hours: Candles) -> Candles:
    """Twelve candles of each hour, that have its open, high, low, close and volume together."""
    share = np.arange(1, 13) / 12  # (12,)
    close = hours.open[:, None] + (hours.close - hours.open)[:, None] * share  # (n, 12)
    close[:, -1] = hours.close
    open_ = np.concatenate([hours.open[:, None], close[:, :-1]], axis=1)
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    high[:, 3], low[:, 7] = hours.high, hours.low
    time = hours.time[:, None] + FIVE_MINUTES * np.arange(12)
    volume = np.repeat(hours.volume[:, None] / 12, 12, axis=1)
    return Candles(*(column.ravel() for column in (time, open_, high, low, close, volume)), step=FIVE_MINUTES)


def flat(hour: int, price: float) -> Candles:
    """One hour in which the price hardly moved."""
    return Candles.from_rows([(hour, price, price * 1.0005, price * 0.9995, price, 12.0)])


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # joined on close, so that nothing outlives a test
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], fake: FakeExchanges) -> None:
        self.fake = fake
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in tuple(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # closed already
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        fake = self.server.fake
        parts = urlsplit(self.path)
        name, _, path = parts.path.removeprefix("/").partition("/")
        if name not in FORMATS:
            return self._send(Answer(404))
        query = dict(parse_qsl(parts.query))
        fake.calls[name] += 1
        fake.queries.append((name, query))
        fault, headers = fake.faults.get(name, ("", {}))
        if fault in ANSWERS:
            answer = ANSWERS[fault]
            return self._send(Answer(answer.status, answer.body, answer.headers | headers))
        if fault in ("hang", "close"):
            self.close_connection = True
            fake.stopped.wait(30 if fault == "hang" else 0)
            return None
        self._send(self._told(name, f"/{path}", query, fault), fault)

    def _told(self, name: str, path: str, query: dict[str, str], fault: str) -> Answer:
        form, fake = FORMATS[name], self.server.fake
        if fault in ("error object", "limit object"):
            return Answer(200, json.dumps(form.error(RAW if fault == "error object" else "EGeneral:Too many requests")))
        try:
            asked = form.asked(path, query)
            fake.asked.append((name, asked))
            if asked.kind == PRODUCTS:
                body = form.products(query)
            elif asked.kind == TICKER:
                price, time = fake.price(asked.symbol), fake.time() - fake.traded
                body = form.ticker(*(TICKERS[fault](price, time) if fault in TICKERS else (price, time)), asked)
            else:
                rows = form.select(fake.rows(asked.symbol, asked.step), query, asked.step)
                fake.given.append(len(rows))
                body = form.encode(ROWS[fault](rows) if fault in ROWS else rows, asked)
        except Refused as refused:
            return Answer(refused.status, json.dumps(refused.body))
        return Answer(200, json.dumps(body))

    def _send(self, answer: Answer, fault: str = "") -> None:
        body = answer.body.encode()
        if fault == "truncated":  # cut in the middle, and honest about its length
            body = body[: len(body) // 2]
        self.send_response_only(answer.status)
        if self.server.fake.dated:
            self.send_header("Date", formatdate(self.server.fake.time(), usegmt=True))
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))} | answer.headers
        for header, value in headers.items():
            self.send_header(header, value)
        self.end_headers()
        if fault == "cut off":  # promises more than it sends
            self.close_connection = True
            body = body[: len(body) // 2]
        if fault == "drip":
            for byte in body:
                self.wfile.write(bytes([byte]))
                if self.server.fake.stopped.wait(0.05):
                    return
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Four fake exchanges that tell real time and simulated prices.")
    parser.add_argument("--port", type=int, default=9000)
    this_hour = int(time.time()) // HOUR * HOUR
    ahead = 7 * 1000  # a multiple of the zigzag's period: the newest close is LAST_CLOSE now, and the tape goes on
    tape = candles_ending(this_hour + ahead * HOUR, hours=ahead + 1000)
    with FakeExchanges(tape, port=parser.parse_args().port) as fake:
        print("\n".join(f"{name}={value}" for name, value in fake.settings_env().items()), flush=True)  # noqa: T201
        threading.Event().wait()


if __name__ == "__main__":
    main()
