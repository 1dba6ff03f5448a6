"""JSON is read as RFC 8259 has it, in pieces as at once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire.json_text import MOST_KEYS, MOST_PIECES, parsed, parsed_in_pieces
from tests.support.service.hostile_bodies import HOSTILE
from tests.support.service.v1 import question

REFUSED = object()

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
)
marks = st.text(alphabet='{}[]:,"\\ \n\t\x0b01-.eatrufN', max_size=12)


def outcome(read, text):
    try:
        return read(text)
    except (ValueError, RecursionError):
        return REFUSED


@given(value=values, indent=st.sampled_from([None, 1]))
def test_what_is_json_is_read_in_pieces_as_at_once(value, indent):
    text = json.dumps(value, indent=indent)
    assert parsed_in_pieces(text) == parsed(text) == value


@given(value=values, mark=marks, place=st.integers(min_value=0), cut=st.integers(min_value=0, max_value=2))
def test_what_is_no_json_is_refused_in_pieces_as_at_once(value, mark, place, cut):
    text = json.dumps(value)
    place %= len(text) + 1
    text = text[:place] + mark + text[place + cut :]
    assert outcome(parsed_in_pieces, text) == outcome(parsed, text)


@given(value=values, piece=st.integers(min_value=1, max_value=30))
def test_short_pieces_change_no_value_and_the_longer_ones_are_refused(value, piece):
    text = json.dumps(value)
    read = outcome(lambda text: parsed_in_pieces(text, piece), text)
    assert read == value if len(text) <= piece else read in (value, REFUSED)


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_read_in_pieces_as_at_once(make):
    content = make(json.dumps(question()).encode()).content
    if isinstance(content, bytes):
        text = content.decode(errors="replace")
        assert outcome(parsed_in_pieces, text) == outcome(parsed, text)


def test_a_piece_longer_than_two_are_taken_for_is_refused():
    text = json.dumps({"windows": [[1] * 20, [2] * 400]})
    assert parsed_in_pieces(text, 1_200) == parsed(text)
    with pytest.raises(ValueError):
        parsed_in_pieces(text, 500)


def test_white_space_may_be_longer_than_a_piece():
    assert parsed_in_pieces('{"a":' + " " * 1_000 + "[1,\n\n2]}" + "\n" * 1_000, 16) == {"a": [1, 2]}


@pytest.mark.parametrize("read", [parsed, parsed_in_pieces])
def test_an_object_of_too_many_keys_is_refused(read):
    assert len(read(json.dumps({str(n): n for n in range(MOST_KEYS)}))) == MOST_KEYS
    with pytest.raises(ValueError):
        read(json.dumps({str(n): n for n in range(MOST_KEYS + 1)}))


def test_too_many_pieces_are_refused():
    assert len(parsed_in_pieces(json.dumps([0] * MOST_PIECES))) == MOST_PIECES
    with pytest.raises(ValueError):
        parsed_in_pieces(json.dumps([0] * (MOST_PIECES + 1)))
