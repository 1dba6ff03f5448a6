"""What an address may ask of the page, and what it may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.page.options import (
    GREETING,
    LONGEST_GREETING,
    LONGEST_SUGGESTION,
    LONGEST_TITLE,
    MOST_PRICES,
    MOST_SUGGESTIONS,
    TITLE,
    plain,
    suggestions_for,
    view_of,
)
from assistant.understanding import OFFERED


def test_without_wishes_the_page_is_as_usual():
    view = view_of({})
    assert (view.embedded, view.symbols, view.title, view.greeting) == (False, OFFERED, TITLE, GREETING)
    assert view.suggestions == suggestions_for("BTC-USD")


def test_a_coin_sets_the_ticker_and_the_suggestions():
    view = view_of({"embed": "1", "symbol": "ETH-USD"})
    assert view.embedded
    assert view.symbols == ("ETH-USD",)
    assert all("BTC" not in text for text in view.suggestions)


@pytest.mark.parametrize("symbol", ["SOL-USD", "sol-usd", "PEPE-USD", "1INCH-USD"])
def test_any_coin_may_be_asked_for(symbol):
    assert view_of({"symbol": symbol}).symbols == (symbol.upper(),)


@pytest.mark.parametrize(
    "symbol", ["DOGE", "", "BTC-USD<script>", "BTC-EUR", "-USD", "ABCDEFGHIJKLM-USD", "\u0412TC-USD", "BTC-USD\n"]
)
def test_what_is_no_symbol_is_as_none(symbol):
    assert view_of({"symbol": symbol}).symbols == OFFERED


def test_the_header_shows_the_coins_that_are_offered_up_to_a_number():
    many = tuple(f"C{n}-USD" for n in range(40))
    assert view_of({}, ("SOL-USD", "BTC-USD")).symbols == ("SOL-USD", "BTC-USD")
    assert view_of({}, many).symbols == many[:MOST_PRICES]
    assert view_of({}, many).suggestions == suggestions_for("C0-USD")


def test_suggestions_are_parted_at_bars_and_are_at_most_four():
    assert view_of({"suggestions": " A |B||  | C|D|E"}).suggestions == ("A", "B", "C", "D")


@given(st.dictionaries(st.sampled_from(["title", "greeting", "suggestions", "symbol", "embed"]), st.text()))
def test_whatever_is_asked_stays_short_and_on_one_line(query):
    view = view_of(query)
    assert 0 < len(view.title) <= LONGEST_TITLE
    assert 0 < len(view.greeting) <= LONGEST_GREETING
    assert 0 < len(view.suggestions) <= MOST_SUGGESTIONS
    assert all(0 < len(each) <= LONGEST_SUGGESTION for each in view.suggestions)
    assert all(each.isprintable() for each in (view.title, view.greeting, *view.suggestions))


def test_a_long_text_is_cut():
    assert len(view_of({"greeting": "x" * 10_000}).greeting) == LONGEST_GREETING


@given(st.text())
def test_plain_text_has_nothing_that_markdown_or_html_reads(text):
    assert not set(plain(text)) & set("<>[]()*_`!:/.@\\~|\"'")
