"""The tab with the model's record: what it says, to scale, and that no text breaks out of it."""

import re
from xml.etree import ElementTree

import pytest

from assistant.page.tabs.model_record import ModelRecord, rows_and_curves
from assistant.page.tabs.report_tab import report_tab
from assistant.page.visitor import Visitor
from assistant.page.words import Words
from assistant.understanding import Language
from forecaster.schema import Report
from forecaster.settings import ROOT
from forecaster.training.classic import REMARKS
from forecaster.training.quantile import Split, remarks_of
from tests.support.artifacts.made_up_record import evaluation
from tests.support.fakes import FakeBackend

SHIPPED = ROOT / "models" / "quantile"
CLASSIC = Report.model_validate_json((ROOT / "models" / "classic" / "report.json").read_bytes())


@pytest.fixture(scope="module")
def record() -> ModelRecord:
    report = Report.model_validate_json((SHIPPED / "report.json").read_bytes())
    return ModelRecord(report, (SHIPPED / "evaluation.json").read_bytes(), CLASSIC)


def parsed(record: ModelRecord, said: Words | None = None) -> ElementTree.Element:
    html = report_tab(record, said)
    assert "\n" not in html
    return ElementTree.fromstring(html)


def words(element: ElementTree.Element) -> str:
    return " ".join(" ".join(element.itertext()).replace("\u00a0", " ").split())


def test_the_opening_says_what_was_measured_and_what_came_of_it(record):
    report, said = record.report, words(parsed(record))
    assert f"{report.n:,} forecasts" in said
    assert f"missed by ${report.model.mae:,.0f} on average" in said
    assert f"missed by ${report.persistence.mae:,.0f}" in said
    assert f"{100 * report.coverage['80']:.1f} % of the closes" in said


def test_ours_stands_beside_classic_and_no_change(record):
    table = next(parsed(record).iter("table"))
    rows = [[words(cell) for cell in row] for row in table.iter("tr")]
    assert rows[0] == ["", "This model", "Classic recipe", "\u201cno change\u201d"]
    ours, classic = record.report, record.classic
    assert rows[1][1:] == [f"${each:,.0f}" for each in (ours.model.mae, classic.model.mae, ours.persistence.mae)]
    assert rows[3][2] == f"{1 - classic.skill.value:,.1f} times as large"
    assert rows[5][1:] == [f"{100 * ours.coverage['80']:.1f} %", f"{100 * classic.coverage['80']:.1f} %", "gives none"]


def test_bars_end_where_the_range_held_and_marks_stand_where_it_claimed(record):
    rows, _ = rows_and_curves(record)
    bars = [each for each in parsed(record).iter("section") if each.get("class") == "bars"]
    assert [words(next(each.iter("h4"))) for each in bars] == ["Bitcoin", "Ethereum", "Classic recipe"]
    held = [100 * share for row in rows if row.hours == 1 for share in row.coverage]
    held += [100 * record.classic.coverage[band] for band in ("50", "80", "95")]
    drawn = [(each.get("style") or "") for bar in bars for each in bar.iter("i")]
    assert drawn == [f"width:{share:.1f}%" for share in held]
    marks = [(each.get("style") or "") for bar in bars for each in bar.iter("u")]
    assert marks == ["left:50.0%", "left:80.0%", "left:95.0%"] * 3


def test_every_picture_has_words_for_those_who_do_not_see_it(record):
    pictures = [each for each in parsed(record).iter("div") if each.get("role") == "img"]
    assert len(pictures) == 6  # two skills and the reliability, of two coins
    assert all(len(each.get("aria-label") or "") > 20 for each in pictures)
    assert all(each.get("aria-hidden") == "true" for each in parsed(record).iter("svg"))


def test_a_skill_is_drawn_for_every_hour_and_stays_in_its_picture(record):
    lines = [each.get("points") or "" for each in parsed(record).iter("polyline")]
    assert [len(line.split()) for line in lines[:4]] == [24] * 4
    for points in re.findall(r'points="([^"]+)"', report_tab(record)):
        assert all(0 <= float(number) <= 100 for number in re.split("[ ,]", points))


def test_a_model_without_more_than_a_report_is_shown_as_far_as_that_goes():
    said = words(parsed(ModelRecord(CLASSIC)))
    assert "does not hold what it claims" in said
    assert "42.8 times as large" in said
    assert "Classic recipe" not in said
    assert "How much better" not in said


