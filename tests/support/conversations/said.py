"""Everything the embedded model may be asked to say: questions with what tools gave, for tests of every language."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from assistant.replies.answers import ADDED, from_results, without_tools
from assistant.replies.failures import TOLD_BY, Failure
from assistant.understanding.frame import Ask, Intent, Language, Question
from forecaster.anomalies.monitor import AnomalyReport
from forecaster.ledger.track_record import Kept, Outcome, inside, pit
from forecaster.market.candles import utc
from forecaster.schema import HOUR, ForecastWarning, TableRow
from tests.support.conversations.focused import focused
from tests.support.fakes import COVERAGE, NOON, SKILL, FakeBackend, surprise
from tests.support.knowledge import KNOWLEDGE
from tests.support.ledger.issued import issued
from tools.candles import SpanAnswer
from tools.explanations.explain import Explanation
from tools.explanations.record import METRICS, MetricsAnswer
from tools.forecast import ForecastAnswer
from tools.registry import bind_tools

BOTH = ("BTC-USD", "ETH-USD")
SEVEN = (*BOTH, "SOL-USD", "XRP-USD", "BNB-USD", "DOGE-USD", "AVAX-USD")
STALE = "the newest candle at hand, from kraken, closed 95 minutes ago; nothing newer could be had: binance timed out"
OUTAGE = Failure("No exchange gave candles for ETH-USD (kraken timed out). Try again in a minute.")
BETTER, EVEN, WORSE = (0.0055, 0.004, 0.008), (0.001, -0.002, 0.004), (-0.05, -0.07, -0.03)


@dataclass(frozen=True)
class Case:
    """A question of one message, what tools gave, and what failed."""

    name: str
    asks: tuple[Ask, ...]
    results: tuple[BaseModel, ...] = ()
    failures: tuple[Failure, ...] = ()
    nearest: tuple[Ask, ...] = ()

    def said(self, language: Language) -> str:
        """The answer."""
        question = Question(self.asks, language, self.nearest)
        if not self.results and not self.failures:
            return without_tools(question)
        return from_results(question, self.results, self.failures)


def on_day(case: Case, day: date) -> Case:
    """The case, had it come up on that day."""
    later = _since_noon(day)
    asks = tuple(replace(ask, target=_moved(ask.target, later)) for ask in case.asks)
    return replace(case, asks=asks, results=_moved(case.results, later))


class OnDay:
    """A backend whose every result comes as it would on another day."""

    def __init__(self, backend: FakeBackend, day: date) -> None:
        self._backend, self._later = backend, _since_noon(day)

    def __getattr__(self, method: str) -> Any:
        ask = getattr(self._backend, method)

        async def asked(*arguments: object, **named: object) -> Any:
            then = {name: _moved(value, -self._later) for name, value in named.items()}
            return _moved(await ask(*arguments, **then), self._later)

        return asked


def _since_noon(day: date) -> timedelta:
    return day - utc(NOON).date()


def _moved(value: Any, later: timedelta) -> Any:
    """A value with all its times so much later; candles, of which nothing is told one by one, stay as they are."""
    if isinstance(value, BaseModel):
        names = type(value).model_fields.keys() - {"candles"}
        return value.model_copy(update={name: _moved(getattr(value, name), later) for name in names})
    if isinstance(value, tuple):
        return tuple(_moved(each, later) for each in value)
    return value + later if isinstance(value, datetime) else value


async def data(name: str, backend: FakeBackend | None = None, **arguments: object) -> BaseModel:
    """The result of a tool; of an explained metric its numbers, from which answers are composed."""
    tool = next(each for each in bind_tools(backend or FakeBackend(longest=24), KNOWLEDGE) if each.tool.name == name)
    result = await tool.call({"symbol": "BTC-USD"} | arguments if name != "explain" else arguments)
    assert result.data is not None, result.text
    return result.data.metrics or result.data if isinstance(result.data, Explanation) else result.data


async def record(topic: str = "record") -> MetricsAnswer:
    """The whole record, or one metric of it."""
    answer = await data("explain", topic=topic)
    assert isinstance(answer, MetricsAnswer)
    return answer


async def forecast(
    record=BETTER,
    held=0.797,
    *,
    symbol="BTC-USD",
    hours=1,
    minutes=None,
    until=None,
    threshold=None,
    backend=None,
    **changes,
) -> ForecastAnswer:
    """A forecast with a record: skill, its interval, and the share of closes that the 80 % range held."""
    given = {"hours": hours, "minutes": minutes, "until": until, "threshold": threshold}
    asked = {name: value for name, value in given.items() if value is not None}
    answer = await data("forecast", backend, symbol=symbol, **asked)
    value, low, high = record
    skill = SKILL.model_copy(update={"value": value, "ci_low": low, "ci_high": high})
    update = {"skill": skill, "coverage": COVERAGE | {"80": held}} | changes
    return answer.model_copy(update={"forecast": answer.forecast.model_copy(update=update)})


def settled(*closes: float) -> FakeBackend:
    """A backend whose newest forecasts came to these closes, oldest first; one more waits."""
    backend = FakeBackend()
    kept = [Kept(forecast=issued(len(closes)), issued_at=utc(NOON), outcomes=())]
    for hour in range(len(closes) - 1, -1, -1):
        given = issued(hour)
        horizon = given.horizons[0]
        outcome = Outcome(
            hours=1,
            target_time=horizon.target_time,
            actual=closes[hour],
            error_pct=100 * (horizon.median / closes[hour] - 1),
            inside=inside(horizon, closes[hour]),
            pit=pit(horizon, closes[hour]),
        )
        kept.append(Kept(forecast=given, issued_at=utc(NOON + hour * HOUR), outcomes=(outcome,)))
    backend.kept = tuple(kept)
    return backend


async def anomalies(*surprises, hours=24, **changes) -> AnomalyReport:
    """The newest hours judged, with these surprises."""
    backend = FakeBackend()
    backend.surprises = surprises
    report = await data("detect_anomalies", backend, hours=hours)
    return report.model_copy(update=changes)


async def with_table() -> MetricsAnswer:
    """The whole record, with a row for Ethereum."""
    answer = await record()
    better = SKILL.model_copy(update={"value": 0.003, "ci_low": 0.001, "ci_high": 0.005})
    row = TableRow(
        symbol="ETH-USD", hours=1, input="full", n=8_700, mae=11.87, mae_persistence=11.91, mae_skill=better,
        direction=0.51, crps=30.0, crps_rolling_quantiles=31.0, coverage=COVERAGE | {"80": 0.79}, coverage_untracked={},
    )  # fmt: skip
    return answer.model_copy(update={"report": answer.report.model_copy(update={"table": (row,)})})


async def cases() -> list[Case]:
    """One or more of every kind."""
    asked = [Case(name, (ask,), (result,)) for name, ask, result in focused()]
    return [*await _forecasts(), *await _market(), *await _grades(), *await _mixed(), *_words(), *asked]


async def _forecasts() -> list[Case]:
    ahead, sure = Ask(Intent.FORECAST), Ask(Intent.FORECAST, hours=6, threshold=1e5)
    near = await forecast(hours=6, threshold=70_100.0)
    above = await forecast(hours=6, threshold=1e5)
    below = await forecast(hours=24, threshold=65_000.5)
    stale = (ForecastWarning.STALE_CANDLES, ForecastWarning.OUT_OF_DISTRIBUTION)
    simulated = await forecast(
        source="demo", warnings=(ForecastWarning.DEMO_DATA,), notes=("simulated, not market data",)
    )
    return [
        *[Case(f"forecast {record} {held}", (ahead,), (await forecast(record, held),))
          for record in (BETTER, EVEN, WORSE, (-11.26, -11.9, -10.7)) for held in (0.797, 0.6)],
        Case("another day", (Ask(Intent.FORECAST, hours=24),), (await forecast(hours=24),)),
        Case("narrow", (ahead,), (await _narrow(),)),
        Case("above", (sure,), (above,)),
        Case("below", (replace(sure, below=True),), (above,)),
        Case("nearby", (replace(sure, threshold=70_100.0),), (near,)),
        Case("cents", (Ask(Intent.FORECAST, hours=24, threshold=65_000.5),), (below,)),
        Case("reach", (Ask(Intent.FORECAST, hours=6),), (await forecast(),), (Failure("Not so.", longest_hours=1),)),
        *[Case(f"beyond {hours}", (Ask(Intent.FORECAST, hours=hours),), (await forecast(),)) for hours in (0, -5, 48)],
        Case("target", (Ask(Intent.FORECAST, hours=1, target=utc(NOON + 2700)),), (
            await forecast(hours=None, until="2026-03-19T12:45Z"),)),
        *[Case(f"{minutes} minutes", (Ask(Intent.FORECAST, hours=-(-minutes // 60), minutes=minutes),), (
            await forecast(hours=None, minutes=minutes, backend=FakeBackend(longest=24, minute=40)),))
          for minutes in (1, 30, 90, 1439)],
        Case("warned", (ahead,), (await forecast(warnings=stale, notes=(STALE,), source="kraken"),)),
        *[Case(f"warned {each}", (ahead,), (await forecast(warnings=(each,)),)) for each in ForecastWarning],
        Case("simulated", (ahead,), (simulated,)),
        Case("advice", (Ask(Intent.ADVICE),), (await forecast(),)),
        Case("advice, both", (Ask(Intent.ADVICE, BOTH),), (await forecast(), await forecast(EVEN, symbol="ETH-USD"))),
        Case("impossible", (Ask(Intent.OTHER, assumed="impossible"),)),
        Case("advice without facts", (Ask(Intent.ADVICE),), (), (OUTAGE,)),
        Case("ungraded", (Ask(Intent.FORECAST, ("SOL-USD", "DOGE-USD")),), (
            await ungraded("SOL-USD"), await ungraded("DOGE-USD"))),
        Case("small prices", (Ask(Intent.FORECAST, ("SHIB-USD",)),), (await tiny("SHIB-USD"),)),
        Case("small price", (Ask(Intent.FORECAST, ("DOGE-USD",), threshold=0.2),), (await tiny("DOGE-USD", 0.15234),)),
        Case("unlisted", (Ask(Intent.FORECAST, ("PEPE-USD",)),), (), tuple(
            Failure("No.", supported=("XRP-USD", "BNB-USD"), symbol="PEPE-USD") for _ in range(2))),
        Case("unlisted and listed", (Ask(Intent.PRICE, ("PEPE-USD", "BTC-USD")),), (await data("get_price"),), (
            Failure("No.", supported=("XRP-USD",), symbol="PEPE-USD"),)),
        Case("only bitcoin", (Ask(Intent.FORECAST, ("ETH-USD",)),), (await data("get_price", symbol="ETH-USD"),),
             (Failure("Not so.", supported=("BTC-USD",)),)),
    ]  # fmt: skip


async def ungraded(symbol: str) -> ForecastAnswer:
    """A forecast of a coin that the model was not graded on."""
    answer = await forecast()
    note = f"the model was not graded on {symbol}: the record is BTC-USD's"
    told = {"symbol": symbol, "warnings": (ForecastWarning.UNEVALUATED_SYMBOL,), "notes": (note,)}
    return answer.model_copy(update={"forecast": answer.forecast.model_copy(update=told)})


async def tiny(symbol: str, price: float = 0.0000123456) -> ForecastAnswer:
    """A forecast of a coin that costs a small part of a dollar, as the one of Bitcoin in all else."""
    answer = await forecast(threshold=None if price < 0.001 else 100_000.0)
    share = price / answer.forecast.last_close
    (horizon,) = answer.forecast.horizons
    levels = {level: value * share for level, value in horizon.quantiles.items()}
    near = horizon.model_copy(update={"quantiles": levels, "median": horizon.median * share})
    told = answer.forecast.model_copy(
        update={"symbol": symbol, "last_close": price, "last_price": price, "horizons": (near,)}
    )
    return answer.model_copy(update={"forecast": told, "threshold": answer.threshold and 0.2})


async def _narrow() -> ForecastAnswer:
    answer = await forecast()
    horizon = answer.forecast.horizons[0]
    near = {level: 100 + float(level) for level in horizon.quantiles}
    told = horizon.model_copy(update={"quantiles": near, "median": 100.5})
    return await forecast(horizons=(told,), last_close=100.2, last_price=100.2)


def _changed(found: SpanAnswer, **changes: Any) -> SpanAnswer:
    return found.model_copy(update={"span": found.span.model_copy(update=changes)})


async def _market() -> list[Case]:
    price, span = await data("get_price"), await data("get_candles", hours=24)
    flat = {"change_24h_pct": 0.001}
    odd = Ask(Intent.ANOMALIES, hours=24)
    return [
        Case("price", (Ask(Intent.PRICE),), (price,)),
        *[Case(f"price {change}", (Ask(Intent.PRICE),), (price.model_copy(update={"change_24h_pct": change}),))
          for change in (-1.234, 0.0, None)],
        Case("tether", (Ask(Intent.PRICE),), (price.model_copy(update=flat | {"quote": "USDT", "source": "binance"}),)),
        Case("a price of cents", (Ask(Intent.PRICE, ("DOGE-USD",)),), (
            price.model_copy(update={"symbol": "DOGE-USD", "price": 0.15234}),)),
        Case("more coins than there is room for", (Ask(Intent.PRICE, SEVEN),), tuple(
            price.model_copy(update={"symbol": each}) for each in SEVEN[:6])),
        Case("record of a coin without one", (Ask(Intent.METRICS, ("SOL-USD",)),), (await record(),)),
        Case("prices", (Ask(Intent.PRICE, BOTH),), (price, await data("get_price", symbol="ETH-USD"))),
        Case("candles", (Ask(Intent.CANDLES, hours=24),), (span,)),
        Case("an hour", (Ask(Intent.CANDLES, hours=1),), (await data("get_candles", hours=1),)),
        Case("one candle", (Ask(Intent.CANDLES, hours=24),), (_changed(span, candles=span.span.candles[:1]),)),
        *[Case(f"span {change}", (Ask(Intent.CANDLES, hours=24),), (_changed(span, change_pct=change),))
          for change in (2.5, 0.0)],
        Case("too far back", (Ask(Intent.CANDLES, hours=8760),), (await data("get_candles", hours=300),)),
        Case("nothing odd", (odd,), (await anomalies(),)),
        *[Case(f"once in {days}", (odd,), (await anomalies(surprise(days=days)),)) 
          for days in (11.0, 40.0, 90.0, 900.0)],
        Case("three odd", (replace(odd, hours=48),), (await anomalies(
            surprise(), surprise(9, 3.1, 200.0), surprise(20, -2.0, 15.0).model_copy(update={"span_hours": 6}), hours=48
        ),)),
        *[Case(f"expected {n}", (odd,), (await anomalies(expected_alarms=n),)) for n in (0.0001, 0.04, 2.4)],
    ]  # fmt: skip


async def _grades() -> list[Case]:
    ask, live = Ask(Intent.METRICS), Ask(Intent.TRACK_RECORD)
    whole = await record()
    hits = [70_080.0 + 5 * hour for hour in range(20)]
    return [
        Case("record", (ask,), (whole,)),
        Case("record of another coin", (Ask(Intent.METRICS, ("ETH-USD",)),), (await with_table(),)),
        *[Case(each, (replace(ask, metric=each),), (await record(each),)) for each in METRICS],
        Case("nothing live", (live,), (await data("track_record"),)),
        Case("nothing live yet", (live,), (await data("track_record", settled()),)),
        Case("one hit", (live,), (await data("track_record", settled(70_080.0)),)),
        Case("one miss", (live,), (await data("track_record", settled(75_000.0)),)),
        Case("hits", (live,), (await data("track_record", settled(*hits)),)),
        Case("misses", (live,), (await data("track_record", settled(*hits, 66_000.0, 70_100.0, 76_000.0, 70_000.0)),)),
        Case("no moves", (live,), (await data("track_record", settled(70_000.0, 70_000.0)),)),
        *[Case(f"weeks {low} {high}", (live,), (await _weeks(low, high),)) for low, high in ((0.01, 0.1), (-0.1, 0.1))],
        Case("why", (Ask(Intent.WHY),), (whole,)),
        Case("method", (Ask(Intent.METHOD),), (whole,)),
        Case("data", (Ask(Intent.DATA),), (await data("get_price"),)),
    ]  # fmt: skip


async def _weeks(low: float, high: float) -> BaseModel:
    """A live record long enough for an interval of its skill."""
    answer = await data("track_record", settled(70_100.0, 70_200.0))
    return answer.model_copy(update={"grades": answer.grades.model_copy(update={"skill_low": low, "skill_high": high})})


async def _mixed() -> list[Case]:
    bitcoin, ether = Ask(Intent.PRICE), Ask(Intent.PRICE, ("ETH-USD",))
    price, near, far = await data("get_price"), await forecast(), await forecast((0.012, 0.01, 0.02), 0.81, hours=6)
    six = Ask(Intent.FORECAST, hours=6)
    older = price.model_copy(update={"symbol": "ETH-USD", "as_of": utc(NOON - HOUR), "source": "kraken"})
    return [
        Case("two horizons", (Ask(Intent.FORECAST), six), (near, far)),
        Case("two coins", (Ask(Intent.FORECAST, BOTH),), (near, await forecast(EVEN, 0.78, symbol="ETH-USD"))),
        Case("two, one worse", (Ask(Intent.FORECAST, BOTH),), (near, await forecast(WORSE, symbol="ETH-USD"))),
        Case("two, one much worse", (Ask(Intent.FORECAST, BOTH),), (
            near, await forecast((-1.0, -1.2, -0.8), symbol="ETH-USD"), far)),
        Case("price and forecast", (bitcoin, Ask(Intent.FORECAST)), (price, near)),
        Case("forecast and record", (Ask(Intent.FORECAST), Ask(Intent.METRICS)), (near, await record())),
        Case("candles and anomalies", (Ask(Intent.CANDLES, hours=24), Ask(Intent.ANOMALIES, hours=24)), (
            await data("get_candles", hours=24), await anomalies(surprise()))),
        Case("greeting and price", (Ask(Intent.GREETING), bitcoin), (price,)),
        Case("foreign and price", (Ask(Intent.PRICE, foreign="tesla"), bitcoin), (price,)),
        Case("why and forecast", (Ask(Intent.FORECAST), Ask(Intent.WHY)), (near,)),
        Case("two moments", (Ask(Intent.PRICE, BOTH),), (price, older)),
        Case("one failing", (bitcoin, ether), (price,), (OUTAGE,)),
        *[Case(f"failing {intent}", (Ask(intent, BOTH),), (), (OUTAGE,)) for intent in (*TOLD_BY, *ADDED)],
    ]  # fmt: skip


def _words() -> list[Case]:
    intents = [Intent.GREETING, Intent.THANKS, Intent.CAPABILITIES, Intent.WHY, Intent.METHOD, Intent.DATA]
    every = [Ask(each, BOTH) for each in Intent]
    return [
        *[Case(f"{each} alone", (Ask(each),)) for each in (*intents, Intent.OTHER, Intent.ADVICE, Intent.PRICE)],
        Case("foreign", (Ask(Intent.PRICE, foreign="tesla"),)),
        Case("hello and foreign", (Ask(Intent.GREETING), Ask(Intent.FORECAST, foreign="tesla"))),
        *[Case(f"{a.intent} or {b.intent}", (Ask(Intent.OTHER),), nearest=(a, b))
          for a, b in pairwise(every)],
        Case("which hours", (Ask(Intent.OTHER),), nearest=tuple(Ask(Intent.FORECAST, hours=h) for h in (5, 17))),
        Case("which past", (Ask(Intent.OTHER),), nearest=tuple(Ask(Intent.CANDLES, hours=h) for h in (1, 17))),
        Case("no hours", (Ask(Intent.OTHER),), nearest=(Ask(Intent.FORECAST), Ask(Intent.FORECAST, hours=99))),
    ]  # fmt: skip
