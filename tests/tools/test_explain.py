"""Explanations as a tool: the numbers of now in them, metrics beside 'no change', and topics that there are not."""

import json
from dataclasses import replace

import pytest

from forecaster.schema import TableRow
from tests.support.fakes import COVERAGE, SKILL, FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.explanations.explain import EXPLAIN, explaining
from tools.explanations.placeholders import filled
from tools.explanations.record import METRICS
from tools.tool import LONGEST_TEXT, BoundTool


async def explained(topic, language="en", backend=None, knowledge=KNOWLEDGE):
    return await BoundTool(explaining(knowledge), backend or FakeBackend()).call({"topic": topic, "language": language})


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
    (row,) = (await explained(metric)).data.metrics.metrics
    assert (row.metric, row.value, row.baseline) == (metric, value, baseline)


async def test_the_record_gives_all_metrics_and_how_they_were_measured():
    told = json.loads((await explained("record")).text)
    assert tuple(told["metrics"]) == METRICS and told["metrics"]["rmse"]["value"] == 4900.0
    assert told["error_as_multiple_of_no_change"] == 12.26 and told["graded_hours"] == 21_765


async def test_a_value_that_the_report_lacks_is_unknown_and_not_zero():
    class UncoveredBackend(FakeBackend):
        async def report(self):
            return (await super().report()).model_copy(update={"coverage": {}})

    result = await explained("coverage", backend=UncoveredBackend())
    assert (
        result.data.metrics.metrics[0].value is None and "value" not in json.loads(result.text)["metrics"]["coverage"]
    )
    assert "Coverage is how often" in result.data.text and "21,765" not in result.data.text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "it was $3,240; expecting no change missed by $264.20"),
        (
            "de",
            "3.240\u00a0$; wer keine Änderung erwartet, lag auf denselben Stunden um 264,20\u00a0$",
        ),
        ("fr", "elle était de 3\u202f240\u00a0$"),
        ("pt", "foi de US$\u00a03.240"),
        ("zh", "误差为 3,240美元"),
    ],
)
async def test_numbers_are_written_as_the_language_writes_them(language, said):
    answer = (await explained("mae", language)).data
    assert said in answer.text and answer.language == language and not answer.apology


async def test_a_language_without_a_text_gets_english_and_is_told_so():
    result = await explained("drift", "de")
    assert (result.data.language, result.data.apology) == ("en", True)
    assert "English" in json.loads(result.text)["note"]


async def test_a_sentence_whose_number_is_not_known_is_left_out():
    assert filled(("It has {levels} levels.", "It is a forecast."), {}, "en") == "It is a forecast."


async def test_the_figures_that_a_text_names_ride_along():
    answer = (await explained("parameters")).data
    assert answer.figures == {"parameters": 29_345} and "29,345" in answer.text and answer.metrics is None


async def test_a_coins_distribution_is_graded_where_the_report_has_a_row_of_it():
    class Tabled(FakeBackend):
        async def report(self):
            row = TableRow(
                symbol="BTC-USD", hours=1, input="full", n=9, mae=1, mae_persistence=1, mae_skill=SKILL, direction=0.5,
                crps=24.86, crps_rolling_quantiles=25.93, coverage=COVERAGE, coverage_untracked={},
            )  # fmt: skip
            return (await super().report()).model_copy(update={"table": (row,)})

    assert "24.86" in (await explained("crps", backend=Tabled())).data.text
    assert "basis points" not in (await explained("crps")).data.text


@pytest.mark.parametrize(("asked", "near"), [("crpss", "crps"), ("embed", "embed-widget"), ("license", "licence")])
async def test_an_unknown_topic_is_answered_with_the_nearest_and_not_repeated(asked, near):
    result = await explained(asked)
    told = json.loads(result.text)
    assert not result.ok and told["error"] == "unknown_topic"
    assert near in told["nearest"] and near in told["message"] and len(told["nearest"]) > 1


@pytest.mark.parametrize("topic", KNOWLEDGE.topics)
async def test_every_topic_fits_into_a_tools_text(topic):
    result = await explained(topic)
    assert result.ok and len(result.text.encode()) <= LONGEST_TEXT


async def test_the_description_names_every_topic():
    assert all(topic in explaining(KNOWLEDGE).description for topic in KNOWLEDGE.topics)


async def test_without_knowledge_it_says_what_to_do():
    result = await BoundTool(EXPLAIN, FakeBackend()).call({"topic": "mae"})
    assert not result.ok and "knowledge" in json.loads(result.text)["message"]


async def test_it_runs_the_knowledge_that_it_was_given():
    class Short:
        def __init__(self):
            self.topics = ("only",)
            self.figures = {"offered": ("BTC", "ETH")}

        def entry(self, topic, language):
            return replace(KNOWLEDGE.entry("coins", "en"), topic=topic, sentences=("There are {offered}.",))

    assert (await explained("only", knowledge=Short())).data.text == "There are BTC, ETH."
