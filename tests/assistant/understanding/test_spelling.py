import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.understanding.spelling import Spelling, plain

SPELLING = Spelling({"bitcoin", "forecast", "hour", "tomorrow", "price"}, {"house", "pride", "either"})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bitconi", "bitcoin"),
        ("bitcon", "bitcoin"),
        ("tommorow", "tomorrow"),
        ("forcast", "forecast"),
        ("huor", "hour"),
        ("prise", "price"),
        ("pride", "pride"),
        ("house", "house"),
        ("sour", "sour"),
        ("hourglass", "hourglass"),
        ("price", "price"),
    ],
)
def test_typos_are_mended_and_other_words_left(typed, meant):
    assert SPELLING.correct(typed) == meant


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("What\u2019s\n BTC\t?", "what's btc ?"),
        ("\u00bfCu\u00e1nto?", "\u00bfcuanto?"),
        ("a\x00b\u200bc", "a b c"),
        ("<b>btc</b> price", "btc price"),
        ("<script>alert('btc')</script>", ""),
        ("see https://example.com/btc-price now", "see now"),
        ("read /etc/passwd", "read"),
        ("\uff11\uff12 h", "12 h"),
        ("\u22125", "-5"),
    ],
)
def test_plain_text_has_no_accents_markup_addresses_or_control_characters(typed, seen):
    assert plain(typed) == seen


@given(st.text(max_size=200))
def test_any_text_can_be_made_plain_and_then_stays_one_line(text):
    assert "\n" not in plain(text) and plain(text) == plain(text).strip()
