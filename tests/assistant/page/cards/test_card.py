"""The forecast card and its picture: what they say, that they say it to scale, and that no text breaks out of them."""

import base64
import json
import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.page.cards.card import forecast_card
from assistant.page.cards.fan_chart import HEIGHT, WIDTH, Frame, svg
from assistant.replies.wording import SIMULATED, ago, money, percent
from forecaster.schema import Candle, Forecast, ForecastWarning, Skill
from tests.support.conversations import focused, said
from tests.support.fakes import LAST_CLOSE, FakeBackend
from tools.forecast import ForecastAnswer


async def answer(
    hours: int | None = 1,
    *,
    minutes: int | None = None,
    minute: int = 0,
    source: str = "bitstamp",
    candles: int = 48,
    **changes: object,
) -> ForecastAnswer:
    backend = FakeBackend(source=source, longest=24, minute=minute)
    forecast = await backend.forecast("BTC-USD", None if minutes else hours, minutes=minutes)
    recent = (await backend.candles("BTC-USD", candles)).candles if candles else ()
    return ForecastAnswer(forecast=Forecast(**(dict(forecast) | changes)), recent=recent)


def parsed(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html)


def words(element: ElementTree.Element) -> str:
    return " ".join(" ".join(element.itertext()).replace("\u00a0", " ").split())


def found(card: ElementTree.Element, kind: str) -> ElementTree.Element:
    return next(element for element in card.iter() if kind in (element.tag, element.get("class")))


def style(element: ElementTree.Element) -> dict[str, float]:
    """The percentages of a style attribute, as shares."""
    pairs = re.findall(r"([a-z]+):(-?[\d.]+)%", element.get("style") or "")
    return {name: float(value) / 100 for name, value in pairs}


def shifted(forecast: Forecast, factor: float) -> dict[str, object]:
    """The horizons of a forecast, `factor` times higher."""
    return {
        "horizons": tuple(
            horizon.model_copy(
                update={
                    "median": horizon.median * factor,
                    "quantiles": {level: price * factor for level, price in horizon.quantiles.items()},
                }
            )
            for horizon in forecast.horizons
        )
    }


async def test_the_80_percent_range_is_the_headline():
    shown = await answer()
    quantiles = shown.forecast.horizons[0].quantiles
    headline = words(found(parsed(forecast_card(shown)), "range"))
    assert headline.startswith(f"${quantiles['0.10']:,.0f} to ${quantiles['0.90']:,.0f} ")


async def test_the_header_says_what_and_until_when():
    assert words(found(parsed(forecast_card(await answer())), "header")) == ("BTC-USD at 13:00 UTC from 12:00 UTC")
    assert words(found(parsed(forecast_card(await answer(24))), "header")) == (
        "BTC-USD at 12:00 UTC on 20 March from 12:00 UTC"
    )


async def test_a_forecast_from_within_the_hour_shows_that_minute_in_words_picture_and_sources():
    card = parsed(forecast_card(await answer(minutes=60, minute=40)))
    assert words(found(card, "header")) == "BTC-USD at 13:40 UTC from 12:42 UTC"
    assert "last price $69,970.25" in words(card) and "candles to 12:40 UTC on 19 March 2026" in words(card)
    assert "the price $69,970.25 at 12:42 UTC; then the forecast for 13:40 UTC" in (found(card, "img").get("alt") or "")
    assert [words(each) for each in found(card, "times")] == ["12:00 UTC on 17 March", "12:42", "13:40"]
    told = json.loads(card[-1].get("content") or "")
    assert (told["minutes"], told["target_time"], told["as_of"]) == (60, "2026-03-19T13:40Z", "2026-03-19T12:40Z")
    assert (told["price"], told["price_time"]) == (69_970.25, "2026-03-19T12:42Z")


async def test_a_forecast_from_hours_alone_names_its_time_and_no_minutes_from_now():
    shown = await answer(warnings=(ForecastWarning.HOURLY,))
    card = parsed(forecast_card(shown))
    assert words(found(card, "header")) == "BTC-USD at 13:00 UTC from 12:00 UTC"
    assert "the minutes since the last one are not in this" in words(found(card, "cautions"))
    noted = shown.forecast.model_copy(update={"notes": ("no five-minute candles could be had",)})
    cautions = words(found(parsed(forecast_card(shown.model_copy(update={"forecast": noted}))), "cautions"))
    assert (
        "No five-minute candles could be had." in cautions
        and "the minutes since the last one are not in this" not in cautions
    )


