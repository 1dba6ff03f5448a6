"""Drafts as JSON: read again, each is the forecast that Pydantic writes, to the last bit of each number."""

import json
from dataclasses import replace

import numpy as np
import pytest
from pydantic_core import to_json

from api.wire import draft_json, results_json
from forecaster.errors import InvalidInput
from forecaster.inference import Draft, Window, detailed
from forecaster.market import Candles, Snapshot
from forecaster.schema import HOUR, Forecast, ForecastWarning
from tests.support.artifacts.markets import market

BTC, ETH = market(700, seed=21), market(700, seed=22, start=1_500.0)
WILD = Candles(BTC.time[:60], *[np.array([1e-9, 1e9] * 30)] * 4, np.ones(60))


def snapshot(candles, symbol="BTC-USD", **more):
    return Snapshot(symbol, "caller", "USD", candles, float(candles.time[-1] + HOUR), **more)


def gappy(candles):
    return Candles(*(np.delete(column, [-9, -30]) for column in candles.columns()))


WINDOWS = {
    "closes": Window(snapshot(BTC[-60:]), bare=True),
    "both coins": Window(snapshot(BTC[-300:]), snapshot(ETH[-300:], "ETH-USD")),
    "one coin, with gaps": Window(snapshot(gappy(BTC[-300:]))),
    "few candles": Window(snapshot(ETH[-100:], "ETH-USD")),
    "a coin without a record": Window(snapshot(ETH[-300:], "NONESUCH-USD"), snapshot(BTC[-300:])),
    "unlike those of training": Window(snapshot(WILD), bare=True),
    "a source's warnings": Window(
        snapshot(BTC[-70:], warnings=(ForecastWarning.STALE_CANDLES,), notes=('the "horizons":[ of São Tomé: 他\n',))
    ),
}
WANTED = [
    ([], None),
    ([0.333, 0.5, 0.9749, 0.025], None),
    ([], 61_000.0),
    ([0.11, 0.1234, 0.11], 1e-12),
    ([0.975], 1e15),
]


def written(draft: Draft) -> object:
    return json.loads(draft_json(draft))


@pytest.mark.parametrize("hours", [1, 3, 24])
@pytest.mark.parametrize("kind", WINDOWS)
def test_a_draft_is_read_as_the_forecast_is(shipped, kind, hours):
    [draft], [issued] = shipped.drafts([WINDOWS[kind]], hours), shipped.forecasts([WINDOWS[kind]], hours)
    for levels, threshold in WANTED:
        told = draft.detailed(levels, threshold)
        assert written(told) == json.loads(to_json(detailed(issued, levels, threshold)))
        assert told.forecast() == detailed(issued, levels, threshold)
        assert Forecast.model_validate_json(draft_json(told)) == told.forecast()


def test_every_warning_is_among_those_that_were_read(shipped):
    drafts = shipped.drafts(list(WINDOWS.values()), 1)
    told = {warning for draft in drafts for warning in draft.said["warnings"]}
    assert told >= {
        ForecastWarning.CLOSES_ONLY,
        ForecastWarning.GAPS_FILLED,
        ForecastWarning.OUT_OF_DISTRIBUTION,
        ForecastWarning.UNEVALUATED_SYMBOL,
        ForecastWarning.STALE_CANDLES,
    }


def test_the_fields_stand_in_the_order_of_the_schema(shipped):
    [draft] = shipped.drafts([WINDOWS["closes"]], 2)
    told = written(draft)
    assert list(told) == list(Forecast.model_fields)
    assert [list(each) for each in told["horizons"]] == [
        list(each) for each in draft.forecast().model_dump()["horizons"]
    ]


def test_many_drafts_beside_each_other_do_not_mix(shipped):
    windows = [Window(snapshot(BTC[end - 60 : end]), bare=True) for end in range(60, 260)]
    drafts, issued = shipped.drafts(windows, 5), shipped.forecasts(windows, 5)
    assert [written(each) for each in drafts] == [json.loads(to_json(each)) for each in issued]


def test_horizons_that_are_no_whole_hours_have_none(shipped):
    [draft] = shipped.drafts([WINDOWS["closes"]], 2)
    quarter = replace(draft, distributions=replace(draft.distributions, minutes=(15, 60)))
    assert [each["hours"] for each in written(quarter)["horizons"]] == [None, 1]
    assert written(quarter) == json.loads(to_json(quarter.forecast()))


def test_results_stand_in_their_order_with_a_problem_where_there_is_no_forecast(shipped, classic):
    [draft] = shipped.drafts([WINDOWS["closes"]], 24)
    issued = classic.forecast(WINDOWS["closes"].snapshot, 1)
    told = json.loads(results_json(b"[", [draft, InvalidInput("Too few.", "Send more."), issued]) + b"]")
    assert [each["forecast"] for each in told] == [written(draft), None, json.loads(to_json(issued))]
    assert [each["problem"] and each["problem"]["detail"] for each in told] == [None, "Too few. Send more.", None]
