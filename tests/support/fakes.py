"""Stand-ins that tests script: real implementations of our protocols, with known numbers."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from forecaster.anomalies.monitor import AnomalyReport, Surprise
from forecaster.errors import CryptoSenseError, NoCandles, UnsupportedHorizon
from forecaster.ledger.track_record import Kept, LedgerPage, TrackRecord
from forecaster.market.candles import Candles, utc
from forecaster.market.quotes import Quote
from forecaster.market.sources import Snapshot
from forecaster.market.summaries import PastClose, close_within
from forecaster.market.symbols import catalogue, unsupported
from forecaster.schema import (
    HOUR,
    STEPS,
    CandleSpan,
    CandleStep,
    Forecast,
    ForecastWarning,
    Horizon,
    MetricRow,
    ModelFacts,
    ModelRef,
    Price,
    Report,
    Skill,
    TouchFactors,
)
from forecaster.serving.ahead import Ahead

NOON = 1_773_921_600  # 2026-03-19 12:00 UTC
LAST_CLOSE = 69_930.25


def candles_ending(close_time: int = NOON, hours: int = 300, last_close: float = LAST_CLOSE) -> Candles:
    """Hourly candles whose newest closes at `close_time` with `last_close`; a gentle zigzag before it."""
    rows = []
    for back in range(hours - 1, -1, -1):
        close = last_close * (1 + 0.001 * (back % 7))
        open_ = last_close * (1 + 0.001 * ((back + 1) % 7))
        low, high = min(open_, close) * 0.999, max(open_, close) * 1.001
        rows.append((close_time - HOUR * (back + 1), open_, high, low, close, 10.0 + back % 5))
    return Candles.from_rows(rows)


def surprise(back: int = 5, moved: float = -2.5, days: float = 40.0) -> Surprise:
    """An hour that closed `back` hours before noon after a move of so many percent."""
    return Surprise(
        time=utc(NOON - back * HOUR),
        close=LAST_CLOSE,
        span_hours=1,
        move_pct=moved,
        expected_low=LAST_CLOSE * 1.01,
        expected_high=LAST_CLOSE * 1.03,
        tail_probability=0.001,
        once_in_days=days,
        rarity="about once in 6 weeks" if days > 10 else "an ordinary hour",
        anomalous=days > 10,
        input="full",
    )


SKILL = Skill(metric="mae", value=-11.26, ci_low=-11.9, ci_high=-10.7, n=21_765, baseline="persistence")
FAKE_MODEL = ModelRef(name="classic", version="1.0", sha256="0" * 64)
COVERAGE = {"50": 0.31, "80": 0.52, "95": 0.71}


class FakeBackend:
    """A ForecastBackend with fixed numbers. Set `failure` to make a method of that name raise."""

    def __init__(self, *, source: str = "bitstamp", longest: int = 1, minute: int = 0) -> None:
        """The newest five minutes closed so many minutes after noon; the last trade is a little later and dearer."""
        self.source = source
        self.longest = longest
        self.minute = minute
        self.candle_history = candles_ending()
        self.kept: tuple[Kept, ...] = ()  # newest first
        self.records = TrackRecord(rows=())
        self.touch: TouchFactors | None = None
        self.rates: dict[str, float] = {"EUR": 0.9}  # of one dollar
        self.surprises: tuple[Surprise, ...] = (surprise(),)
        self.failure: dict[str, CryptoSenseError] = {}
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.closed = False

    async def price(self, symbol: str) -> Price:
        self._called("price", symbol)
        said = self._provenance(symbol)
        return Price(**said, price=LAST_CLOSE, time=utc(NOON + 200), last_close=LAST_CLOSE, change_24h_pct=0.42)

    async def close_at(self, symbol: str, at: datetime) -> PastClose:
        self._called("close_at", symbol, at)
        return close_within(await self.candles(symbol, 300), at.timestamp())

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        self._called("quote_in", symbol, currency)
        rate = self.rates.get(currency)
        return Quote(symbol, self.source, currency, LAST_CLOSE * rate, NOON + 200.0, NOON + 240.0) if rate else None

    async def candles(self, symbol: str, hours: int, step: CandleStep = "1h") -> CandleSpan:
        self._called("candles", symbol, hours, *(() if step == "1h" else (step,)))
        part = self.candle_history[-hours * HOUR // STEPS[step] :]
        if step != "1h":  # the same prices, as if each had lasted so long
            end = NOON // STEPS[step] * STEPS[step]
            _, *prices = part.columns()
            time = end - STEPS[step] * np.arange(len(part), 0, -1, dtype=np.int64)
            part = Candles(time, *prices, step=STEPS[step])
        return CandleSpan(
            **self._provenance(symbol) | ({} if step == "1h" else {"as_of": utc(part.end)}),
            hours=hours if step != "1h" else len(part),
            step_minutes=STEPS[step] // 60,
            first_open=float(part.open[0]),
            last_close=float(part.close[-1]),
            high=float(part.high.max()),
            low=float(part.low.min()),
            change_pct=100 * (float(part.close[-1]) / float(part.open[0]) - 1),
            candles=part.to_schema(),
        )

    async def forecast(
        self, symbol: str, hours: int | None = None, *, minutes: int | None = None, until: datetime | None = None
    ) -> Forecast:
        ahead = Ahead.of(hours, minutes, until)
        live = {"minutes": minutes} if minutes else {"until": until} if until else {}
        self._called("forecast", symbol, ahead.hours, *live.items())
        if ahead.hours is not None and ahead.hours > self.longest:
            raise UnsupportedHorizon(ahead.hours, self.longest)
        as_of = NOON + 60 * self.minute
        provenance = self._provenance(symbol) | {"as_of": utc(as_of)}
        return Forecast(
            id="fc_test",
            **{
                name: provenance[name]
                for name in ("symbol", "source", "quote", "as_of", "age_seconds", "warnings", "notes")
            },
            last_close=LAST_CLOSE,
            last_price=LAST_CLOSE + self.minute,
            price_time=utc(as_of + 3 * self.minute),
            horizons=tuple(self._horizon(as_of, each) for each in ahead.horizons(as_of, as_of, self.longest)),
            skill=SKILL,
            coverage=COVERAGE,
            model=FAKE_MODEL,
        )

    async def anomalies(self, symbol: str, hours: int, days: float) -> AnomalyReport:
        self._called("anomalies", symbol, hours, days)
        return AnomalyReport(
            **self._provenance(symbol),
            hours=hours,
            budget_days=days,
            expected_alarms=hours / 24 / days,
            newest=surprise(back=0, moved=0.1, days=0.1),
            anomalies=self.surprises,
        )

    async def history(self, symbol: str | None, since: object, cursor: str | None, limit: int) -> LedgerPage:
        self._called("history", symbol, since, cursor, limit)
        kept = (each for each in self.kept if symbol in (None, each.forecast.symbol))
        return LedgerPage(forecasts=tuple(kept)[:limit], next_cursor=None)

    async def track_record(self, symbol: str | None, hours: int | None) -> TrackRecord:
        self._called("track_record", symbol, hours)
        return self.records

    async def report(self) -> Report:
        self._called("report")
        return Report(
            symbol="BTC-USD",
            graded_from=utc(NOON - 21_765 * HOUR),
            graded_to=utc(NOON),
            n=21_765,
            model=MetricRow(name="classic", mae=3240.0, rmse=4900.0, mape_pct=4.1, direction=0.497),
            persistence=MetricRow(name="persistence", mae=264.2, rmse=430.0, mape_pct=0.34, direction=None),
            skill=SKILL,
            coverage=COVERAGE,
        )

    async def facts(self) -> ModelFacts:
        self._called("facts")
        return ModelFacts(
            model=FAKE_MODEL,
            recipe="classic",
            symbols=("BTC-USD", "ETH-USD"),
            trained_from=utc(NOON - 90_000 * HOUR),
            trained_to=utc(NOON - 24 * HOUR),
            expires=None,
            input_hours=60,
            horizons=self.longest,
            features=("close",),
            band_method="residuals",
            warnings=(),
            versions={},
            parameters=29_345,
            touch=self.touch,
        )

    async def close(self) -> None:
        self.closed = True

    def _called(self, method: str, *arguments: object) -> None:
        self.calls.append((method, arguments))
        if arguments and arguments[0] not in catalogue():
            raise unsupported(str(arguments[0]), catalogue())
        if method in self.failure:
            raise self.failure[method]

    def _provenance(self, symbol: str) -> dict[str, object]:
        demo = self.source == "demo"
        return {
            "symbol": symbol,
            "source": self.source,
            "quote": "USD",
            "as_of": utc(NOON),
            "age_seconds": 240,
            "warnings": (ForecastWarning.DEMO_DATA,) if demo else (),
            "notes": ("simulated, not market data",) if demo else (),
        }

    @staticmethod
    def _horizon(as_of: int, minutes: int) -> Horizon:
        median, step = LAST_CLOSE * 1.0004, 0.004 * (minutes / 60) ** 0.5
        levels = {"0.025": -2.0, "0.10": -1.2, "0.25": -0.6, "0.50": 0.0, "0.75": 0.6, "0.90": 1.2, "0.975": 2.0}
        return Horizon(
            hours=minutes // 60 if minutes % 60 == 0 else None,
            minutes=minutes,
            target_time=utc(as_of + 60 * minutes),
            median=median,
            quantiles={level: median * (1 + z * step) for level, z in levels.items()},
            probability_up=0.51,
            expected_move_pct=0.32,
        )


class Clock:
    """Shows what a test sets it to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """See time.time."""
        return self.now


