import pytest

from assistant.grounding.figures import Kind, figures_in, readings_of


def figures(text):
    return [(figure.kind, figure.text.strip()) for figure in figures_in(text)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("69,930.25", [69930.25]),
        ("69.930,25", [69930.25]),
        ("69\u202f930,25", [69930.25]),
        ("69\u2019930.25", [69930.25]),
        ("1.234.567", [1234567.0]),
        ("69.930", [69930.0, 69.93]),
        ("0.534", [0.534]),
        ("1,5", [1.5]),
        ("24", [24.0]),
    ],
)
def test_a_number_is_read_as_each_language_may_mean_it(text, values):
    assert [reading.value for reading in readings_of(text)] == values


@pytest.mark.parametrize(("text", "step"), [("70000", 10_000), ("69930", 10), ("69,930", 10), ("0.25", 0.01), ("0", 1)])
def test_the_last_digit_that_counts_is_known(text, step):
    assert readings_of(text)[0].step == pytest.approx(step)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("between $69,622 and $70,294.50", [(Kind.MONEY, "$69,622"), (Kind.MONEY, "$70,294.50")]),
        ("69.930,25 $ oder 61 USDT", [(Kind.MONEY, "69.930,25 $"), (Kind.MONEY, "61 USDT")]),
        (
            "53.4 %, sixty percent and 60 por ciento",
            [(Kind.PERCENT, each) for each in ("53.4 %", "sixty percent", "60 por ciento")],
        ),
        ("百分之六十 或 53%", [(Kind.PERCENT, "百分之六十"), (Kind.PERCENT, "53%")]),
        ("70k or seventy thousand dollars", [(Kind.MONEY, "70k"), (Kind.MONEY, "seventy thousand dollars")]),
        ("六万九千美元，6.99万美元", [(Kind.MONEY, "六万九千美元"), (Kind.MONEY, "6.99万美元")]),
        ("at 13:00 UTC, 5pm, 13 Uhr, 13h00", [(Kind.CLOCK, each) for each in ("13:00", "5pm", "13 Uhr", "13h00")]),
        (
            "19 March 2026, March 19, 19. März 2026, 19 de marzo de 2026, 19 mars, 2026-03-19, 2026年3月19日",
            [
                (Kind.DATE, each)
                for each in (
                    "19 March 2026", "March 19", "19. März 2026", "19 de marzo de 2026", "19 mars", "2026-03-19",
                    "2026年3月19日",
                )
            ],
        ),
        ("over the last 6 hours", [(Kind.PLAIN, "6")]),
        ("1. first\n2. second", []),
        ("BTC-USD may march on in two hours, one of a kind", []),
    ],
)  # fmt: skip
def test_figures_are_found_with_their_kind(text, found):
    assert figures(text) == found


def test_dates_and_clocks_are_read():
    parts = [figure.parts for figure in figures_in("19. März 2026 um 13:05, March 19 at 5 pm, 12 am")]
    assert parts == [(19, 3, 2026), (13, 5), (19, 3, 0), (17, 0), (0, 0)]


def test_words_that_cannot_be_read_are_figures_that_nothing_vouches_for():
    for text in ("setenta mil dólares", "siebzigtausend", "soixante-dix mille dollars", "sesenta por ciento"):
        [figure] = figures_in(text)
        assert figure.readings == ()


def test_a_sign_and_a_unit_count():
    signed = [
        (figure.sign, figure.readings[0].value) for figure in figures_in("+2.5 %, \u22120.3 %, 45 bps, $1.5M USD")
    ]
    assert signed == [(1, 2.5), (-1, 0.3), (0, pytest.approx(0.45)), (0, 1_500_000)]


def test_a_long_text_is_read_in_a_moment():
    assert len(list(figures_in("1 234,5 " * 2_000))) == 2_000