async def test_a_band_that_held_less_than_it_should_is_not_called_8_in_10():
    headline = words(found(parsed(forecast_card(await answer())), "range"))
    assert headline.endswith("meant for 8 times in 10, held 52 % of unseen hours")
    kept = await answer(coverage={"80": 0.797})
    assert words(found(parsed(forecast_card(kept)), "range")).endswith(" 8 times in 10")


async def test_four_facts_stand_under_the_bar():
    facts = found(parsed(forecast_card(await answer())), "dl")
    assert [words(fact) for fact in facts] == [
        "chance of going up 51 %",
        "typical move ±0.32 %",
        "beside “no change” 12 times the error 12 to 13, 21,765 h",
        "80 % ranges held 52 %",
    ]


async def test_a_price_that_was_asked_about_has_its_chance_and_its_mark():
    shown = await answer()
    horizon = shown.forecast.horizons[0].model_copy(update={"probability_above": 0.42})
    above = shown.forecast.model_copy(update={"horizons": (horizon,)})
    card = parsed(forecast_card(shown.model_copy(update={"forecast": above, "threshold": horizon.median})))
    facts = [words(fact) for fact in found(card, "dl")]
    assert facts[:2] == [
        f"chance of closing above ${horizon.median:,.2f} 42 %",
        f"chance of closing below ${horizon.median:,.2f} 58 %",
    ]
    assert len(facts) == 6
    quantiles = horizon.quantiles
    at = (horizon.median - quantiles["0.025"]) / (quantiles["0.975"] - quantiles["0.025"])
    assert style(found(found(card, "bar"), "s"))["left"] == pytest.approx(at, abs=0.001)


@pytest.mark.parametrize(("at_most", "told"), [(True, "under 6 %"), (False, "5 %")])
def test_a_touch_of_which_only_a_bound_is_known_is_told_as_in_words(at_most, told):
    odds = focused.odds(above=0.025, below=0.975, touch=0.052, touch_at_most=at_most, touch_known=True)
    card = parsed(forecast_card(focused.forecast(odds, threshold=90_000.0, touch=True)))
    assert f"chance of touching $90,000 on the way {told}" in words(found(card, "dl"))


@pytest.mark.parametrize(("probability", "said"), [(0.025, "under 3 %"), (0.975, "over 97 %")])
async def test_beyond_the_outermost_quantiles_no_chance_is_made_up(probability, said):
    shown = await answer()
    horizon = shown.forecast.horizons[0].model_copy(update={"probability_above": probability})
    above = shown.forecast.model_copy(update={"horizons": (horizon,)})
    card = parsed(forecast_card(shown.model_copy(update={"forecast": above, "threshold": 200_000.0})))
    assert words(found(card, "dl")).startswith(f"chance of closing above $200,000 {said} ")
    assert "s" not in [element.tag for element in found(card, "bar")]


async def test_a_model_worse_than_no_change_is_called_that_and_a_better_one_is_not():
    assert 'error was 12 times that of "no change"' in words(parsed(forecast_card(await answer())))
    better = Skill(metric="mae", value=0.006, ci_low=0.004, ci_high=0.008, n=20_068, baseline="persistence")
    card = parsed(forecast_card(await answer(skill=better)))
    assert "0.6 % better +0.4 % to +0.8 %, 20,068 h" in words(found(card, "dl"))
    assert "cautions" not in [element.get("class") for element in card.iter()]


async def test_the_sources_name_exchange_candle_age_and_model():
    footer = found(parsed(forecast_card(await answer())), "footer")
    assert [words(chip) for chip in footer] == [
        "Bitstamp, USD",
        "candles to 12:00 UTC on 19 March 2026, 4 minutes before this answer",
        "classic 1.0",
    ]


async def test_simulated_prices_are_called_that_before_anything_else():
    card = parsed(forecast_card(await answer(source="demo")))
    assert words(card[0]) == SIMULATED
    assert SIMULATED not in words(parsed(forecast_card(await answer())))


async def test_warnings_and_notes_are_said_in_words():
    shown = await answer(warnings=(ForecastWarning.STALE_CANDLES,), notes=("kraken timed out",))
    cautions = words(found(parsed(forecast_card(shown)), "cautions"))
    assert "The newest candle is old" in cautions
    assert "Kraken timed out." in cautions
    assert "stale_candles" not in cautions


