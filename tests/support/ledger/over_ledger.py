"""A backend that reads a real ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np

from forecaster.ledger.ledger import Ledger
from forecaster.ledger.track_record import LedgerPage, TrackRecord
from forecaster.market.candles import Candles
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.fakes import NOON, FakeBackend
from tests.support.ledger.issued import CLOSE, standing


class OverLedger(FakeBackend):
    """Its history and track record are a ledger's, which the test may see how often is asked for how much."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.ledger = ledger

    async def history(self, symbol: str | None, since: datetime | None, cursor: str | None, limit: int) -> LedgerPage:
        self._called("history", symbol, since, cursor, limit)
        return self.ledger.page(symbol, since, cursor, limit)

    async def track_record(self, symbol: str | None, hours: int | None) -> TrackRecord:
        self._called("track_record", symbol, hours)
        return self.ledger.track_record(symbol, hours)


@contextmanager
def lived(directory: Path, forecasts: int, every: int = HOUR, symbol: str = "BTC-USD") -> Iterator[OverLedger]:
    """A backend whose ledger holds so many forecasts, the last at noon and settled up to then; a fifth miss."""
    ledger = Ledger(f"sqlite:///{directory / 'ledger.db'}")
    step = every // FIVE_MINUTES
    for back in range(forecasts - 1, -1, -1):
        ledger.record(standing(-back * step, symbol=symbol))
    first = NOON - (forecasts - 1) * every
    times = np.arange(first, NOON, FIVE_MINUTES)
    close = np.where((times // every) % 5 == 0, 1.05, 1.001) * CLOSE
    rows = [(int(time), CLOSE, 2 * CLOSE, 1.0, float(price), 1.0) for time, price in zip(times, close, strict=True)]
    if rows:
        ledger.settle(symbol, "bitstamp", Candles.from_rows(rows, FIVE_MINUTES))
    yield OverLedger(ledger)
    ledger.close()
