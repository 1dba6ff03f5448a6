"""Candles are read quickly as they are read slowly, or not at all."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from api.wire.caller_values import GivenCandles
from api.wire.json_text import parsed
from api.wire.quick_candles import LISTS, with_rows
from tests.support.service.hostile_bodies import HOSTILE
from tests.support.service.v1 import question

CANDLES = TypeAdapter(GivenCandles)
HOURS = [1_767_225_600, "2026-01-01T01:00:00Z", "2026-01-01T03:00:00+01:00"]
CANDLE = {"open_time": HOURS[0], "open": 1.5, "high": 2, "low": 1.25, "close": 1.5, "volume": 0.0}
BODY = {
    "symbol": "BTC-USD",
    "candles": [{**CANDLE, "open_time": each} for each in HOURS],
    "other_candles": [CANDLE],
    "hours": 3,
    "quantiles": [0.1, 0.9],
}
VALUES = (
    '"a"', '"\\u0031"', '"\\ud800"', '"é"', '"a\nb"', "null", "true", "false", "NaN", "Infinity", "-Infinity", "0",
    "-0", "-0.0", "01", "1.", ".5", "+1", "1e2", "1E-400", "1e400", "1" + 20 * "0", "1" + 400 * "0", 5000 * "9",
    "1e15", "1000000000000001", "0.1e-11", "9007199254740993", "1000000000000000.0", "[]", "{}", "[1]", '{"a": 1}',
    90 * "[" + 90 * "]", "[" * 2000, "1767225600.0", "1767225601", "1767225600000", "1767225600", '"2026-01-01"',
    '"2026-01-01T00:00:00"', '"20260101T00Z"', '"2026-01-01 00:00:00+00:00"', '"2026-W01-4T00:00Z"',
    '"2026-01-01T00:59:59.9999999Z"', '"2026-01-01T00:00:60Z"', '"1767225600"', '"9999-12-31T23:00:00-23:00"',
    "[" + ",".join(["0.5"] * 1500) + "]", '"' + "a" * 2000 + '"',
)  # fmt: skip
NAMES = ("symbol", "hours", "candles", "other_candles", "open_time", "open", "volume", "unknown", "op\\u0065n", "", "é")
MARKS = (*'{}[]:,"\\ \n\t\x0b01-.eN', "\ufeff", "\x00", "\x7f", "é", '"open":1,', "/**/")

values = st.sampled_from(VALUES)
members = st.builds(lambda name, value: f'"{name}": {value}', st.sampled_from(NAMES), values)


@st.composite
def bodies(draw):
    """A body with a value exchanged, a member added (perhaps one that is there), or a mark put anywhere."""
    text = json.dumps(BODY, indent=draw(st.sampled_from([None, 1])), ensure_ascii=False)
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["value", "member", "mark", "byte", "repeat"]))
        places = [at for at, mark in enumerate(text) if mark == {"value": ":", "member": "{"}.get(kind, mark)]
        if not places:
            continue
        at = draw(st.sampled_from(places)) + 1
        if kind == "value":
            end = min((found for mark in ",}]" if (found := text.find(mark, at)) > 0), default=at)
            text = text[:at] + draw(values) + text[end:]
        elif kind == "member":
            text = text[:at] + draw(members) + "," + text[at:]
        elif kind == "repeat":
            text = text[:at] + text[max(at - draw(st.integers(1, 60)), 0) :]
        else:
            text = text[: at - (kind == "byte")] + draw(st.sampled_from(MARKS)) + text[at:]
    return text.encode()


def rows(each):
    return np.array([[candle[name] for name in CANDLE] for candle in CANDLES.validate_python(each)])


def slowly(body):
    """What the slow way makes of it; None where it refuses the JSON or the candles."""
    try:
        value = parsed(body.decode())
        return {name: rows(each) if name in LISTS else each for name, each in value.items()}
    except (ValueError, RecursionError, AttributeError):
        return None


def assert_as_read_slowly(body, quick):
    slow = slowly(body)
    assert slow is not None
    assert list(quick) == list(slow)
    for name, each in slow.items():
        if name in LISTS:
            assert quick[name].dtype == np.float64
            np.testing.assert_array_equal(quick[name], each)
        else:
            assert repr(quick[name]) == repr(each)


@pytest.mark.parametrize("indent", [None, 2])
def test_a_body_without_fault_is_read_quickly(indent):
    body = json.dumps(BODY, indent=indent).encode()
    assert_as_read_slowly(body, with_rows(body))


@given(body=bodies())
@example(json.dumps(BODY).replace('"open": 1.5', '"open": 1.5, "open": 1.5', 1).encode())
@example(json.dumps(BODY).replace('"hours": 3', '"hours": 2, "hours": 3').encode())
@example(json.dumps(BODY).replace('"candles": [', '"candles": [], "candles": [').encode())
@example(b"\xef\xbb\xbf" + json.dumps(BODY).encode())
@example(json.dumps(BODY).encode().replace(b"Z", b"\xff"))
@example(json.dumps({**BODY, "candles": [CANDLE] * 1001}).encode())
@example(json.dumps({**BODY, **{str(each): each for each in range(70)}}).encode())
def test_what_is_read_quickly_is_taken_slowly_too_and_for_the_same(body):
    quick = with_rows(body)
    if quick is not None:
        assert_as_read_slowly(body, quick)


@pytest.mark.parametrize(
    "twice",
    [
        '"open": 1.5, "open": 1.5',
        '"open": null, "open": 1.5',
        '"open": "1", "open": 1.5',
        '"o\\u0070en": 1, "open": 1.5',
    ],
)
def test_a_key_twice_is_left_to_be_refused(twice):
    body = json.dumps(BODY).replace('"open": 1.5', twice, 1).encode()
    assert with_rows(body) is None and slowly(body) is None


def test_each_candle_is_held_to_the_bounds_that_a_slow_reading_has():
    taken = set()
    for name in CANDLE:
        for value in VALUES:
            text = json.dumps({"candles": [CANDLE]}).replace(f'"{name}": {CANDLE[name]}', f'"{name}": {value}')
            quick = with_rows(text.encode())
            if quick is not None:
                taken.add(name)
                assert_as_read_slowly(text.encode(), quick)
    assert taken == set(CANDLE)


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bodies_are_read_quickly_only_where_slowly_too(make):
    content = make(json.dumps(question()).encode()).content
    if isinstance(content, bytes):
        quick = with_rows(content)
        assert quick is None or repr(quick) == repr(slowly(content))