class HoursAlone:
    """The part of a CandleSource that has neither five minutes nor trades."""

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        raise NoCandles(symbol, ())

    async def hours_ending(self, symbol: str, at: int | None, hours: int) -> Snapshot:
        raise NoCandles(symbol, ())

    async def quote(self, symbol: str, within: float = 5.0) -> Quote:
        raise NoCandles(symbol, ())

    async def since(self, symbol: str, source: str, start: int, step: int = HOUR) -> Candles:
        raise NoCandles(symbol, ())


class FakeSource(HoursAlone):
    """A CandleSource that always gives the same snapshot, cut to the hours asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.asked: list[tuple[str, int]] = []
        self.closed = False

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        self.asked.append((symbol, hours))
        return replace(self.snapshot, candles=self.snapshot.candles[-hours:])

    async def facts(self) -> ModelFacts:
        self._called("facts")
        return ModelFacts(
            model=ModelRef(name="classic", version="1.0", sha256="0" * 64),
            recipe="classic",
            symbols=("BTC-USD", "ETH-USD"),
            trained_from=utc(NOON - 90_000 * HOUR),
            trained_to=utc(NOON - 24 * HOUR),
            expires=None,
            input_hours=60,
            horizons=self.longest,
            features=("close",),
            band_method="residuals",
            warnings=(),
            versions={},
            parameters=29_345,
        )

    async def close(self) -> None:
        self.closed = True
