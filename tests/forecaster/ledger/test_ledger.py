"""The ledger on both databases: what was issued stands, its own exchange settles it, pages leave nothing out."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from sqlalchemy import Engine, event, text

from forecaster.errors import ConfigurationError, InvalidInput
from forecaster.ledger.cursor import Cursor
from forecaster.ledger.ledger import Ledger, Open
from forecaster.market.candles import Candles, utc
from forecaster.schema import HOUR, Forecast, ForecastWarning, ModelRef
from tests.support.fakes import NOON
from tests.support.ledger.issued import CLOSE, MODEL, alike, closing, issued, without
from tests.support.ledger.kills import everything
from tests.support.ledger.postgres import UNHURRIED

BTC, BITSTAMP = "BTC-USD", "bitstamp"


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that is sent to a database meanwhile."""
    sent: list[str] = []

    def listen(connection: object, cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    yield sent
    event.remove(Engine, "before_cursor_execute", listen)


def hours_settled(ledger: Ledger, forecast: Forecast) -> list[int]:
    kept = ledger.get(forecast.id)
    assert kept is not None
    return [outcome.hours for outcome in kept.outcomes]


def test_a_forecast_comes_back_as_it_was_issued_after_a_restart_too(ledger, url):
    forecast = issued(horizons=24, warnings=(ForecastWarning.GAPS_FILLED,))
    assert ledger.record(forecast)
    ledger.close()
    for again in (ledger, Ledger(url, answer=UNHURRIED)):
        kept = again.get(forecast.id)
        assert alike(kept.forecast, forecast)
        assert kept.issued_at == utc(NOON + 25)
        assert kept.outcomes == ()
        again.close()


def test_the_first_forecast_of_an_hour_stands(ledger):
    first, second = issued(drift=0.001), issued(drift=-0.002)
    assert (ledger.record(first), ledger.record(second), ledger.record(first)) == (True, False, False)
    assert not ledger.record(second.model_copy(update={"id": "fc_of_another_name"}))
    [kept] = ledger.page().forecasts
    assert alike(kept.forecast, first)


@pytest.mark.parametrize(
    "changes",
    [{"source": "demo"}, {"source": "file"}, {"source": "yours"}, {"warnings": (ForecastWarning.DEMO_DATA,)}],
)
def test_only_forecasts_of_an_exchanges_candles_are_kept(changes, ledger):
    assert not ledger.record(issued(**changes))
    assert ledger.get(issued(**changes).id) is None


@pytest.mark.parametrize("name", ["", "fc_unknown", "fc_\0", "ü", "x" * 10_000, "' OR 1=1 --", "\ud800"])
def test_an_id_that_is_not_kept_is_not_found(name, ledger):
    ledger.record(issued())
    assert ledger.get(name) is None


def test_each_horizon_is_graded_by_the_close_it_spoke_of(ledger):
    forecast = issued()
    ledger.record(forecast)
    kept = ledger.get(forecast.id).forecast.horizons
    actual = [CLOSE * 1.002, kept[1].quantiles["0.90"], kept[2].quantiles["0.025"] * 0.999]
    rows = [(NOON + HOUR * hour, CLOSE, 2 * CLOSE, 1.0, close, 1.0) for hour, close in enumerate(actual)]
    assert ledger.settle(BTC, BITSTAMP, Candles.from_rows(rows)) == 3
    one, two, three = ledger.get(forecast.id).outcomes
    assert [(each.hours, each.actual, each.target_time) for each in (one, two, three)] == [
        (hour, close, utc(NOON + HOUR * hour)) for hour, close in enumerate(actual, start=1)
    ]
    assert one.error_pct == pytest.approx(100 * (np.exp(0.001) / 1.002 - 1))
    assert one.inside == {"50": True, "80": True, "95": True}
    assert one.pit == pytest.approx(0.5 + (np.log(1.002) - 0.001) / 0.01)
    assert two.inside == {"50": False, "80": True, "95": True}  # a band holds its edges
    assert two.pit == 0.90
    assert three.inside == {"50": False, "80": False, "95": False}
    assert three.pit == 0.025


def test_a_horizon_waits_until_its_hour_has_closed(ledger):
    forecast = issued()
    ledger.record(forecast)
    for hour, settled in ((0, []), (1, [1]), (2, [1, 2]), (3, [1, 2, 3])):
        assert ledger.settle(BTC, BITSTAMP, closing(hour)) == (hour > 0)
        assert hours_settled(ledger, forecast) == settled


def test_settling_again_changes_nothing_whatever_the_exchange_says_later(ledger):
    forecast = issued()
    ledger.record(forecast)
    assert ledger.settle(BTC, BITSTAMP, closing(3)) == 3
    before = ledger.get(forecast.id)
    assert ledger.settle(BTC, BITSTAMP, closing(3, last_close=2 * CLOSE)) == 0
    assert ledger.get(forecast.id) == before


def test_an_hour_without_a_candle_is_left_open_until_it_comes(ledger):
    forecast = issued()
    ledger.record(forecast)
    assert ledger.settle(BTC, BITSTAMP, without(closing(5), 2)) == 2
    assert hours_settled(ledger, forecast) == [1, 3]
    assert ledger.open(NOON + 5 * HOUR) == [Open(BTC, BITSTAMP, NOON + HOUR)]
    assert ledger.settle(BTC, BITSTAMP, closing(5)) == 1
    assert hours_settled(ledger, forecast) == [1, 2, 3]


def test_a_candle_settles_the_longest_horizon_that_spoke_of_it(ledger):
    ledger.record(issued(horizons=24))
    assert ledger.settle(BTC, BITSTAMP, closing(24, hours=1)) == 1
    assert hours_settled(ledger, issued()) == [24]


def test_no_candles_settle_nothing(ledger):
    ledger.record(issued())
    assert ledger.settle(BTC, BITSTAMP, closing(3)[:0]) == 0
    assert ledger.settle(BTC, BITSTAMP, closing(0)) == 0
    assert ledger.settle(BTC, BITSTAMP, closing(500, hours=300)) == 0


def test_candles_of_another_exchange_or_symbol_settle_nothing(ledger):
    ledger.record(issued())
    assert ledger.settle(BTC, "kraken", closing(3)) == 0
    assert ledger.settle("ETH-USD", BITSTAMP, closing(3)) == 0
    assert hours_settled(ledger, issued()) == []


def test_a_target_that_had_closed_when_the_forecast_was_issued_is_never_graded(ledger):
    late, punctual = issued(0, age=HOUR), issued(1, age=HOUR - 1)
    for forecast in (late, punctual):
        ledger.record(forecast)
    assert ledger.settle(BTC, BITSTAMP, closing(9)) == 5
    assert hours_settled(ledger, late) == [2, 3]
    assert hours_settled(ledger, punctual) == [1, 2, 3]
    assert ledger.open(NOON + 9 * HOUR) == []


def test_what_is_open_names_the_opening_of_the_oldest_hour_that_is_waited_for(ledger):
    for hour in (0, 1):
        ledger.record(issued(hour))
    ledger.record(issued(1, symbol="ETH-USD", source="kraken"))
    assert ledger.open(NOON + HOUR - 1) == []
    assert ledger.open(NOON + HOUR) == [Open(BTC, BITSTAMP, NOON)]
    eth = Open("ETH-USD", "kraken", NOON + HOUR)
    assert ledger.open(NOON + 2.5 * HOUR) == [Open(BTC, BITSTAMP, NOON), eth]
    ledger.settle(BTC, BITSTAMP, closing(3))
    assert ledger.open(NOON + 3 * HOUR) == [eth]
    assert ledger.open(NOON + 9 * HOUR) == [Open(BTC, BITSTAMP, NOON + 3 * HOUR), eth]


def test_after_a_long_outage_the_forecasts_before_it_still_wait(ledger):
    ledger.record(issued())
    ledger.record(issued(1000))
    assert ledger.open(NOON + 1001 * HOUR) == [Open(BTC, BITSTAMP, NOON)]
    ledger.settle(BTC, BITSTAMP, closing(3))
    assert ledger.open(NOON + 1001 * HOUR) == [Open(BTC, BITSTAMP, NOON + 1000 * HOUR)]


def test_a_candle_that_is_missing_among_later_ones_is_waited_for_for_half_a_day(ledger):
    for hour in range(0, 101):
        ledger.record(issued(hour, horizons=1))
    ledger.settle(BTC, BITSTAMP, without(closing(13), 1))
    assert ledger.open(NOON + 14 * HOUR) == [Open(BTC, BITSTAMP, NOON)]
    ledger.settle(BTC, BITSTAMP, closing(14, hours=1))
    assert ledger.open(NOON + 14 * HOUR) == []
    assert ledger.settle(BTC, BITSTAMP, closing(14)) == 1  # it is taken where it comes by itself


def test_pages_are_newest_first_and_select_by_symbol_and_time(ledger):
    forecasts = [issued(hour, symbol=symbol) for hour in range(4) for symbol in ("BTC-USD", "ETH-USD")]
    for forecast in random.Random(1).sample(forecasts, len(forecasts)):
        ledger.record(forecast)
    newest_first = sorted(forecasts, key=lambda each: (each.as_of, each.id), reverse=True)
    assert [each.forecast.id for each in ledger.page().forecasts] == [each.id for each in newest_first]
    eth = [each for each in newest_first if each.symbol == "ETH-USD"]
    assert [each.forecast.id for each in ledger.page(symbol="ETH-USD").forecasts] == [each.id for each in eth]
    assert [each.forecast.id for each in ledger.page("ETH-USD", since=utc(NOON + 2 * HOUR)).forecasts] == [
        each.id for each in eth[:2]
    ]
    assert [each.forecast.id for each in ledger.page("ETH-USD", since=utc(NOON + 2 * HOUR + 0.5)).forecasts] == [
        each.id for each in eth[:1]
    ]
    assert ledger.page(since=utc(NOON + 4 * HOUR)).forecasts == ()


def test_a_page_shows_what_became_of_its_forecasts(ledger):
    for hour in range(3):
        ledger.record(issued(hour))
    ledger.settle(BTC, BITSTAMP, closing(3))
    assert [len(each.outcomes) for each in ledger.page().forecasts] == [1, 2, 3]
    assert [each.outcomes for each in ledger.page().forecasts][2] == ledger.get(issued(0).id).outcomes


def test_pages_leave_nothing_out_and_repeat_nothing_while_rows_are_added(ledger):
    chance, hours = random.Random(2), list(range(60))
    chance.shuffle(hours)
    early, late = hours[:50], hours[50:]
    for hour in early:
        ledger.record(issued(hour))
        ledger.record(issued(hour, source="kraken"))  # of the same time: the id decides
    page = ledger.page(limit=7)
    seen = [each.forecast.id for each in page.forecasts]
    while page.next_cursor:
        if late:
            ledger.record(issued(late.pop()))
        page = ledger.page(limit=7, cursor=page.next_cursor)
        seen += [each.forecast.id for each in page.forecasts]
    assert not late
    assert len(seen) == len(set(seen))
    assert {issued(hour, source=source).id for hour in early for source in ("bitstamp", "kraken")} <= set(seen)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_last_page_says_that_it_is_the_last(count, ledger):
    for hour in range(count):
        ledger.record(issued(hour))
    page = ledger.page(limit=2)
    assert (page.next_cursor is None) == (count <= 2)


@pytest.mark.parametrize(
    "cursor",
    ["", "nonsense", "é", "MTc3", "====", str(Cursor(NOON, "fc_a")) + "\n", str(Cursor(NOON, "fc_a")) + "!", "A" * 9999]
    + [str(Cursor(*position)) for position in ((-1, "fc_a"), (10**10, "fc_a"), (NOON, ""), (NOON, "' OR 1=1"))],
)
def test_a_cursor_that_no_page_gave_is_refused(cursor, ledger):
    with pytest.raises(InvalidInput, match="cursor"):
        ledger.page(cursor=cursor)


@pytest.mark.parametrize("limit", [-1, 0, 201])
def test_a_page_has_one_to_200_forecasts(limit, ledger):
    with pytest.raises(InvalidInput, match="1 to 200"):
        ledger.page(limit=limit)


def test_a_time_zone_changes_neither_what_is_kept_nor_what_is_found(ledger):
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    forecast = issued().model_copy(update={"as_of": utc(NOON).astimezone(kathmandu)})
    assert ledger.record(forecast)
    assert not ledger.record(issued())
    assert ledger.settle(BTC, BITSTAMP, closing(3)) == 3
    assert len(ledger.page(since=utc(NOON).astimezone(kathmandu)).forecasts) == 1
    assert ledger.page(since=utc(NOON + 1).astimezone(kathmandu)).forecasts == ()
    with pytest.raises(InvalidInput, match="time zone"):
        ledger.page(since=datetime(2026, 3, 19, 12))


def test_a_symbol_that_nobody_asked_about_has_no_forecasts(ledger):
    assert ledger.page("DOGE-USD").forecasts == ()
    assert ledger.track_record("DOGE-USD").rows == ()


def test_the_record_is_kept_apart_by_symbol_horizon_and_model(ledger):
    newer = ModelRef(name="quantile", version="2.0", sha256="b" * 64)
    for hour in range(4):
        ledger.record(issued(hour))
        ledger.record(issued(hour, symbol="ETH-USD"))
    ledger.record(issued(4, model=newer, horizons=1))
    ledger.settle(BTC, BITSTAMP, closing(5))
    ledger.settle("ETH-USD", BITSTAMP, closing(3))
    found = {(row.symbol, row.hours, row.model.version): row.n for row in ledger.track_record().rows}
    assert found == {
        ("BTC-USD", 1, "2.0"): 1,
        **{("BTC-USD", hours, "1.0"): n for hours, n in ((1, 4), (2, 4), (3, 3))},
        **{("ETH-USD", hours, "1.0"): n for hours, n in ((1, 3), (2, 2), (3, 1))},
    }
    assert [row.model for row in ledger.track_record("BTC-USD", 1).rows] == [newer, MODEL]
    assert ledger.track_record("BTC-USD", 4).rows == ()


def test_the_record_tells_of_what_has_closed(ledger):
    for hour in range(10):
        ledger.record(issued(hour))
    ledger.settle(BTC, BITSTAMP, closing(8))
    (row,) = ledger.track_record("BTC-USD", 2).rows
    assert (row.n, row.graded_from, row.graded_to) == (7, utc(NOON + 2 * HOUR), utc(NOON + 8 * HOUR))
    assert ledger.track_record("BTC-USD", minutes=120).rows == (row,)


def test_without_outcomes_there_is_no_record(ledger):
    assert ledger.track_record().rows == ()
    ledger.record(issued())
    assert ledger.track_record().rows == ()


@pytest.mark.parametrize(("hours", "minutes"), [(0, None), (25, None), (None, 0), (None, 20), (None, 90), (None, 1500)])
def test_a_record_beyond_what_is_kept_is_refused(hours, minutes, ledger):
    ledger.record(issued())
    ledger.settle(BTC, BITSTAMP, closing(3))
    with pytest.raises(InvalidInput, match="Ask for 1"):
        ledger.track_record("BTC-USD", hours, minutes)


def test_no_statement_changes_or_deletes_a_row(ledger):
    ledger.page()  # the tables are there
    with statements() as sent:
        ledger.record(issued())
        ledger.record(issued())
        ledger.open(NOON + 9 * HOUR)
        ledger.settle(BTC, BITSTAMP, closing(2))
        ledger.settle(BTC, BITSTAMP, closing(3))
        ledger.get(issued().id)
        ledger.page(BTC, utc(NOON), str(Cursor(NOON, "fc_a")))
        ledger.track_record()
        ledger.past(BTC, BITSTAMP, MODEL.sha256)
    assert {statement.split()[0] for statement in sent} == {"SELECT", "WITH", "INSERT"}
    assert not [each for each in sent if re.search(r"\b(DELETE|UPDATE)\b(?! SET)", each)]
    added = [statement for statement in sent if statement.startswith("INSERT") and "WHERE 1 = 0" not in statement]
    assert {statement.split()[2]: "DO NOTHING" in statement for statement in added} == {
        "forecasts": True, "closes": True, "grades": False,
    }  # fmt: skip


@pytest.mark.parametrize(("table", "column"), [("forecasts", "last_close"), ("closes", "close")])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_the_database_itself_refuses_to_change_or_delete_a_row(change, table, column, ledger, url):
    ledger.record(issued())
    ledger.settle(BTC, BITSTAMP, closing(3))
    before = everything(url)
    with pytest.raises(ConfigurationError) as refused, ledger._database.begin() as connection:
        connection.execute(text(change.format(table, column, column)))
    assert "append-only" in str(refused.value.__cause__)
    assert everything(url) == before


@pytest.mark.parametrize("spoilt", ["NULL", "CAST('nonsense' AS {bytes})", "CAST('' AS {bytes})"])
def test_a_forecast_that_was_spoilt_in_the_database_is_not_served(spoilt, ledger, url):
    spoilt = spoilt.format(bytes="BYTEA" if url.startswith("postgresql") else "BLOB")
    ledger.record(issued())
    with ledger._database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO forecasts SELECT 'fc_spoilt', symbol, source, input, model_name, model_version,"
                " model_sha256, as_of + 3600, issued_at + 3600, last_close, horizons, '{}', short,"
                f" {spoilt} FROM forecasts"
            )
        )
    for ask in (ledger.page, lambda: ledger.get("fc_spoilt"), lambda: ledger.settle(BTC, BITSTAMP, closing(3))):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            ask()
    assert alike(ledger.get(issued().id).forecast, issued())


