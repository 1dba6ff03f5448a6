"""The parts put together: what chat and API share, and who answers where another machine is named."""

import asyncio

import pytest

from composition import Composition
from forecaster.errors import ArtifactError, NoCandles
from forecaster.schema import ForecastWarning
from forecaster.settings import Settings
from tests.support.fakes import LAST_CLOSE
from tests.support.service.v1 import closes


@pytest.fixture
async def parts():
    """As `python app.py` has them, without any setting of a source."""
    parts = Composition(Settings())
    yield parts
    await parts.close()


async def test_chat_and_api_ask_an_exchange_once_for_both(exchanges, parts):
    told = await parts.backend.price("BTC-USD"), await parts.api.price("BTC-USD")
    assert [each.last_close for each in told] == [LAST_CLOSE] * 2
    assert told[0].price == told[1].price
    assert exchanges.calls["bitstamp"] == 3  # hours, five minutes and the last trade


async def test_chat_and_api_give_the_same_forecast_which_is_kept_once(exchanges, parts):
    first = await parts.api.forecast("BTC-USD", 24)
    exchanges.now += 600  # the other symbol may be known by then, or not: what was issued stands
    assert (await parts.backend.forecast("BTC-USD", 24)).horizons == first.horizons
    page = await parts.api.history(None, None, None, 10)
    assert [kept.forecast.id for kept in page.forecasts] == [first.id]


async def test_without_an_exchange_the_chat_has_simulated_prices_and_the_api_none(exchanges, parts):
    exchanges.stop()
    assert (await parts.backend.price("BTC-USD")).warnings == (ForecastWarning.DEMO_DATA,)
    for ask in (parts.api.price("BTC-USD"), parts.api.forecast("BTC-USD", 1), parts.api.candles("BTC-USD", 24)):
        with pytest.raises(NoCandles, match=r"bitstamp.*coinbase.*kraken.*binance"):
            await ask
    assert await parts.api.next_close(closes()) > 0  # which needs no source


@pytest.mark.parametrize("source", ["auto", "demo"])
async def test_a_source_that_settings_name_is_that_of_the_api_too(source, exchanges, monkeypatch):
    exchanges.stop()
    monkeypatch.setenv("CRYPTOSENSE_SOURCE", source)
    parts = Composition(Settings())
    assert (await parts.api.price("BTC-USD")).source == "demo"
    await parts.close()


async def test_a_new_model_answers_in_both(exchanges, parts, classic):
    for backend in (parts.backend, parts.api):
        assert (await backend.facts()).recipe == "quantile"
    parts.local.serve(classic)
    for backend in (parts.backend, parts.api):
        assert (await backend.facts()).recipe == "classic"


async def test_a_model_is_needed_unless_another_machine_is_named(tmp_path):
    gone = tmp_path / "gone"
    with pytest.raises(ArtifactError):
        Composition(Settings(model_dir=gone))
    await Composition(Settings(model_dir=gone, backend_url="http://127.0.0.1:9")).close()


async def test_a_model_that_is_broken_is_told_even_where_another_machine_is_named(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ArtifactError):
        Composition(Settings(model_dir=tmp_path, backend_url="http://127.0.0.1:9"))


async def test_with_a_model_of_its_own_this_machine_answers_for_a_silent_one_and_says_so(exchanges):
    parts = Composition(Settings(backend_url="http://127.0.0.1:9"))
    for backend in (parts.backend, parts.api):
        told = await backend.forecast("BTC-USD", 1)
        assert (told.source, told.warnings[-1]) == ("bitstamp", ForecastWarning.BACKEND_FALLBACK)
        assert await backend.next_close(closes()) > 0
    await parts.close()


@pytest.mark.parametrize("away", [False, True])
async def test_at_start_the_log_says_whether_an_exchange_answered(away, exchanges, parts, caplog):
    if away:
        exchanges.stop()
    stop = asyncio.Event()
    with caplog.at_level("INFO", "composition"):
        work = asyncio.create_task(parts.work(stop))
        async with asyncio.timeout(30):
            while not (said := [line.getMessage() for line in caplog.records if line.name == "composition"]):
                await asyncio.sleep(0.01)
    stop.set()
    await work
    expected = "At start no exchange gave a price of BTC-USD." if away else "At start bitstamp gave a price of BTC-USD"
    assert len(said) == 1 and said[0].startswith(expected)
