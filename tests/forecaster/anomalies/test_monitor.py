"""The monitor: what happened in an hour, judged by forecasts from the hours before it alone."""

import numpy as np
import pytest

from forecaster.anomalies.injection import Judge
from forecaster.anomalies.monitor import LOOKS, AnomalyReport, Monitor, in_words, within
from forecaster.calibration.detector import Detectors, moves
from forecaster.errors import InvalidInput
from forecaster.features.closes import window_volatility
from forecaster.features.dataset import Market
from forecaster.market.candles import Candles, utc
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, ForecastWarning
from tests.support.artifacts.markets import market, rewritten_after, scaled
from tests.support.artifacts.volatility_engine import ROOT, STANDARD, UNCHANGED, VolatilityEngine
from tests.support.exchanges.fake import five_minutes_of
from tests.support.fakes import NOON

BTC, ETH = market(700, seed=1), market(700, seed=2, start=1_500.0)
ENGINE = VolatilityEngine()


def snapshot(candles: Candles, symbol: str = "BTC-USD", source: str = "bitstamp") -> Snapshot:
    return Snapshot(symbol, source, "USD", candles, float(candles.time[-1] + HOUR + 240))


@pytest.fixture(scope="module")
def detectors():
    """Fitted on made-up markets that the tests do not judge."""
    parts = []
    for seed in (11, 12):
        close = market(3_000, seed=seed).close
        sigma = window_volatility(close)[:-1]
        parts.append((sigma[:, None, None] * ROOT[:, None] * STANDARD, moves(close[59:])))
    return Detectors.of({"full": parts, "closes_only": parts})


@pytest.fixture
def monitor(detectors):
    return Monitor(ENGINE, UNCHANGED, detectors)


def moved(candles: Candles, path: np.ndarray) -> Candles:
    """The same market whose newest closes are higher by `path` in the log, and highs and lows hold them."""
    count = len(path)
    close, high, low = candles.close.copy(), candles.high.copy(), candles.low.copy()
    close[-count:] *= np.exp(path)
    high[-count:] = np.maximum(high[-count:], close[-count:])
    low[-count:] = np.minimum(low[-count:], close[-count:])
    return Candles(candles.time, candles.open, high, low, close, candles.volume)


def volatility(candles: Candles, back: int) -> float:
    return float(window_volatility(candles.close)[-1 - back])


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("hours", "kind"), [(300, "full"), (100, "closes_only")])
def test_a_spike_of_eight_sigmas_is_found(monitor, sign, hours, kind):
    candles = moved(BTC[-hours:], np.array([sign * 8 * volatility(BTC, 1)]))
    report = monitor.report(snapshot(candles), 24, 10, snapshot(ETH, "ETH-USD"))
    assert report.newest == report.anomalies[-1]
    assert report.newest.anomalous and report.newest.once_in_days > 10 and report.newest.input == kind
    assert report.newest.move_pct == pytest.approx(100 * (candles.close[-1] / candles.close[-2] - 1))
    assert not report.newest.expected_low < report.newest.close < report.newest.expected_high
    assert (report.newest.time, report.newest.close) == (utc(NOON), candles.close[-1])


def test_the_same_spike_in_a_market_eight_times_as_wild_is_not(monitor):
    log = np.log(BTC.close[-300:])
    wild = np.exp(log[0] + 8 * (log - log[0]))
    candles = Candles(BTC.time[-300:], wild, wild, wild, wild, BTC.volume[-300:])
    candles = moved(candles, np.array([8 * volatility(BTC, 1)]))
    assert not monitor.report(snapshot(candles), 24, 10).newest.anomalous


def test_a_slow_drift_is_found_though_no_hour_of_it_would_be(monitor):
    calm = moved(BTC[-300:], -np.log(BTC.close[-6:] / BTC.close[-7]))  # six hours at the same close
    steps = np.arange(1, 7) / 6
    drift = moved(calm, 5 * np.sqrt(6) * volatility(BTC, 6) * steps)
    report = monitor.report(snapshot(drift), 24, 10)
    assert report.newest.span_hours == 6
    assert report.newest.once_in_days > 10
    assert report.newest.move_pct == pytest.approx(100 * (drift.close[-1] / drift.close[-7] - 1))
    one = moved(calm, 5 / np.sqrt(6) * volatility(BTC, 6) * np.repeat([0.0, 1.0], [5, 1]))
    assert monitor.report(snapshot(one, source="kraken"), 24, 10).newest.once_in_days < 5


