"""The sections about every minute and every coin: there where they were graded, and saying what the numbers say."""

import pytest

from forecaster.evaluation import AtOffset, RandomMinute
from forecaster.evaluation.grades import LastHour, ThisHour, WithinHour
from forecaster.evaluation.record import Evaluation
from forecaster.market.candles import utc
from forecaster.report.page import report_page
from forecaster.schema import Skill, TableRow
from tests.forecaster.report.test_page import Page
from tests.support.artifacts import made_up_record
from tests.support.fakes import NOON

HELD = {"50": 0.501, "80": 0.802, "95": 0.949}


def at_offset(minute: int) -> AtOffset:
    """Forecasts whose errors grow by a dollar a minute where they are made from the last full hour."""
    return AtOffset(
        n=1_000 + minute,
        mae=200.0,
        mae_persistence=201.0,
        mae_skill=1 - 200 / 201,
        direction=0.531,
        crps=24.0,
        crps_rolling_quantiles=25.0,
        coverage=HELD,
        this_hour=ThisHour(mae=200.0 - minute, mae_persistence=201.0, coverage=HELD),
        within_hour={"15": WithinHour(mae_skill=0.001, crps=12.0, coverage={**HELD, "80": 0.813})},
        last_hour=LastHour(mae=200.0 + minute, mae_this_hour=200.0, outside_80=minute / 100),
    )


def row(symbol: str) -> TableRow:
    """A coin of little worth, graded one hour ahead."""
    skill = Skill(metric="mae", value=0.004, ci_low=0.001, ci_high=0.007, n=900, baseline="persistence")
    return TableRow(
        symbol=symbol,
        hours=1,
        input="full",
        n=900,
        mae=0.00123,
        mae_persistence=0.00124,
        mae_skill=skill,
        direction=0.52,
        crps=40.0,
        crps_rolling_quantiles=41.0,
        coverage=HELD,
        coverage_untracked=HELD,
    )


@pytest.fixture
def graded():
    return RandomMinute(
        symbol="BTC-USD",
        n=1_000,
        start=utc(NOON),
        stop=utc(NOON + 3600),
        mae=200.0,
        mae_persistence=201.0,
        mae_skill=0.005,
        direction=0.53,
        crps=24.0,
        crps_rolling_quantiles=25.0,
        coverage=HELD,
        by_offset={str(minute): at_offset(minute) for minute in range(0, 60, 5)},
    )


def test_what_was_asked_at_random_minutes_is_read_as_it_was_written(graded):
    record = made_up_record.evaluation() + Evaluation(random_minute=(graded,))
    [read] = Evaluation.expanded(record.compact()).random_minute
    assert read.by_offset["55"].last_hour == graded.by_offset["55"].last_hour and read.start == graded.start
    assert Evaluation.expanded(record.compact()).compact() == record.compact()


def test_each_minute_has_a_line_and_the_gain_is_told(graded):
    record = made_up_record.evaluation() + Evaluation(random_minute=(graded,))
    page = Page(report_page(made_up_record.report(), record, made_up_record.material(), made_up_record.classic()))
    assert "minutes" in page.sections
    assert "in 60 minutes is $200.00, where the forecast of the last full hour errs by $227.50" in page.text
    assert ":55" in page.text and "55.0" in page.text
    assert "12.1" in page.text  # percent less: 1 - 200 / 227.5
    assert "5 minutes to go" in page.text and "50.1 / 80.2 / 94.9" in page.text
    assert "27.86" in page.text  # percent better than no change at :55: 1 - 145 / 201
    assert "the same in 15 minutes" in page.text and "50.1 / 81.3 / 94.9" in page.text


def test_coins_beside_the_pair_have_a_line_each(graded):
    report = made_up_record.report()
    page = Page(report_page(report, made_up_record.evaluation(), made_up_record.material()))
    assert "minutes" not in page.sections and "coins" not in page.sections
    more = report.model_copy(update={"table": tuple(row(symbol) for symbol in ("BTC-USD", "ETH-USD", "DOGE-USD"))})
    page = Page(report_page(more, made_up_record.evaluation(), made_up_record.material()))
    assert "coins" in page.sections and "DOGE" in page.text and "$0.00123" in page.text


def test_years_and_coins_of_yearly_refits_are_read_as_they_were_written_and_have_a_line_each(graded):
    walked = Evaluation(walked_coins=(row("DOGE-USD"),), walked_minutes=(graded,), random_minute=(graded,))
    record = made_up_record.evaluation() + walked
    read = Evaluation.expanded(record.compact())
    assert [each.symbol for each in read.walked_coins] == ["DOGE-USD"] and read.walked_minutes[0].n == 1_000
    report = made_up_record.report()
    more = report.model_copy(update={"table": tuple(row(symbol) for symbol in ("BTC-USD", "ETH-USD", "DOGE-USD"))})
    page = Page(report_page(more, record, made_up_record.material()))
    assert page.text.count("Refitted every year") == 2
    text = page.text.replace("\xa0", " ")
    assert f"BTC {graded.start:%Y}" in text and "+0.50 % to +0.50 %" in text
