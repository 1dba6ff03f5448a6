"""What cards hand to their charts, and the card of a span of candles."""

import json
import re
from html import unescape

import pytest

from assistant.agent import ToolFinished
from assistant.page.cards import forecast_card, span_card
from assistant.page.transcript import Reply, for_browser, found_again
from forecaster.schema import STEPS
from tests.support.fakes import LAST_CLOSE, NOON, FakeBackend
from tools import ForecastAnswer
from tools.candles import GET_CANDLES, CandleArguments, SpanAnswer


def data(card):
    """The JSON in the card's chart."""
    (found,) = re.findall(r'<div class="chart"><span content="([^"]*)"></span>', card)
    return json.loads(unescape(found))


async def forecast(hours, threshold=None, candles=48):
    backend = FakeBackend(longest=24)
    recent = (await backend.candles("BTC-USD", candles)).candles if candles else ()
    return ForecastAnswer(forecast=await backend.forecast("BTC-USD", hours), recent=recent, threshold=threshold)


async def test_a_forecast_hands_over_its_bands_as_they_are():
    answer = await forecast(3)
    found = data(forecast_card(answer))
    assert found["price"] == [int(answer.forecast.price_time.timestamp()), answer.forecast.last_price]
    for point, horizon in zip(found["horizons"], answer.forecast.horizons, strict=True):
        assert point[0] == horizon.target_time.timestamp()
        assert point[1:] == pytest.approx([horizon.quantiles[level] for level in LEVELS], abs=0.006)
        assert point[1:] == sorted(point[1:])


LEVELS = ("0.025", "0.10", "0.25", "0.50", "0.75", "0.90", "0.975")


@pytest.mark.parametrize(("hours", "step", "span"), [(1, "5m", 6), (4, "5m", 6), (5, "1h", 48), (24, "1h", 48)])
async def test_what_is_near_is_shown_by_five_minutes_and_what_is_far_by_hours(hours, step, span):
    found = data(forecast_card(await forecast(hours)))
    assert (found["step"], found["hours"]) == (step, span)
    assert step in STEPS


async def test_a_price_that_was_asked_about_is_a_line_and_without_candles_there_is_no_chart():
    assert data(forecast_card(await forecast(1, threshold=70_100.0)))["thresholds"] == [70_100.0]
    assert 'class="chart"' not in forecast_card(await forecast(1, candles=0))


async def span(**arguments):
    return (await GET_CANDLES.run(FakeBackend(), CandleArguments(symbol="BTC-USD", **arguments))).data


async def test_a_span_of_candles_is_a_picture_and_a_chart_of_the_same():
    card = span_card(await span(hours=168))
    found = data(card)
    assert (found["step"], found["hours"], found["price"]) == ("1h", 168, [NOON, LAST_CLOSE])
    assert "from" not in found
    assert "from 12:00 UTC on 12 March to 12:00 UTC" in card
    assert "168 candles of BTC-USD between $" in card
    assert card.startswith("<section ") and "\n" not in card


async def test_a_span_that_ended_before_names_both_ends():
    answer = await span(start="2026-03-18T00:00Z", end="2026-03-18T12:00Z")
    assert isinstance(answer, SpanAnswer)
    found = data(span_card(answer))
    assert found["to"] - found["from"] == 12 * 3600
    assert found["hours"] == 36


async def test_one_candle_is_no_picture():
    hour = await span(hours=1)
    assert span_card(hour).count("span-card") == 1
    alone = hour.span.model_copy(update={"candles": hour.span.candles[:1]})
    assert span_card(hour.model_copy(update={"span": alone})) == ""


async def test_the_page_shows_a_span_once_and_takes_it_back_from_a_browsers_store():
    reply, answer = Reply(), await span(hours=24)
    for _ in range(2):
        reply.add(ToolFinished("1", "get_candles", True, "{}", 0.1, answer))
    shown = reply.messages()
    assert [each["content"][:40] for each in shown] == ['<section class="forecast-card span-card"']
    stored = json.loads(for_browser([{"role": "user", "content": "btc chart"}, *shown], True))
    assert found_again(json.dumps([stored])).messages[1]["content"] == shown[0]["content"]