def test_the_report_says_what_was_looked_at_and_what_to_expect(monitor):
    report = monitor.report(snapshot(BTC), 48, 10, snapshot(ETH, "ETH-USD"))
    assert (report.hours, report.budget_days, report.symbol) == (48, 10, "BTC-USD")
    assert report.expected_alarms == pytest.approx(0.2)
    assert report.as_of == report.newest.time == utc(NOON)
    assert (report.warnings, report.notes) == ((), ())
    assert AnomalyReport.model_validate_json(report.model_dump_json()) == report


@pytest.mark.parametrize("cut", [330, 520, 600])
def test_later_candles_change_nothing_that_was_judged_before(detectors, cut):
    later = rewritten_after(BTC, cut, seed=cut)[cut - 280 : cut + 40]
    other = rewritten_after(ETH, cut, seed=9)[cut - 280 : cut + 40]
    earlier = [
        Monitor(ENGINE, UNCHANGED, detectors).report(snapshot(own), 235, 1, snapshot(its, "ETH-USD")).anomalies
        for own, its in ((later[:280], other[:280]), (later, other))
    ]
    shared = range(int(later.time[0]) + 100 * HOUR, int(BTC.time[cut]) + 1)
    before, after = ([each for each in found if each.time.timestamp() in shared] for found in earlier)
    assert before == after and before


@pytest.mark.parametrize(("count", "kind"), [(300, "full"), (294, "closes_only")])
def test_a_served_hour_is_judged_as_in_the_evaluation(detectors, monitor, count, kind):
    whole = Market.of("BTC-USD", BTC, ETH)
    judged = Judge(ENGINE, UNCHANGED.of(kind), detectors.of_kind(kind), kind).judge(whole, 0.0)
    for end in (400, 550, 699):
        part = slice(end - count + 1, end + 1)
        report = monitor.report(snapshot(BTC[part]), 1, 10, snapshot(ETH[part], "ETH-USD"))
        at = int(np.searchsorted(judged.rows, end - 1))
        assert report.newest.input == kind
        assert report.newest.tail_probability == pytest.approx(judged.scores[at], rel=1e-3)


def test_two_spikes_within_six_hours_are_one_anomaly(monitor):
    sigma = volatility(BTC, 8)
    path = 10 * sigma * np.array([1.0, 1, 1, 0, 0, 0])
    report = monitor.report(snapshot(moved(BTC[-300:], path)), 24, 10)
    assert [each.time for each in report.anomalies] == [utc(NOON - 5 * HOUR)]


@pytest.mark.parametrize("asked", [1, 2, 5])
def test_an_alarm_before_the_hours_that_are_shown_still_stands(monitor, asked):
    path = 10 * volatility(BTC, 8) * np.array([1.0, 1, 1, 1, 1, 4])
    report = monitor.report(snapshot(moved(BTC[-300:], path)), asked, 10)
    assert report.newest.anomalous and report.anomalies == ()


def test_a_monitor_remembers_how_heavy_the_tails_have_been(detectors):
    log = np.log(BTC.close).copy()
    log[70:390:30] += 0.05  # a jump back and forth every thirty hours, none in the newest 300
    wild = np.exp(log)
    candles = Candles(BTC.time, wild, wild, wild, wild, BTC.volume)
    fresh, old = Monitor(ENGINE, UNCHANGED, detectors), Monitor(ENGINE, UNCHANGED, detectors)
    for end in (300, 400):
        old.report(snapshot(candles[end - 300 : end]), 1, 10)
    newest = snapshot(moved(candles[-300:], np.array([5 * volatility(candles, 1)])))
    assert old.report(newest, 1, 10).newest.once_in_days < fresh.report(newest, 1, 10).newest.once_in_days
    elsewhere = Snapshot(**{name: getattr(newest, name) for name in newest.__slots__} | {"source": "kraken"})
    assert old.report(elsewhere, 1, 10) == fresh.report(elsewhere, 1, 10)


