"""What each condition says of a situation, and when an alert tells."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from forecaster.alerts.alerts import Asked, Standing, Wanted
from forecaster.alerts.arming import step
from forecaster.alerts.conditions import Condition, LeavesRange, Situation
from forecaster.calibration import Touch
from forecaster.market import Quote
from forecaster.schema import HOUR
from tests.support.fakes import LAST_CLOSE, NOON, FakeBackend, surprise

ALWAYS_TWICE = Touch(up=(1.0,) * 24, down=(1.0,) * 24)


def condition(**asked):
    return TypeAdapter(Condition).validate_python(asked)


def trade(price):
    return Quote("BTC-USD", "bitstamp", "USD", price, NOON, NOON)


async def ahead(hours=24):
    return await FakeBackend(longest=24).forecast("BTC-USD", hours)


def alert(now=NOON, **wanted):
    wanted.setdefault("condition", {"kind": "price", "above": 100.0})
    return Asked(
        id="al_1",
        owner="alice",
        wanted=Wanted(symbol="BTC-USD", **wanted),
        paused=False,
        created=now,
        standing=Standing(),
    )


def told(asked, prices, every=60.0):
    """What is told of each price, and how the alert stands at the end."""
    found = []
    for number, price in enumerate(prices):
        now = NOON + every * number
        reading = asked.wanted.condition.reading(Situation(now=now, quote=trade(price)), asked.standing.range)
        made = step(asked, reading, now)
        found.append(made.status if made else None)
        asked = asked.model_copy(update={"standing": made.standing}) if made else asked
    return found, asked


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "price"},
        {"kind": "price", "above": 1.0, "below": 2.0},
        {"kind": "price", "above": -1.0},
        {"kind": "price", "above": float("inf")},
        {"kind": "price", "above": "100"},
        {"kind": "range", "percent": 50},
        {"kind": "range", "hours": 25},
        {"kind": "anomaly", "budget_days": 0},
        {"kind": "volatile"},
        {"kind": "reach", "price": 1.0, "chance": 1.0},
        {"kind": "reach", "price": 1.0, "chance": 0.04},
        {"kind": "moon"},
    ],
)
def test_what_is_no_condition_is_refused(asked):
    with pytest.raises(ValidationError):
        condition(**asked)


def test_an_alert_tells_once_and_again_only_after_the_price_went_back_by_the_margin():
    found, asked = told(alert(), [99.0, 100.5, 101.0, 99.95, 100.5, 99.8, 100.5])
    assert found == [None, "firing", None, None, None, None, "firing"]
    assert asked.standing.count == 2
    found, _ = told(alert(condition={"kind": "price", "below": 100.0}), [101.0, 99.0, 100.05, 99.0, 100.2, 99.0])
    assert found == [None, "firing", None, None, None, "firing"]


def test_an_alert_that_repeats_tells_while_it_holds():
    found, _ = told(alert(repeat_minutes=5), [101.0] * 11)
    assert [number for number, each in enumerate(found) if each] == [0, 5, 10]


def test_alertmanager_is_told_that_it_is_over():
    asked = alert(format="alertmanager", webhook="https://a.example/")
    assert told(asked, [101.0, 99.0, 101.0])[0] == ["firing", "resolved", "firing"]


async def test_the_range_of_one_forecast_is_kept_until_its_hour_has_closed():
    issued = await ahead()
    horizon = next(each for each in issued.horizons if each.minutes == 60)
    low, high = horizon.quantiles["0.10"], horizon.quantiles["0.90"]
    asked = condition(kind="range", percent=80, hours=1)
    now = issued.as_of.timestamp() + 240
    inside = asked.reading(Situation(now=now, quote=trade(LAST_CLOSE), forecast=issued), None)
    assert (inside.met, inside.cleared, inside.range.low, inside.range.high) == (False, True, low, high)
    moved = issued.model_copy(update={"id": "fc_2", "horizons": tuple(_moved(each, 1.5) for each in issued.horizons)})
    out = asked.reading(Situation(now=now + 60, quote=trade(high * 1.001), forecast=moved), inside.range)
    assert (out.met, out.range.forecast_id, out.forecast_id) == (True, issued.id, issued.id)
    assert "80 % range" in out.text
    edge = asked.reading(Situation(now=now + 60, quote=trade(high * 0.9999), forecast=moved), inside.range)
    assert not edge.met and not edge.cleared
    later = moved.model_copy(
        update={"horizons": tuple(each.model_copy(update={"target_time": _later(each)}) for each in moved.horizons)}
    )
    after = asked.reading(Situation(now=now + HOUR, quote=trade(high), forecast=later), inside.range)
    assert after.range.forecast_id == "fc_2"
    assert asked.reading(Situation(now=now + HOUR, quote=trade(high), forecast=issued), inside.range) is None


def _moved(horizon, factor):
    quantiles = {level: price * factor for level, price in horizon.quantiles.items()}
    return horizon.model_copy(update={"quantiles": quantiles, "median": horizon.median * factor})


def _later(horizon):
    return horizon.target_time + timedelta(hours=1)


async def test_a_touch_is_told_before_it_happens_and_is_likelier_than_a_close_beyond():
    issued = await ahead()
    horizon = next(each for each in issued.horizons if each.minutes == 360)
    price = horizon.quantiles["0.90"]
    asked = condition(kind="reach", price=price, hours=6, chance=0.15)
    at = Situation(now=NOON, forecast=issued, touch=ALWAYS_TWICE)
    found = asked.reading(at, None)
    assert found.met and found.value == pytest.approx(0.2, abs=0.01) and "trade at" in found.text
    untaught = asked.reading(Situation(now=NOON, forecast=issued), None)
    assert untaught.value == pytest.approx(0.1, abs=0.01) and "close beyond" in untaught.text
    far = condition(kind="reach", price=10 * price, hours=6, chance=0.05).reading(
        Situation(now=NOON, forecast=issued, touch=Touch(up=(2.0,) * 24, down=(2.0,) * 24)), None
    )
    assert far.cleared and not far.met  # beyond the outermost quantile nothing is known but that it is rare
    assert condition(kind="reach", price=price, hours=6, chance=0.21).reading(at, None).cleared is False
    assert condition(kind="reach", price=price, hours=6, chance=0.5).reading(at, None).cleared


async def test_volatility_is_the_typical_move_of_the_forecast():
    issued = await ahead()
    expected = next(each for each in issued.horizons if each.minutes == 60).expected_move_pct
    at = Situation(now=NOON, forecast=issued)
    assert condition(kind="volatile", above_pct=expected * 0.9).reading(at, None).met
    above = condition(kind="volatile", above_pct=expected * 1.01).reading(at, None)
    assert not above.met and not above.cleared
    assert condition(kind="volatile", above_pct=expected * 2).reading(at, None).cleared
    assert condition(kind="volatile", above_pct=1.0, hours=24).reading(Situation(now=NOON), None) is None


def test_an_anomaly_tells_once_in_six_hours():
    asked = alert(condition={"kind": "anomaly", "budget_days": 30})
    odd, calm = surprise(back=0, days=40.0), surprise(back=0, days=0.1).model_copy(update={"anomalous": False})
    odd = odd.model_copy(update={"anomalous": True})
    found = []
    for minutes, newest in ((0, odd), (5, calm), (10, odd), (359, calm), (361, calm), (365, odd)):
        now = NOON + 60.0 * minutes
        reading = asked.wanted.condition.reading(Situation(now=now, surprises={30: newest}), None)
        made = step(asked, reading, now)
        found.append(made.status if made else None)
        asked = asked.model_copy(update={"standing": made.standing}) if made else asked
    assert found == ["firing", None, None, None, None, "firing"]
    assert asked.wanted.condition.reading(Situation(now=NOON, surprises={10: odd}), None) is None


@pytest.mark.parametrize(
    "webhook",
    ["ftp://a.example/", "https://", "https://u:p@a.example/", "https://a.example/#x", "https://a.example:0/", "x"],
)
def test_what_is_no_address_is_refused(webhook):
    with pytest.raises(ValidationError):
        alert(webhook=webhook)


def test_alertmanagers_format_needs_a_webhook_and_a_note_is_one_line():
    with pytest.raises(ValidationError):
        alert(format="alertmanager")
    with pytest.raises(ValidationError):
        alert(note="a\nb")


def test_a_whole_number_is_one_however_json_writes_it():
    condition = {"kind": "range", "percent": 95.0, "hours": 23.0}
    asked = Wanted.model_validate({"symbol": "BTC-USD", "condition": condition, "repeat_minutes": 5.0})
    assert (asked.condition, asked.repeat_minutes) == (LeavesRange(kind="range", percent=95, hours=23), 5)
    for hours in (1.5, True, "2"):
        with pytest.raises(ValidationError):
            Wanted.model_validate({"symbol": "BTC-USD", "condition": condition | {"hours": hours}})