async def test_a_quote_without_a_sign_is_named_once():
    headline = words(found(parsed(forecast_card(await answer(quote="USDT"))), "range"))
    assert re.match(r"[\d,]+ to [\d,]+ USDT ", headline)


@pytest.mark.parametrize(
    "evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b", "]]>", "a\n\n# b"]
)
async def test_no_text_breaks_out_of_the_card(evil):
    shown = await answer(notes=(evil,), source=evil, quote=evil)
    shown = shown.model_copy(
        update={
            "forecast": shown.forecast.model_copy(
                update={"model": shown.forecast.model.model_copy(update={"name": evil})}
            )
        }
    )
    html = forecast_card(shown)
    card = parsed(html)  # well-formed
    assert "\n" not in html
    plain = parsed(forecast_card(await answer(notes=("x",))))
    assert [element.tag for element in card.iter()] == [element.tag for element in plain.iter()]
    assert " ".join(evil.split()) in words(found(card, "footer"))


@given(factor=st.floats(0.3, 3.0))
async def test_the_bar_is_to_scale_wherever_the_forecast_lies(factor):
    shown = await answer()
    shown = await answer(**shifted(shown.forecast, factor))
    bar = found(parsed(forecast_card(shown)), "bar")
    quantiles = shown.forecast.horizons[0].quantiles
    left, right = min(quantiles["0.025"], LAST_CLOSE), max(quantiles["0.975"], LAST_CLOSE)
    for element, low, high in zip(bar, ("0.025", "0.10", "0.25"), ("0.975", "0.90", "0.75"), strict=False):
        drawn = style(element)
        assert drawn["left"] == pytest.approx((quantiles[low] - left) / (right - left), abs=0.001)
        assert drawn["width"] == pytest.approx((quantiles[high] - quantiles[low]) / (right - left), abs=0.001)
    assert style(found(bar, "u"))["left"] == pytest.approx((LAST_CLOSE - left) / (right - left), abs=0.001)


async def test_a_screen_reader_gets_the_bands_and_the_picture_in_words():
    card = parsed(forecast_card(await answer()))
    bar = found(card, "bar")
    assert bar.get("role") == "img"
    assert re.search(r"80.% between \$69,622 and \$70,294; .* last close \$69,930.25", bar.get("title") or "")
    assert "48 hourly candles of BTC-USD between" in (found(card, "img").get("alt") or "")


def drawing(card: ElementTree.Element) -> ElementTree.Element:
    source = found(card, "img").get("src") or ""
    return ElementTree.fromstring(base64.b64decode(source.removeprefix("data:image/svg+xml;base64,")))


@pytest.mark.parametrize(("candles", "hours"), [(1, 1), (48, 1), (48, 24)])
async def test_the_picture_shows_every_candle_and_every_band(candles, hours):
    picture = drawing(parsed(forecast_card(await answer(hours, candles=candles))))
    wicks, rising, falling, *bands, median = picture
    assert (wicks.get("d") or "").count("M") == 2 * candles
    assert sum((path.get("d") or "").count("z") for path in (rising, falling)) == candles
    assert [len((band.get("points") or "").split()) for band in bands] == [1 + 2 * hours] * 3
    assert len((median.get("points") or "").split()) == 1 + hours


async def test_the_picture_leads_from_the_last_full_hour_to_the_newest_price_and_through_every_horizon():
    shown = await answer(minutes=60, minute=40)
    frame = Frame.around(shown.recent, shown.forecast)
    *_, since, wide, _, _, median = drawing(parsed(forecast_card(shown)))
    ways = [tuple(map(float, point.split(","))) for point in (since.get("d") or "").removeprefix("M").split()]
    assert ways[-1] == pytest.approx((frame.divide * WIDTH, frame.y(LAST_CLOSE + 40) * HEIGHT), abs=0.1)
    closed = shown.recent[-1].open_time + timedelta(hours=1)
    assert ways[0] == pytest.approx((frame.x(closed.timestamp()) * WIDTH, frame.y(LAST_CLOSE) * HEIGHT), abs=0.1)
    assert len((median.get("points") or "").split()) == 1 + 4  # 15, 30, 45, 60 minutes
    assert len((wide.get("points") or "").split()) == 1 + 2 * 4


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.5])
async def test_the_picture_stays_inside_its_frame(factor):
    shown = await answer(6)
    shown = await answer(6, **shifted(shown.forecast, factor))
    text = svg(shown.recent, shown.forecast, Frame.around(shown.recent, shown.forecast))
    for points in re.findall(r'points="([^"]+)"', text):
        for point in points.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