def test_the_same_candles_get_the_same_answer(monitor):
    first, second = (monitor.report(snapshot(BTC[-300:]), 100, 3, snapshot(ETH, "ETH-USD")) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("factor", [1e-8, 1e8])
def test_the_price_level_does_not_matter(monitor, factor):
    here = monitor.report(snapshot(BTC[-300:]), 24, 10).newest
    there = monitor.report(snapshot(scaled(BTC[-300:], factor), source="kraken"), 24, 10).newest
    assert there.once_in_days == pytest.approx(here.once_in_days, rel=1e-3)
    assert there.expected_low == pytest.approx(factor * here.expected_low, rel=1e-5)


@pytest.mark.parametrize(("count", "hours"), [(66, 1), (100, 35), (300, 235)])
def test_as_many_hours_are_judged_as_the_candles_allow(monitor, count, hours):
    report = monitor.report(snapshot(BTC[-count:]), 235, 10)
    assert report.hours == hours
    assert (ForecastWarning.CLOSES_ONLY in report.warnings) == (count < 295)


def test_hours_without_a_trade_are_flagged(monitor):
    candles = Candles.from_rows([row for index, row in enumerate(BTC[-300:].rows()) if index not in (150, 280, 281)])
    report = monitor.report(snapshot(candles), 1, 10)
    assert ForecastWarning.GAPS_FILLED in report.warnings
    assert report.notes == ("3 of the last 295 hours had no trade and were filled forward",)


@pytest.mark.parametrize(("at", "factor"), [(-1, 1e-3), (-1, 1e3), (-20, 1e3), (3, 1e3), (-1, 1.0)])
def test_a_frozen_or_broken_market_gives_finite_numbers(monitor, at, factor):
    close = np.full(300, 5.0)
    close[at] *= factor
    candles = Candles.from_rows([(NOON - HOUR * (300 - i), *[c] * 4, 1.0) for i, c in enumerate(close)])
    newest = monitor.report(snapshot(candles), 235, 10).newest
    assert newest.anomalous == (at == -1 and factor != 1)


@pytest.mark.parametrize(
    ("count", "hours", "days", "words"),
    [
        (300, 0, 10, "Ask for 1 to 235 hours"),
        (300, 236, 10, "Ask for 1 to 235 hours"),
        (300, 24, 0.5, "one in 1 to 365 days"),
        (300, 24, 366, "one in 1 to 365 days"),
        (65, 24, 10, "needs 66 hours of candles and got 65"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_what_to_do(monitor, count, hours, days, words):
    with pytest.raises(InvalidInput, match=words):
        monitor.report(snapshot(BTC[-count:]), hours, days)


def test_too_long_a_gap_is_refused(monitor):
    with pytest.raises(InvalidInput, match="More than 6 hours in a row"):
        monitor.report(snapshot(Candles.from_rows([*BTC.rows()[:670], *BTC.rows()[677:]])), 24, 10)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0.1, "several times a day"),
        (1.2, "about once a day"),
        (1.6, "about once in 2 days"),
        (12.4, "about once in 12 days"),
        (100, "about once in 3 months"),
        (1000, "less than once in a year"),
    ],
)
def test_rarity_is_told_in_words(days, words):
    assert in_words(days) == words


def test_who_looks_twelve_times_an_hour_shares_one_budget_among_the_looks(detectors):
    once, often = (
        Monitor(ENGINE, UNCHANGED, detectors).report(snapshot(BTC[-300:]), 235, 2, often=looks)
        for looks in (False, True)
    )
    assert often.newest.once_in_days == pytest.approx(once.newest.once_in_days / LOOKS)
    assert often.expected_alarms == pytest.approx(once.expected_alarms / LOOKS)
    assert len(often.anomalies) <= len(once.anomalies)


def test_hours_that_end_at_one_minute_are_compared_with_those_that_end_at_it_alone(monitor, detectors):
    half_past = Candles(BTC.time + 1800, *BTC[:].columns()[1:])
    wild = np.exp(np.log(BTC.close) + np.cumsum(0.05 * np.random.default_rng(5).standard_normal(len(BTC))))
    for count in (400, 500, 600):
        monitor.report(snapshot(Candles(BTC.time, wild, wild, wild, wild, BTC.volume)[count - 300 : count]), 24, 10)
    alone = Monitor(ENGINE, UNCHANGED, detectors).report(snapshot(half_past[-300:]), 24, 10)
    assert monitor.report(snapshot(half_past[-300:]), 24, 10) == alone


@pytest.mark.parametrize(("count", "hours"), [(721, 54), (300, 19), (60, -1)])
def test_five_minutes_are_enough_for_the_hours_whose_moves_lie_within_them(count, hours):
    fine = five_minutes_of(BTC)[-count:]
    assert within(Snapshot("BTC-USD", "bitstamp", "USD", fine, float(fine.end))) == hours
