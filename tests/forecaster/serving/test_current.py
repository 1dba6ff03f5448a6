"""The forecast that stands: one for each candle, whoever asks and however often, until another model serves."""

from dataclasses import replace

import numpy as np
import pytest

from forecaster.errors import ArtifactError, NoCandles
from forecaster.inference.window import Window
from forecaster.ledger.history import Past
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, ForecastWarning
from forecaster.serving.backend import LocalBackend
from forecaster.serving.current import Standing
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON, HoursAlone

BTC, ETH = market(600, seed=1), market(600, seed=2, start=1_500.0)


def snapshot(count=300, age=240.0, symbol="BTC-USD", candles=BTC, **changes):
    """What was known `age` seconds after the first `count` hours had closed."""
    part = candles[count - 300 : count]
    now = float(part.time[-1] + HOUR) + age
    return replace(Snapshot(symbol, "bitstamp", "USD", part, now), **changes)


def test_the_first_forecast_of_a_candle_stands_even_where_more_is_known_later(shipped):
    standing = Standing(shipped)
    issued, told = standing.forecast(Window(snapshot()))
    later, again = standing.forecast(Window(snapshot(age=900.0), snapshot(symbol="ETH-USD", candles=ETH)))
    assert issued is told is later
    assert again.horizons == issued.horizons and again.id == issued.id
    assert (issued.age_seconds, again.age_seconds) == (240, 900)


def test_the_next_candle_has_a_forecast_of_its_own(shipped):
    standing = Standing(shipped)
    first, _ = standing.forecast(Window(snapshot(300)))
    second, _ = standing.forecast(Window(snapshot(301)))
    assert second.as_of > first.as_of and second.id != first.id


def test_symbols_and_sources_stand_for_themselves(shipped):
    standing = Standing(shipped)
    ids = {
        standing.forecast(Window(each))[0].id
        for each in (snapshot(), snapshot(source="kraken"), snapshot(symbol="ETH-USD", candles=ETH))
    }
    assert len(ids) == 3


def test_a_warning_of_the_source_comes_and_goes_and_those_of_the_model_stay(shipped):
    standing = Standing(shipped)
    few = replace(snapshot(), candles=BTC[200:300])
    stale = {"warnings": (ForecastWarning.STALE_CANDLES,), "notes": ("old",)}
    _, fresh = standing.forecast(Window(few))
    _, late = standing.forecast(Window(replace(few, now=few.now + 5000, **stale)))
    _, again = standing.forecast(Window(replace(few, now=few.now + 10)))
    assert fresh.warnings == again.warnings == (ForecastWarning.CLOSES_ONLY,)
    assert late.warnings == (ForecastWarning.STALE_CANDLES, ForecastWarning.CLOSES_ONLY)
    assert late.notes == ("old", *fresh.notes)


def test_a_model_without_detectors_has_no_monitor(classic, shipped):
    with pytest.raises(ArtifactError, match="does not judge anomalies"):
        Standing(classic).live_monitor  # noqa: B018
    standing = Standing(shipped)
    assert standing.live_monitor is standing.live_monitor
    assert standing.new_monitor() is not standing.live_monitor


class Slow(HoursAlone):
    """A source whose answer waits until a test has done something."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    async def latest(self, symbol, hours):
        if symbol == "ETH-USD":
            raise NoCandles(symbol, ())
        self.meanwhile()
        return snapshot(count=600)

    async def close(self):
        pass


async def test_what_was_begun_with_a_model_ends_with_it(shipped, classic):
    backend = LocalBackend(Slow(lambda: backend.serve(classic)), shipped)
    begun = await backend.forecast("BTC-USD", 3)
    assert begun.model == shipped.ref and len(begun.horizons) == 3
    assert (await backend.forecast("BTC-USD", 1)).model == classic.ref
    assert int(begun.as_of.timestamp()) == NOON


def past(*issued):
    """What a ledger kept: nothing to learn from yet, and these forecasts to wait for."""
    none = np.array([], dtype=np.int64)
    return Past(none, none.astype(np.str_), none, none.astype(np.float64), tuple((each, 0) for each in issued))


def test_a_process_that_starts_goes_on_with_the_forecast_that_was_issued_this_hour(shipped):
    before, after = Standing(shipped), Standing(shipped)
    stale = {"warnings": (ForecastWarning.STALE_CANDLES,), "notes": ("old",)}
    issued, _ = before.forecast(Window(snapshot(**stale)))
    assert after.is_new("BTC-USD", "bitstamp")
    after.restore("BTC-USD", "bitstamp", past(issued))
    assert not after.is_new("BTC-USD", "bitstamp")
    stands, told = after.forecast(Window(snapshot(age=600.0), snapshot(symbol="ETH-USD", candles=ETH)))
    assert stands == issued
    assert (told.horizons, told.id, told.age_seconds, told.warnings) == (issued.horizons, issued.id, 600, ())
    following, _ = after.forecast(Window(snapshot(301)))
    assert following.id != issued.id


@pytest.mark.parametrize("known", [None, past()], ids=["no ledger", "an empty one"])
def test_without_a_past_the_first_forecast_is_the_models_own(shipped, known):
    standing = Standing(shipped)
    standing.restore("BTC-USD", "bitstamp", known)
    assert standing.forecast(Window(snapshot()))[0] == shipped.standing(Window(snapshot()))


def test_a_forecast_of_an_earlier_hour_teaches_the_bands_and_does_not_stand(shipped):
    alone, taught = Standing(shipped), Standing(shipped)
    earlier, _ = alone.forecast(Window(snapshot(300)))
    taught.restore("BTC-USD", "bitstamp", past(earlier))
    assert taught.forecast(Window(snapshot(301))) == alone.forecast(Window(snapshot(301)))
    assert taught.forecast(Window(snapshot(301)))[0].horizons != shipped.standing(Window(snapshot(301))).horizons


def test_only_the_first_restoring_counts(shipped):
    standing = Standing(shipped)
    standing.restore("BTC-USD", "bitstamp", None)
    issued, _ = Standing(shipped).forecast(Window(snapshot(), snapshot(symbol="ETH-USD", candles=ETH)))
    standing.restore("BTC-USD", "bitstamp", past(issued))
    assert standing.forecast(Window(snapshot()))[0].horizons != issued.horizons