async def test_gridlines_stand_where_the_picture_draws_their_price():
    shown = await answer()
    frame = Frame.around(shown.recent, shown.forecast)
    ticks = found(parsed(forecast_card(shown)), "ticks")
    prices = [float(words(label).replace(",", "")) for label in ticks if label.tag == "span"]
    assert 3 <= len(prices) <= 6
    for line, price in zip((line for line in ticks if line.tag == "i"), prices, strict=True):
        position = float((line.get("style") or "").removeprefix("top:").removesuffix("%")) / 100
        assert position == pytest.approx(frame.y(price), abs=0.0001)
        assert 0 < position < 1


async def test_past_and_future_meet_at_the_last_close():
    shown = await answer()
    frame = Frame.around(shown.recent, shown.forecast)
    assert frame.x(shown.forecast.as_of.timestamp()) == frame.divide
    assert frame.x(shown.recent[0].open_time.timestamp()) == 0
    assert frame.x(shown.forecast.horizons[-1].target_time.timestamp()) == 1
    *_, median = drawing(parsed(forecast_card(shown)))
    x, y = map(float, (median.get("points") or "").split()[0].split(","))
    assert (x, y) == pytest.approx((frame.divide * WIDTH, frame.y(LAST_CLOSE) * HEIGHT), abs=0.1)


async def test_without_candles_the_card_has_no_picture():
    card = parsed(forecast_card(await answer(candles=0)))
    assert "figure" not in [element.tag for element in card.iter()]
    assert words(found(card, "range"))


async def test_a_gap_in_the_candles_stays_a_gap():
    shown = await answer()
    gapped = (*shown.recent[:10], *shown.recent[30:])
    frame = Frame.around(gapped, shown.forecast)
    before, after = (frame.x(candle.open_time.timestamp()) for candle in gapped[9:11])
    hour = frame.x((gapped[0].open_time + timedelta(hours=1)).timestamp())
    assert after - before == pytest.approx(21 * hour)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (money(69_930.25, "USD"), "$69,930.25"),
        (money(69_930.25, "USDT", 0), "69,930 USDT"),
        (percent(0.6, sign=True), "+0.6 %"),
        (percent(-1126.4, 0, sign=True), "\u22121,126 %"),
        (percent(-0.001, 2, sign=True), "0.00 %"),
        (ago(0), "1 min"),
        (ago(240), "4 min"),
        (ago(2 * 3600), "2 h"),
        (ago(3 * 86_400), "3 days"),
    ],
)
def test_numbers_read_as_people_write_them(text, expected):
    assert text.replace("\u00a0", " ") == expected


async def test_a_price_of_cents_keeps_its_decimals_in_words_at_the_axis_and_for_programs():
    doge = await said.tiny("DOGE-USD", 0.15234)
    small = doge.model_copy(update={"recent": tuple(scaled(candle, 0.15234 / LAST_CLOSE) for candle in doge.recent)})
    card = parsed(forecast_card(small))
    shown = words(card)
    assert "$0.15167 to $0.15313" in shown and "middle $0.15240" in shown and "last close $0.15234" in shown
    assert "above $0.20" in shown
    ticks = [words(each) for each in found(card, "ticks").iter("span")]
    assert len(set(ticks)) == len(ticks) >= 3 and all(re.fullmatch(r"0\.\d{3,5}", tick) for tick in ticks)
    told = json.loads(card[-1].get("content") or "")
    assert (told["median"], told["range_80"]) == (0.1524, [0.15167, 0.15313])


def scaled(candle: Candle, share: float) -> Candle:
    return candle.model_copy(update={each: getattr(candle, each) * share for each in ("open", "high", "low", "close")})


async def test_the_card_says_once_that_the_record_is_another_coins():
    shown = words(parsed(forecast_card(await said.ungraded("SOL-USD"))))
    assert shown.count("was not graded on Solana; its record is that of Bitcoin.") == 1
    assert "measured on another coin" not in shown
