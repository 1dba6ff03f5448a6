import json

import pytest

from tests.support.fakes import FakeBackend
from tools.metrics import EXPLAIN_METRICS, METRICS
from tools.tool import BoundTool


async def explained(**arguments):
    return await BoundTool(EXPLAIN_METRICS, FakeBackend()).call(arguments)


@pytest.mark.parametrize(
    ("metric", "value", "baseline"),
    [
        ("mae", 3240.0, 264.2),
        ("rmse", 4900.0, 430.0),
        ("mape", 4.1, 0.34),
        ("direction", pytest.approx(49.7), None),
        ("skill", pytest.approx(-1126.0), 0.0),
        ("coverage", pytest.approx(52.0), 80.0),
        ("persistence", 264.2, 264.2),
    ],
)
async def test_each_metric_has_the_reports_value_and_the_baselines(metric, value, baseline):
    (row,) = (await explained(metric=metric)).data.metrics
    assert (row.metric, row.value, row.baseline) == (metric, value, baseline)


async def test_one_metric_is_told_with_how_to_read_it():
    told = json.loads((await explained(metric="rmse")).text)["metrics"]["rmse"]
    assert told["value"] == 4900.0 and told["how_to_read"] and told["meaning"]


@pytest.mark.parametrize("arguments", [{}, {"metric": None}])
async def test_without_a_metric_all_are_told(arguments):
    told = json.loads((await explained(**arguments)).text)
    assert tuple(told["metrics"]) == METRICS
    assert told["error_as_multiple_of_no_change"] == 12.26 and told["graded_hours"] == 21_765


async def test_a_value_that_the_report_lacks_is_unknown_and_not_zero():
    class UncoveredBackend(FakeBackend):
        async def report(self):
            return (await super().report()).model_copy(update={"coverage": {}})

    result = await BoundTool(EXPLAIN_METRICS, UncoveredBackend()).call({"metric": "coverage"})
    assert result.data.metrics[0].value is None
    assert "value" not in json.loads(result.text)["metrics"]["coverage"]