def test_a_forecast_in_the_first_format_is_still_read(ledger):
    body = """{"id":"fc_first","symbol":"BTC-USD","source":"bitstamp","quote":"USD","as_of":"2026-03-19T12:00:00Z",
        "age_seconds":25,"last_close":70000.0,"horizons":[{"hours":1,"target_time":"2026-03-19T13:00:00Z",
        "median":70070.0,"quantiles":{"0.025":69000.0,"0.10":69500.0,"0.25":69800.0,"0.50":70070.0,"0.75":70300.0,
        "0.90":70600.0,"0.975":71000.0},"probability_up":0.55,"expected_move_pct":0.3}],"skill":{"metric":"mae",
        "value":0.01,"ci_low":0.0,"ci_high":0.02,"n":100,"baseline":"persistence"},"coverage":{"50":0.5,"80":0.8,
        "95":0.95},"warnings":["stale_candles"],"notes":["old"],"model":{"name":"quantile","version":"1.0",
        "sha256":"%s"}}"""
    forecast = Forecast.model_validate_json(body % ("c" * 64))
    assert ledger.record(forecast)
    assert ledger.settle(BTC, BITSTAMP, closing(1)) == 1
    assert ledger.get("fc_first").forecast.horizons[0].quantiles["0.975"] == 71_000.0
