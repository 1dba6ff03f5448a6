"""What visitors ask with a focus --a chance, a worth, a moment, a comparison-- with answers of tools made by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from assistant.understanding.frame import Ask, Intent
from forecaster.ledger.track_record import Graded, Kept, Outcome
from forecaster.market.candles import utc
from forecaster.schema import CandleSpan, Forecast, Horizon, ModelRef, Price
from tests.support.fakes import COVERAGE, LAST_CLOSE, NOON, SKILL
from tools.candles import SpanAnswer
from tools.compare import ComparedCoin, Comparison
from tools.explanations.explain import Explanation
from tools.forecast import ForecastAnswer, Odds
from tools.prices import PriceAnswer
from tools.track_record import TrackRecordAnswer

TONIGHT = datetime(2026, 3, 19, 22, tzinfo=UTC)
BETTER = SKILL.model_copy(update={"value": 0.0055, "ci_low": 0.004, "ci_high": 0.008})
WHERE = {"symbol": "BTC-USD", "source": "bitstamp", "quote": "USD", "as_of": utc(NOON), "age_seconds": 240}


def horizon(hours: int) -> Horizon:
    """A horizon whose 80 % range is a percent wide for each hour."""
    levels = {"0.025": 0.99, "0.10": 0.995, "0.25": 0.998, "0.50": 1.0, "0.75": 1.002, "0.90": 1.005, "0.975": 1.01}
    return Horizon(
        hours=hours,
        minutes=60 * hours,
        target_time=utc(NOON) + timedelta(hours=hours),
        median=70_000.0,
        quantiles={level: 70_000 * (1 + (share - 1) * hours) for level, share in levels.items()},
        probability_up=0.51,
        expected_move_pct=0.32,
    )


def forecast(odds: Odds | None = None, *, hours: int = 10, path: bool = False, **changes: Any) -> ForecastAnswer:
    """A forecast issued at noon for 22:00 UTC, with what was asked of it."""
    issued = Forecast(
        id="fc_test",
        **WHERE,
        last_close=LAST_CLOSE,
        last_price=LAST_CLOSE,
        price_time=utc(NOON),
        horizons=tuple(map(horizon, range(1 if path else hours, hours + 1))),
        skill=BETTER,
        coverage=COVERAGE | {"80": 0.797},
        model=ModelRef(name="quantile", version="1.0", sha256="0" * 64),
    )
    return ForecastAnswer(forecast=issued, odds=odds, path=path, **changes)


def odds(**told: Any) -> Odds:
    """What was asked of a forecast."""
    return Odds(typical_move_pct=0.32, **told)


def worth(**changes: Any) -> Odds:
    """Half a bitcoin."""
    told = {"amount": 0.5, "amount_in": "coin", "value_now": 34_965.125, "value_median": 35_000.0} | changes
    return odds(**told, value_low=33_250.0, value_high=36_750.0, expected_loss=412.5, value_at_risk_95=2_104.75)


def price(**told: Any) -> PriceAnswer:
    """A price with what more was asked of it."""
    now = Price(**WHERE, price=LAST_CLOSE, time=utc(NOON + 200), last_close=LAST_CLOSE, change_24h_pct=0.42)
    return PriceAnswer(price=now, **told)


def span(*, end: int = NOON, **changes: Any) -> SpanAnswer:
    """What happened since midnight, or until `end`."""
    candles = CandleSpan(
        **WHERE, hours=12, first_open=68_500.0, last_close=LAST_CLOSE, high=70_420.18, low=68_310.0,
        change_pct=2.0880, candles=(),
    )  # fmt: skip
    told = {
        "start": utc(NOON - 12 * 3600), "high_time": utc(NOON - 3 * 3600), "low_time": utc(NOON - 9 * 3600),
        "volatility_pct": 0.43, "below_high_pct": 0.6958, "above_low_pct": 2.3719,
    }  # fmt: skip
    return SpanAnswer(span=candles, end=utc(end), **(told | changes))


def comparison(by: str, *, ratio: float | None = None, hours: int = 24) -> Comparison:
    """Bitcoin and ether beside each other."""
    told: dict[str, tuple[float, float]] = {
        "price": (LAST_CLOSE, 3_790.5), "change_pct": (-0.3, 2.1), "volatility_pct": (0.43, 0.61),
        "width_pct": (1.9, 2.8), "skill_pct": (0.55, -1.2), "probability_up": (0.51, 0.49),
    }  # fmt: skip
    rows = tuple(
        ComparedCoin(
            symbol=symbol,
            source="bitstamp",
            quote="USD",
            as_of=utc(NOON),
            **{name: each[n] for name, each in told.items()},
        )
        for n, symbol in enumerate(("BTC-USD", "ETH-USD"))
    )
    highest, lowest = ("BTC-USD", "ETH-USD") if by in ("price", "record") else ("ETH-USD", "BTC-USD")
    return Comparison(by=by, hours=hours, rows=rows, highest=highest, lowest=lowest, ratio=ratio)


def kept(actual: float | None, hours: int = 1) -> Kept:
    """A live forecast for `hours` past noon, with the close that came, or open."""
    issued = forecast(hours=hours).forecast
    outcomes = ()
    if actual is not None:
        median = issued.horizons[-1].median
        outcome = Outcome(
            hours=hours, target_time=issued.horizons[-1].target_time, actual=actual,
            error_pct=100 * (median / actual - 1), pit=0.5,
            inside={band: abs(actual / median - 1) < 0.005 * hours for band in ("50", "80", "95")},
        )  # fmt: skip
        outcomes = (outcome,)
    return Kept(forecast=issued, issued_at=utc(NOON), outcomes=outcomes)


def record(**told: Any) -> TrackRecordAnswer:
    """A live record of one forecast that was asked about, or none."""
    return TrackRecordAnswer(symbol="BTC-USD", grades=None, forecasts=(), waiting=0, **told)


def settled(worst: Kept, *others: Kept) -> TrackRecordAnswer:
    """A live record whose worst miss was asked for."""
    every = (worst, *others)
    inside = sum(each.outcomes[0].inside["80"] for each in every) / len(every)
    grades = Graded(
        symbol="BTC-USD", model=worst.forecast.model, hours=1, n=len(every), graded_from=utc(NOON + 3600),
        graded_to=utc(NOON + 3600), mae=50.0, mae_persistence=60.0, skill=0.1667, skill_low=None, skill_high=None,
        direction=0.5, coverage={"50": inside, "80": inside, "95": inside}, mean_pit=0.5, misses=(),
    )  # fmt: skip
    return TrackRecordAnswer(symbol="BTC-USD", grades=grades, forecasts=every, waiting=0, worst=worst)


def explained(**changes: Any) -> Explanation:
    """An entry of the knowledge, with a number."""
    told = {"topic": "crps", "title": "CRPS", "text": "CRPS 25.7.", "language": "en", "apology": False}
    return Explanation(**(told | changes), figures={"crps": 25.7})


def focused() -> list[tuple[str, Ask, Any]]:
    """A question of every kind with its answer, by a name."""
    ahead = Ask(Intent.FORECAST, hours=10, target=TONIGHT)
    moment = utc(NOON - 21 * 3600)
    return [
        ("between", ahead, forecast(odds(between=0.42, low=69_000.0, high=71_000.0))),
        ("between all the way", replace(ahead, stays=True), forecast(odds(between=0.42, low=69_000.0, high=71_000.0))),
        ("between, surely", ahead, forecast(odds(between=0.95, low=1_000.0, high=900_000.0, censored=True))),
        ("between, hardly", ahead, forecast(odds(between=0.004, low=69_000.0, high=69_001.0))),
        ("chance above", ahead, forecast(odds(above=0.3, below=0.7), threshold=71_000.0)),
        ("touch", ahead, forecast(odds(above=0.3, below=0.7, touch=0.55, touch_known=True), threshold=71_000.0)),
        (
            "stays below", replace(ahead, stays=True, below=True),
            forecast(odds(above=0.3, below=0.7, touch=0.55, touch_known=True), threshold=71_000.0, touch=True),
        ),
        (
            "stays above", replace(ahead, stays=True, below=False),
            forecast(
                odds(above=0.975, below=0.025, touch=0.06, touch_at_most=True, touch_known=True, censored=True),
                threshold=60_000.0, touch=True,
            ),
        ),
        ("touch unknown", ahead, forecast(odds(above=0.3, below=0.7), threshold=71_000.0, touch=True)),
        *[
            (f"move {way}", ahead, forecast(odds(move_pct=2.0, direction=way, move=0.12, **prices)))
            for way, prices in (
                ("up", {"move_price_up": 71_328.86}), ("down", {"move_price_down": 68_531.65}),
                ("either", {"move_price_up": 71_328.86, "move_price_down": 68_531.65}),
            )
        ],
        ("level", ahead, forecast(odds(level=90.0, side="range", range_low=67_000.0, range_high=73_000.0))),
        ("level above", ahead, forecast(odds(level=90.0, side="above", range_low=67_000.0))),
        ("level below", ahead, forecast(odds(level=99.0, side="below", range_high=74_000.0, censored=True))),
        ("level 99", ahead, forecast(odds(
            level=99.0, side="range", range_low=63_000.0, range_high=77_000.0, censored=True))),
        ("worth then", ahead, forecast(worth())),
        ("stake", ahead, forecast(worth(amount=1_000.0, amount_in="quote"))),
        ("path", Ask(Intent.FORECAST, hours=24, path=True), forecast(hours=24, path=True)),
        ("assumed", Ask(Intent.FORECAST, hours=8, assumed="overnight"), forecast(hours=8)),
        ("in euros", Ask(Intent.FORECAST, hours=10, currency="EUR"), forecast()),
        ("zoned", Ask(Intent.FORECAST, hours=10, target=TONIGHT, zone="America/New_York"), forecast()),
        ("worth", Ask(Intent.PRICE, amount=0.3), price(amount=0.3, amount_in="coin", value=20_979.075, value_in="USD")),
        ("buys", Ask(Intent.PRICE, amount=20.0, amount_in="quote"), price(
            amount=20.0, amount_in="quote", value=0.000286, value_in="BTC")),
        ("euros", Ask(Intent.PRICE, currency="EUR"), price(
            currency="EUR", price_in_currency=64_210.5, rate_source="kraken")),
        ("ratio", Ask(Intent.PRICE, currency="ETH"), price(currency="ETH", price_in_currency=18.4488)),
        ("no such rate", Ask(Intent.PRICE, currency="KZT"), price(currency_unknown="KZT")),
        ("past", Ask(Intent.PRICE, at=moment), price(
            at=moment, close_then=69_512.4, close_time=moment, close_source="bitstamp")),
        ("bought", Ask(Intent.PRICE, at=moment, amount=0.5), price(
            at=moment, close_then=69_512.4, close_time=moment, close_source="bitstamp", change_since_pct=0.6011,
            amount=0.5, amount_in="coin", value=34_756.2, value_in="USD", value_now=34_965.125)),
        *[(f"span {side}", Ask(Intent.CANDLES, start=utc(NOON - 12 * 3600), side=side), span())
          for side in ("range", "above", "below")],
        ("span of the past", Ask(Intent.CANDLES), span(end=NOON - 3600)),
        ("volatility", Ask(Intent.CANDLES, start=utc(NOON - 12 * 3600), compare_by="volatility"), span()),
        *[(f"compare {by}", Ask(Intent.COMPARE, ("BTC-USD", "ETH-USD"), compare_by=by, worst=worst), comparison(by))
          for by in ("price", "move", "volatility", "forecast", "record") for worst in (False, True)],
        ("two prices", Ask(Intent.COMPARE, ("BTC-USD", "ETH-USD")), comparison("price", ratio=18.4488)),
        ("asked, inside", Ask(Intent.TRACK_RECORD, at=utc(NOON + 3600)), record(asked=kept(70_010.0))),
        ("asked, outside", Ask(Intent.TRACK_RECORD, at=utc(NOON + 3600)), record(asked=kept(71_000.0))),
        ("asked, open", Ask(Intent.TRACK_RECORD, at=utc(NOON + 3600)), record(asked=kept(None))),
        ("explained", Ask(Intent.EXPLAIN, topic="crps"), explained()),
        ("worst miss", Ask(Intent.TRACK_RECORD, worst=True), settled(kept(75_000.0), kept(70_010.0))),
        ("asked, none", Ask(Intent.TRACK_RECORD, at=utc(NOON + 3600)), record()),
    ]  # fmt: skip
