"""Bodies with candles, read straight into arrays where nothing is wrong with them; what may be wrong is read slowly.

msgspec takes the last of two equal keys without a word. Where nothing is escaped, each key and each text has two
quotation marks and nothing else has any, so that a body with a key twice has more than what was read of it needs.
"""

from functools import lru_cache
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from api.wire.caller_values import CHEAPEST, DEAREST, LARGEST_VOLUME, MOST_CANDLES, seconds_of
from api.wire.json_text import MOST_KEYS, parsed
from forecaster.market import EARLIEST, LATEST
from forecaster.schema import HOUR

LISTS = "candles", "other_candles"
LONGEST = 1024  # bytes of a value beside them
LONGEST_TIME = 32  # characters: with microseconds and an offset
TIMES = 8192  # texts of times that are remembered: candles of many callers open at the same hours

_Price = Annotated[float, msgspec.Meta(ge=CHEAPEST, le=DEAREST)]
_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TIME)]


class _Candle(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What api.wire.caller_values calls a GivenCandle."""

    open_time: Annotated[int, msgspec.Meta(ge=EARLIEST, le=LATEST)] | _Text
    open: _Price
    high: _Price
    low: _Price
    close: _Price
    volume: Annotated[float, msgspec.Meta(ge=0, le=LARGEST_VOLUME)]


_FIELDS = len(msgspec.structs.fields(_Candle))
_seconds_of = lru_cache(TIMES)(seconds_of)
_candles = msgspec.json.Decoder(Annotated[list[_Candle], msgspec.Meta(min_length=1, max_length=MOST_CANDLES)])
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def with_rows(body: bytes) -> dict[str, Any] | None:
    """What `parsed` makes of an object with candles, but those as rows (n, 6) that were checked.

    None for every other body, and for each that `parsed`, or what checks its candles, might refuse.
    """
    if b'"candles"' not in body or b"\\" in body or not body.isascii():
        return None
    try:
        members = _members.decode(body)
        if len(members) > MOST_KEYS or _quotes(body) != 2 * len(members) + sum(map(_quotes, members.values())):
            return None
        return {name: (_rows if name in LISTS else _value)(raw) for name, raw in members.items()}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _rows(raw: msgspec.Raw) -> NDArray[np.float64]:
    candles = _candles.decode(raw)
    if _quotes(raw) != 2 * sum(_FIELDS + isinstance(each.open_time, str) for each in candles):
        raise ValueError("a duplicate key")
    times = [_seconds_of(each.open_time) if isinstance(each.open_time, str) else each.open_time for each in candles]
    told = [(t, c.open, c.high, c.low, c.close, c.volume) for t, c in zip(times, candles, strict=True)]
    rows = np.array(told, dtype=np.float64)
    if rows[:, 0].min() < EARLIEST or rows[:, 0].max() > LATEST or (rows[:, 0] % HOUR).any():
        raise ValueError("no opening of a candle")
    return rows


def _value(raw: msgspec.Raw) -> Any:
    text = bytes(raw)
    if len(text) > LONGEST:
        raise ValueError("long, as nothing beside candles is")
    return parsed(text.decode())


def _quotes(text: bytes | msgspec.Raw) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord('"')))
