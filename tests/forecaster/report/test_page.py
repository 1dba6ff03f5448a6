"""The report page: whole, readable without anything else, and saying what the numbers say, whomever they favour."""

import re
from html.parser import HTMLParser

import pytest

from forecaster.errors import InvalidInput
from forecaster.evaluation.record import OURS, UNTRACKED, Evaluation
from forecaster.report import findings, summary, wording
from forecaster.report.canvas import svg
from forecaster.report.page import report_page
from tests.support.artifacts import made_up_record

LARGEST = 700_000  # bytes
VOID = {"meta", "link", "line", "path", "use", "rect", "br"}
IDENTS = ["table", "point", "bands", "reliability", "years", "horizons", "closes", "metrics", "method"]


class Page(HTMLParser):
    """A page taken apart; every tag must be closed by its own."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html.decode())
        assert self.open == []
        self.text = re.sub(r"\s+", " ", "".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def sections(self) -> list[str]:
        return [str(each["id"]) for each in self.all("section")]


@pytest.fixture(scope="module")
def evaluation():
    return made_up_record.evaluation()


@pytest.fixture(scope="module")
def material():
    return made_up_record.material()


@pytest.fixture(scope="module")
def html(evaluation, material):
    return report_page(made_up_record.report(), evaluation, material, made_up_record.classic())


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def changed(evaluation: Evaluation, forecaster: str, **scores: object) -> Evaluation:
    """The same record with some of a forecaster's scores replaced everywhere."""
    rows = [
        row.model_copy(update={"scores": row.scores.model_copy(update=scores)}) if row.forecaster == forecaster else row
        for row in evaluation.graded
    ]
    return Evaluation(graded=tuple(rows), reliability=evaluation.reliability)


def test_every_section_is_there_and_linked(page):
    assert page.sections == IDENTS
    assert [each["href"] for each in page.all("a")] == [f"#{ident}" for ident in IDENTS]


def test_the_page_is_one_small_file_that_loads_nothing(html, page):
    assert len(html) < LARGEST
    assert b"http:" not in html and b"https:" not in html and b"@import" not in html
    assert page.all("script") == page.all("iframe") == []
    assert [each["href"] for each in page.all("link")] == ["data:,"]
    targets = [value for _, each in page.tags for name, value in each.items() if name in ("src", "href")]
    assert all(str(target).startswith(("#", "data:")) for target in targets)
    assert not re.search(rb"url\((?!#)", html)


def test_every_reference_inside_the_page_finds_its_id(html, page):
    assert len(page.ids) == len(set(page.ids))
    wanted = set(re.findall(r"url\(#([^)]+)\)", html.decode()))
    wanted |= {str(each["href"])[1:] for tag in ("use", "a") for each in page.all(tag)}
    assert wanted <= set(page.ids)


def test_the_same_record_gives_the_same_bytes(html, evaluation, material):
    assert report_page(made_up_record.report(), evaluation, material, made_up_record.classic()) == html


def test_every_picture_says_what_it_shows_and_every_table_has_a_caption(page):
    pictures = [each for each in page.all("svg") if each.get("aria-hidden") != "true"]
    assert len(pictures) > 20
    assert all(each["role"] == "img" and len(str(each["aria-label"])) > 20 for each in pictures)
    assert len(page.all("caption")) == len(page.all("table")) == 7
    assert all(each["tabindex"] == "0" for each in page.all("div") if each.get("class") == "scroll")


def test_text_in_pictures_is_at_least_ten_pixels(html):
    sizes = {float(size) for size in re.findall(r"font-size: ([\d.]+)px; text-anchor", html.decode())}
    assert sizes and min(sizes) >= 10


def test_colours_follow_the_light_or_dark_page(html):
    text = html.decode()
    drawn = text[text.index("</style>") :]
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"#[0-9a-f]{6}\b", drawn)
    defined = set(re.findall(r"(--[a-z]+):", text))
    assert set(re.findall(r"var\((--[a-z]+)\)", text)) <= defined


def test_the_numbers_of_the_record_are_on_the_page(page, evaluation):
    ours = evaluation.find(OURS, "BTC-USD", 1)
    shown = page.text.replace(wording.NBSP, " ")
    assert ours is not None
    assert f"{ours.n:,} forecasts" in shown
    for number in (f"${ours.mae:,.2f}", "+0.47 %", "+0.22 to +0.72 %", "80.1 %", "+3.83 %", "p < 0.001"):
        assert number in shown
    assert "42.8 times the error" in shown
    assert "4 December 2023" in shown


def test_every_forecaster_of_the_record_is_in_the_table_and_explained(page):
    for forecaster in made_up_record.CHARACTERS:
        assert page.text.count(wording.name(forecaster)) >= 2
    assert "the original recipe" in page.text


def test_the_remarks_are_escaped(evaluation, material):
    remark = 'Beware of <script>alert("x")</script> & co.'
    html = report_page(made_up_record.report(remarks=(remark,)), evaluation, material)
    page = Page(html)
    assert page.all("script") == []
    assert remark in page.text


