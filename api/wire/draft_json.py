"""A draft of a forecast as the JSON of the forecast, written from its arrays: no object is made for each number.

orjson writes all numbers at once, and what stands between them is the same from one forecast to the next.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import orjson
from pydantic import BaseModel
from pydantic_core import to_json

from api.wire.errors import Problem
from forecaster.errors import InvalidInput
from forecaster.inference import Draft
from forecaster.market import utc
from forecaster.quantiles import Floats
from forecaster.schema import Forecast

HOUR = 60  # minutes
MEDIAN = "0.50"
HORIZONS = b'"horizons":['  # nothing else in it is: in what is said, quotation marks are escaped
TIMES = 4096  # texts of times that are kept: many forecasts tell of the same hours
SHAPES = 64  # sets of horizons and levels whose texts are kept


def results_json(before: bytes, answers: Sequence[Forecast | Draft | InvalidInput]) -> bytes:
    """Results of a batch, each with its forecast or a problem in its place, after what comes `before` them."""
    pieces = []
    for answer in answers:
        pieces += [before, *_result(answer)]
        before = b","
    return b"".join(pieces)


def _result(answer: Forecast | Draft | InvalidInput) -> list[bytes]:
    if isinstance(answer, InvalidInput):
        problem = Problem(title="Unprocessable Entity", status=422, detail=str(answer))
        return [b'{"forecast":null,"problem":', to_json(problem), b"}"]
    told = draft_json(answer) if isinstance(answer, Draft) else to_json(answer)
    return [b'{"forecast":', told, b',"problem":null}']


def draft_json(draft: Draft) -> bytes:
    """What Pydantic writes of `draft.forecast()`, but for how a number is written."""
    told = draft.distributions
    columns = [told.prices[:, [told.levels.index(MEDIAN)]], told.prices, told.rise[:, None], told.move[:, None]]
    columns += [] if told.above is None else [told.above[:, None]]
    table = np.concatenate(columns, axis=1)  # (k, 3 + Q), in the order of the text
    openings, between = _around(told.minutes, told.levels, told.above is not None)
    text = list(between)
    text[0 : -1 : 2 * table.shape[1]] = _timed(openings, told.as_of, told.minutes)
    text[1::2] = _numbers(table)
    before, here, after = orjson.dumps(draft.said, _of_model, orjson.OPT_UTC_Z).partition(HORIZONS)
    text[0] = before + here + text[0]
    text[-1] += after
    return b"".join(text)  # while the pieces of this one are in the processor's cache


def _numbers(table: Floats) -> list[bytes]:
    return orjson.dumps(table.ravel(), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")


@lru_cache(SHAPES)
def _around(
    minutes: tuple[int, ...], levels: tuple[str, ...], above: bool
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """What stands before each horizon's time, and the whole text with gaps for those and for each number."""
    first, *others = (f'"{level}":' for level in levels)
    row = [
        "",
        f',"quantiles":{{{first}',
        *(f",{each}" for each in others),
        '},"probability_up":',
        ',"expected_move_pct":',
    ]
    row += [',"probability_above":'] if above else []
    end = "}" if above else ',"probability_above":null}'
    openings = [
        f'{f"{end}," if at else ""}{{"hours":{"null" if ahead % HOUR else ahead // HOUR},"minutes":{ahead}'
        for at, ahead in enumerate(minutes)
    ]
    gaps = [part.encode() for each in row for part in (each, "")]
    return tuple(each.encode() for each in openings), (*gaps * len(minutes), end.encode())


@lru_cache(SHAPES)
def _timed(openings: tuple[bytes, ...], as_of: float, minutes: tuple[int, ...]) -> list[bytes]:
    """What stands before each horizon's numbers: many forecasts begin at the same time."""
    return [opening + _time(as_of + 60 * ahead) for opening, ahead in zip(openings, minutes, strict=True)]


@lru_cache(TIMES)
def _time(seconds: float) -> bytes:
    time = utc(seconds).isoformat().replace("+00:00", "Z")
    return f',"target_time":"{time}","median":'.encode()


@lru_cache(SHAPES)
def _of_model(model: BaseModel) -> orjson.Fragment:
    return orjson.Fragment(to_json(model))