async def test_a_report_with_a_table_has_pictures_without_an_evaluation(record):
    tab = parsed(ModelRecord(record.report))
    coins = len({row.symbol for row in record.report.table})
    assert len([each for each in tab.iter("polyline")]) == 2 * coins > 4  # of three horizons each
    assert len(tiles := [each for each in tab.iter("dl") if each.get("class") == "tiles"]) == coins, tiles


@pytest.mark.parametrize(
    "damaged", [b"{", b"[]", b'{"graded": 1}', b'{"graded": {"columns": ["x"], "rows": [[1, 2]]}}']
)
def test_what_cannot_be_read_leaves_the_report(record, damaged, caplog):
    assert words(parsed(ModelRecord(record.report, damaged))) == words(parsed(ModelRecord(record.report)))
    assert "cannot be read" in caplog.text


def test_another_models_evaluation_is_shown_by_its_own_name(record):
    made_up = ModelRecord(record.report, evaluation().compact())
    rows, curves = rows_and_curves(made_up)
    assert [(row.symbol, row.hours) for row in rows] == [(s, h) for s in ("BTC-USD", "ETH-USD") for h in range(1, 25)]
    assert [curve.symbol for curve in curves] == ["BTC-USD", "ETH-USD"]
    named = record.report.model_copy(update={"model": record.report.model.model_copy(update={"name": "another"})})
    assert rows_and_curves(ModelRecord(named, evaluation().compact())) == ([], [])


async def test_no_text_breaks_out_of_the_tab():
    report = (await FakeBackend().report()).model_copy(update={"remarks": ("<script>alert(1)</script>", "a & b ]]>")})
    tab = parsed(ModelRecord(report))
    assert "script" not in {each.tag for each in tab.iter()}
    assert "<script>alert(1)</script>" in words(tab)


def test_the_coins_are_those_of_the_record_in_its_order(record):
    others = evaluation().compact().replace(b"BTC-USD", b"SOL-USD").replace(b"ETH-USD", b"DOGE-USD")
    made_up = ModelRecord(record.report.model_copy(update={"symbol": "SOL-USD"}), others)
    rows, curves = rows_and_curves(made_up)
    assert list(dict.fromkeys(row.symbol for row in rows)) == ["SOL-USD", "DOGE-USD"]
    assert [curve.symbol for curve in curves] == ["SOL-USD", "DOGE-USD"]
    said = words(parsed(made_up))
    assert "Solana, one hour ahead" in said and "Dogecoin, one hour ahead" in said and "Bitcoin" not in said
    assert "Only Solana and Dogecoin were graded: a forecast of another coin says so." in said


def test_every_language_has_its_sentences_numbers_and_pictures(record):
    english = every_text(parsed(record))
    for language in Language:
        said = Words(Visitor("Europe/Berlin", language))
        tab = parsed(record, said)
        assert said.number(record.report.n) in "".join(tab.itertext())
        assert said.percent(100 * record.report.coverage["80"]) in "".join(tab.itertext())
        if language is not Language.ENGLISH:
            alike = [re.sub(r"Bitcoin|Ethereum|\d+\sh", "", text) for text in every_text(tab) & english]
            assert [text for text in alike if re.search("[a-z]", text)] == []


def every_text(tab: ElementTree.Element) -> set[str]:
    """What is read and what is told of pictures."""
    told = {text for each in tab.iter() for text in (each.text, each.tail, each.get("aria-label"))}
    return {text for text in told if text}


def test_what_both_recipes_remark_is_said_in_every_language_and_anything_else_in_english(record):
    split = Split()
    remarks = {*REMARKS, *remarks_of(split), *record.report.remarks, *CLASSIC.remarks}
    for language in Language:
        told = {remark: Words(Visitor("UTC", language)).retold(remark) for remark in remarks}
        assert None not in told.values()
        assert all((told[remark] == remark) is (language is Language.ENGLISH) for remark in remarks)
    other = record.report.model_copy(update={"remarks": ("As nobody says.",)})
    (foreign,) = [each for each in parsed(ModelRecord(other)).iter("span") if each.get("lang") == "en"]
    assert foreign.text == "As nobody says."
