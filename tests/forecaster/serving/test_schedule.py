"""The schedule by a clock of its own: a forecast an hour and symbol, settled later, whatever goes wrong in between."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from forecaster.database.leader import Leader
from forecaster.errors import ConfigurationError, ExchangeError, NoCandles
from forecaster.ledger.ledger import Ledger
from forecaster.market.candles import Candles
from forecaster.schema import HOUR, SYMBOLS, Forecast, ForecastWarning
from forecaster.serving.schedule import RETRIES, Schedule
from tests.support.exchanges.fake import five_minutes_of
from tests.support.fakes import NOON, FakeBackend
from tests.support.ledger.issued import closing, issued
from tests.support.ledger.postgres import UNHURRIED

OUTAGE = NoCandles("BTC-USD", (ExchangeError("bitstamp", "timed out"),))


class Clock:
    """Shows what it was set to; sleeping sets it on, and at `end` says stop."""

    def __init__(self, start: float, end: float) -> None:
        self.now = NOON + start
        self.end = NOON + end
        self.stop = asyncio.Event()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= self.end:
            self.stop.set()
        await asyncio.sleep(0)

    @property
    def hour(self) -> int:
        """Hours closed since noon."""
        return int(self.now - NOON) // HOUR


class Hourly(FakeBackend):
    """Records a forecast of the last closed hour; `broken` says what is wrong at a time, if anything."""

    def __init__(self, ledger: Ledger, clock: Clock, source: str = "bitstamp") -> None:
        super().__init__(source=source)
        self.clock = clock
        self.ledger = ledger
        self.asked: list[tuple[float, str]] = []
        self.late = 0.0  # seconds after the hour until which the exchange has no newer candle
        self.broken_until = 0.0
        self.error: Exception = OUTAGE

    async def forecast(self, symbol: str, hours: int | None = None, **ahead: Any) -> Forecast:
        self.asked.append((self.clock.now - NOON, symbol))
        if self.clock.now < NOON + self.broken_until:
            raise self.error
        behind = int(self.clock.now % HOUR < self.late)
        demo = (ForecastWarning.DEMO_DATA,) if self.source == "demo" else ()
        forecast = issued(
            self.clock.hour - behind, symbol=symbol, source=self.source, horizons=hours or 1, warnings=demo
        )
        self.ledger.record(forecast)
        return forecast


class Histories:
    """What exchanges say about the past; those in `down` say nothing."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[tuple[str, str, int]] = []
        self.minutes: list[tuple[str, str, int]] = []  # the same of five-minute candles
        self.down: dict[str, Exception] = {}
        self.without_minutes = False

    async def __call__(self, symbol: str, source: str, since: int, step: int) -> Candles:
        (self.asked if step == HOUR else self.minutes).append((symbol, source, (since - NOON) // HOUR))
        if source in self.down:
            raise self.down[source]
        if step == HOUR:
            return closing(self.clock.hour).since(since)
        if self.without_minutes:
            raise ExchangeError(source, "answered with an error")
        return five_minutes_of(closing(self.clock.hour)).since(since)[:300]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield ledger
    ledger.close()


async def run(backend: Hourly, ledger: Ledger, history: Histories | None = None, **options: object) -> None:
    clock = backend.clock
    history = history or Histories(clock)
    schedule = Schedule(
        backend, ledger, history, **{"hours": 3, "symbols": SYMBOLS, "clock": clock, "sleep": clock.sleep} | options
    )
    async with asyncio.timeout(60):
        await schedule.run(clock.stop)


async def test_it_issues_at_once_and_then_shortly_after_each_hour(ledger):
    backend = Hourly(ledger, Clock(1700, 3 * HOUR))
    await run(backend, ledger)
    assert backend.asked == [(time, symbol) for time in (1700, HOUR + 20, 2 * HOUR + 20) for symbol in SYMBOLS]


async def test_processes_may_start_at_different_seconds(ledger):
    backend = Hourly(ledger, Clock(1700, 2 * HOUR))
    await run(backend, ledger, symbols=("BTC-USD",), delay=33.5)
    assert backend.asked == [(1700, "BTC-USD"), (HOUR + 33.5, "BTC-USD")]


async def test_the_record_grows_by_itself(ledger):
    await run(Hourly(ledger, Clock(0, 12 * HOUR)), ledger)
    assert [len(ledger.page(symbol).forecasts) for symbol in SYMBOLS] == [12, 12]
    found = {(row.symbol, row.hours): row.n for row in ledger.track_record().rows}
    assert found == {(symbol, hours): 12 - hours for symbol in SYMBOLS for hours in (1, 2, 3)}


async def test_forecasts_are_settled_by_the_exchange_that_they_came_from(ledger):
    clock = Clock(0, 4 * HOUR)
    backend, history = Hourly(ledger, clock), Histories(clock)
    ledger.record(issued(-5, source="kraken"))
    await run(backend, ledger, history, symbols=("BTC-USD",))
    assert history.asked == [
        ("BTC-USD", "kraken", -5),
        ("BTC-USD", "bitstamp", 0),
        ("BTC-USD", "bitstamp", 1),
        ("BTC-USD", "bitstamp", 2),
    ]
    assert len(ledger.get(issued(-5, source="kraken").id).outcomes) == 3


def given_at(minute: int) -> Forecast:
    """A forecast that somebody was given so many minutes after noon."""
    return issued(minute / 60)


async def test_forecasts_between_full_hours_are_settled_by_five_minute_candles(ledger):
    clock = Clock(0, 6 * HOUR)
    backend, history = Hourly(ledger, clock), Histories(clock)
    ledger.record(given_at(-80))
    await run(backend, ledger, history, symbols=("BTC-USD",))
    found = {outcome.hours: outcome for outcome in ledger.get(given_at(-80).id).outcomes}
    assert list(found) == [1, 2, 3]
    for hours, outcome in found.items():
        at = NOON + (60 * hours - 80) * 60
        closes = five_minutes_of(closing(hours - 1))  # what its exchange says at the next full hour
        assert outcome.actual == closes.close[list(closes.time).index(at - 300)]
    assert len(history.minutes) < len(history.asked)


async def test_where_only_hours_exist_forecasts_of_full_hours_are_settled_all_the_same(ledger, caplog):
    clock = Clock(0, 6 * HOUR)
    history = Histories(clock)
    history.without_minutes = True
    await run(Hourly(ledger, clock), ledger, history, symbols=("BTC-USD",))
    assert {row.hours: row.n for row in ledger.track_record().rows} == {1: 5, 2: 4, 3: 3}
    assert history.minutes == []
    ledger.record(given_at(250))
    await run(Hourly(ledger, Clock(6 * HOUR, 7 * HOUR)), ledger, history, symbols=("BTC-USD",))
    assert ledger.get(given_at(250).id).outcomes == ()
    assert "from bitstamp are not settled: bitstamp answered with an error" in caplog.text


async def test_after_a_day_without_a_server_forecasts_between_full_hours_are_settled_though_hours_were_first(ledger):
    clock = Clock(0, HOUR)
    history = Histories(clock)
    given = [given_at(minute) for minute in (-26 * 60 - 15, -20 * 60 - 35, -15 * 60 - 55)]
    for forecast in given:
        ledger.record(forecast)
    ledger.record(given_at(-24 * 60))  # of a full hour, which hours settle
    ledger.record(given_at(-4 * 60))
    await run(Hourly(ledger, clock), ledger, history, symbols=("BTC-USD",))
    for forecast in given:
        assert [each.hours for each in ledger.get(forecast.id).outcomes] == [1, 2, 3]


async def test_five_minutes_are_looked_up_page_by_page_up_to_the_newest(ledger):
    clock = Clock(0, HOUR)
    history = Histories(clock)
    ledger.record(given_at(-60 * 60 - 20))
    ledger.record(given_at(-90))
    await run(Hourly(ledger, clock), ledger, history, symbols=("BTC-USD",))
    assert len(ledger.get(given_at(-60 * 60 - 20).id).outcomes) == 3
    assert [each.hours for each in ledger.get(given_at(-90).id).outcomes] == [1]
    assert len(history.minutes) == 3


async def test_an_exchange_that_is_late_is_asked_again_until_it_has_the_hour(ledger):
    backend = Hourly(ledger, Clock(HOUR, 2 * HOUR))
    backend.late = 100
    await run(backend, ledger, symbols=("BTC-USD",))
    assert [time - HOUR for time, _ in backend.asked] == [0, 60, 180]
    assert ledger.get(issued(1).id) is not None


async def test_after_an_outage_the_hour_is_made_up_for_and_only_where_it_is_missing(ledger, caplog):
    backend = Hourly(ledger, Clock(0, 2 * HOUR))
    backend.broken_until = 500
    await run(backend, ledger, symbols=("BTC-USD",))
    assert [time for time, _ in backend.asked] == [0, 60, 180, 420, 900, HOUR + 20]
    assert len(ledger.page().forecasts) == 2
    assert caplog.text.count("bitstamp timed out") == 4


async def test_an_hour_is_given_up_when_the_next_one_closes(ledger):
    backend = Hourly(ledger, Clock(3500, HOUR + 100))
    backend.broken_until = HOUR
    await run(backend, ledger, symbols=("BTC-USD",))
    assert [time for time, _ in backend.asked] == [3500, 3560, HOUR + 20]


async def test_nothing_is_tried_again_after_a_stop(ledger):
    backend = Hourly(ledger, Clock(0, 100))
    backend.broken_until = HOUR
    await run(backend, ledger, symbols=("BTC-USD",))
    assert [time for time, _ in backend.asked] == [0, 60]


@pytest.mark.parametrize("error", [OUTAGE, ValueError("of a kind that nobody expects")])
async def test_a_failure_that_lasts_does_not_end_the_loop(error, ledger, caplog):
    backend = Hourly(ledger, Clock(0, 30 * HOUR))
    backend.broken_until, backend.error = 26 * HOUR, error
    await run(backend, ledger)
    assert len(ledger.page().forecasts) == 2 * 4
    assert len(backend.asked) == 2 * (26 * (1 + len(RETRIES)) + 4)
    assert str(error) in caplog.text


async def test_a_ledger_that_cannot_be_written_does_not_end_the_loop(tmp_path, caplog):
    in_the_way = tmp_path / "folder"
    in_the_way.write_text("no folder")
    broken = Ledger(f"sqlite:///{in_the_way / 'ledger.db'}")

    class Careful(Hourly):
        async def forecast(self, symbol: str, hours: int | None = None, **ahead: Any) -> Forecast:
            if self.clock.hour == 2:
                in_the_way.unlink(missing_ok=True)
            with suppress(ConfigurationError):  # an answer is given without a ledger too
                return await super().forecast(symbol, hours, **ahead)
            return issued(self.clock.hour)

    await run(Careful(broken, Clock(0, 3 * HOUR)), broken, symbols=("BTC-USD",))
    assert [each.forecast.id for each in broken.page().forecasts] == [issued(2).id]
    assert "track record does not grow" in caplog.text
    broken.close()


async def test_simulated_candles_are_no_forecast_of_the_hour(ledger):
    backend = Hourly(ledger, Clock(0, HOUR), source="demo")
    await run(backend, ledger, symbols=("BTC-USD",))
    assert len(backend.asked) == 1 + len(RETRIES)
    assert ledger.page().forecasts == ()


@pytest.mark.parametrize("error", [ExchangeError("kraken", "timed out"), KeyError("of a kind that nobody expects")])
async def test_an_exchange_without_candles_does_not_keep_others_from_being_settled(error, ledger, caplog):
    clock = Clock(0, HOUR)
    history = Histories(clock)
    history.down["coinbase"] = error
    for source in ("bitstamp", "coinbase", "kraken"):
        ledger.record(issued(-5, source=source))
    await run(Hourly(ledger, clock), ledger, history, symbols=("BTC-USD",))
    settled = {each.forecast.source for each in ledger.page().forecasts if each.outcomes}
    assert settled == {"bitstamp", "kraken"}
    assert history.asked.count(("BTC-USD", "coinbase", -5)) == 1 + len(RETRIES)
    assert "from coinbase are not settled" in caplog.text


async def test_two_processes_on_one_ledger_keep_and_settle_each_hour_once(ledger):
    clock = Clock(0, 6 * HOUR)
    await asyncio.gather(*(run(Hourly(ledger, clock), ledger) for _ in range(2)))
    forecasts = ledger.page("BTC-USD").forecasts
    assert len(forecasts) == len({each.forecast.as_of for each in forecasts})
    assert all(len({outcome.hours for outcome in each.outcomes}) == len(each.outcomes) for each in forecasts)


async def test_of_two_that_share_a_database_the_one_that_leads_asks_each_hour_until_the_other_takes_over(postgresql):
    url = postgresql.new_database()
    first, second = (Hourly(Ledger(url, answer=UNHURRIED), Clock(start * HOUR, (start + 3) * HOUR)) for start in (0, 3))
    leads = asyncio.Event()

    async def led(backend: Hourly) -> None:
        leader = Leader(url, lambda _: leads.set(), every=0.02, answer=UNHURRIED)
        await leader.run(lambda stop: run(backend, backend.ledger), backend.clock.stop)

    async with asyncio.timeout(120):
        before = asyncio.create_task(led(first))
        await leads.wait()
        await asyncio.gather(before, led(second))  # which waits until the first has ended, three hours later
    kept = first.ledger.page(limit=200).forecasts
    for backend in (first, second):
        backend.ledger.close()
    assert first.asked == [(time, symbol) for time in (0, HOUR + 20, 2 * HOUR + 20) for symbol in SYMBOLS]
    assert second.asked == [(3 * HOUR + time, symbol) for time, symbol in first.asked]
    assert len({(each.forecast.symbol, each.forecast.as_of) for each in kept}) == len(kept) == 6 * len(SYMBOLS)


async def test_it_stops_in_the_middle_of_waiting(ledger):
    clock = Clock(0, HOUR)

    async def forever(_: float) -> None:
        clock.stop.set()
        await asyncio.Event().wait()

    schedule = Schedule(Hourly(ledger, clock), ledger, Histories(clock), symbols=SYMBOLS, clock=clock, sleep=forever)
    async with asyncio.timeout(60):
        await schedule.run(clock.stop)
    assert len(ledger.page().forecasts) == 2


async def test_it_stops_when_it_is_cancelled(ledger):
    waiting = asyncio.Event()

    async def forever(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    clock = Clock(0, HOUR)
    schedule = Schedule(Hourly(ledger, clock), ledger, Histories(clock), symbols=SYMBOLS, clock=clock, sleep=forever)
    running = asyncio.create_task(schedule.run(asyncio.Event()))
    async with asyncio.timeout(60):
        await waiting.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_stopped_schedule_does_nothing(ledger):
    clock = Clock(0, HOUR)
    clock.stop.set()
    backend = Hourly(ledger, clock)
    await run(backend, ledger)
    assert backend.asked == []