def test_what_was_not_measured_is_left_out(material):
    bare = made_up_record.evaluation(
        forecasters=("persistence", OURS), symbols=("BTC-USD",), years=False, closes_only=False, reliability=False
    )
    page = Page(report_page(made_up_record.report(), bare, material))
    assert page.sections == ["table", "point", "bands", "horizons", "metrics", "method"]
    for absent in ("ETH", "LightGBM", "the original recipe", "HAR", "nan", "None"):
        assert not re.search(rf"\b{absent}\b", page.text)


def test_without_a_walk_forward_the_years_are_those_of_the_split(material):
    page = Page(report_page(made_up_record.report(), made_up_record.evaluation(walk_forward=False), material))
    assert page.sections == IDENTS
    assert "2023" in page.text and "2019" not in page.text
    assert "All years are forecast by the same networks" in page.text


def test_a_record_without_the_model_is_refused(material):
    with pytest.raises(InvalidInput, match=r"no forecasts of BTC-USD one hour ahead\. Grade the model first"):
        report_page(made_up_record.report(), made_up_record.evaluation(symbols=("ETH-USD",)), material)


def test_years_are_named_by_what_their_interval_says(evaluation):
    lines = [line.replace(wording.NBSP, " ") for line in findings.yearly(evaluation, "BTC-USD")]
    assert (
        "Point forecast against “no change”: better in 2019 and 2022 to 2023; "
        "not decided in 2020 to 2021 and 2024 to 2026, where the interval includes 0." in lines
    )
    worse = changed(evaluation, OURS, mae_skill=-0.02, mae_skill_low=-0.03, mae_skill_high=-0.01)
    assert "Point forecast against “no change”: worse in 2019 to 2026." in [
        line.replace(wording.NBSP, " ") for line in findings.yearly(worse, "BTC-USD")
    ]


def test_whoever_does_better_is_named_first():
    evaluation = made_up_record.evaluation()
    assert findings.rivals(evaluation, "BTC-USD").replace(wording.NBSP, " ") == (
        "BTC, who does better and in what: LightGBM in direction (53.8 % against 53.4 %)."
    )
    assert "EWMA volatility in CRPS (1.00 against" in findings.rivals(changed(evaluation, "ewma", crps=1.0), "BTC-USD")


def test_nobody_is_named_where_nobody_does_better():
    evaluation = made_up_record.evaluation(forecasters=("persistence", "har", UNTRACKED, OURS))
    said = findings.rivals(evaluation, "BTC-USD")
    assert said.startswith("BTC: nobody else does better in MAE, direction or CRPS. Nearest in CRPS is HAR")


def test_a_model_without_an_edge_is_told_so(evaluation):
    report = made_up_record.report()
    worse = report.model_copy(update={"model": report.persistence})
    assert "$1.27 an hour" in summary.edge(report)
    assert "no edge over “no change” at all" in summary.edge(worse)


def test_an_interval_that_includes_zero_is_told_in_the_opening(evaluation):
    ours = evaluation.find(OURS, "BTC-USD", 1)
    assert ours is not None
    unsure = ours.model_copy(update={"mae_skill_low": -0.001, "crps_skill_low": -0.01})
    assert "includes 0" not in summary.verdict(made_up_record.report(), ours)
    said = summary.verdict(made_up_record.report(), unsure)
    assert "it includes 0, so nothing is shown" in said
    assert "The range is not shown to be worth more than none" in said


@pytest.mark.parametrize(
    ("shift", "said"), [(0.004, "bands hold what"), (0.02, "bands nearly hold"), (-0.1, "bands do not hold")]
)
def test_bands_are_said_to_hold_only_as_far_as_they_do(evaluation, shift, said):
    ours = evaluation.find(OURS, "BTC-USD", 1)
    assert ours is not None
    held = ours.model_copy(update={"coverage": {"50": 0.5 + shift, "80": 0.8, "95": 0.95}})
    assert said in summary.bands("BTC-USD", held)


def test_a_picture_keeps_its_ids_to_itself():
    first, second = (svg(name, "a line", (300, 200), lambda axes: axes.plot([1, 2], [3, 4], "o")) for name in "ab")
    ids = [set(re.findall(r' id="([^"]+)"', picture)) for picture in (first, second)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]


def test_a_picture_keeps_every_digit_of_its_texts():
    drawn = svg("a", "a line", (300, 200), lambda axes: axes.set_title("$1,234.5678 & 0.100 <b>"))
    assert "$1,234.5678 &amp; 0.100 &lt;b&gt;" in drawn


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([1], "1"), ([1, 2, 3], "1 to 3"), ([1, 2, 6, 8, 9], "1 to 2, 6 and 8 to 9"), ([2019, 2021], "2019 and 2021")],
)
def test_runs_of_numbers_are_drawn_together(numbers, said):
    assert wording.stretches(numbers).replace(wording.NBSP, " ") == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.0047, "+0.47 %"), (-0.0047, "\u22120.47 %"), (0.00001, "0.00 %"), (-0.00001, "0.00 %")]
)
def test_a_percentage_has_a_sign_only_where_it_is_not_nothing(value, said):
    assert wording.percent(value, 2, sign=True).replace(wording.NBSP, " ") == said
