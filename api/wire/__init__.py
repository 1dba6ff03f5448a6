"""What is read from and written to clients: strict JSON, callers' values, errors."""

from api.wire.budgets import HANG_UP, HELD, JOIN, RETRY_AFTER, Budget, Held
from api.wire.caller_values import (
    FEWEST_CLOSES,
    MOST_CANDLES,
    Closes,
    Given,
    GivenCandles,
    GivenRoute,
    Moment,
    OpeningTime,
    Price,
    QueryHours,
    QueryMoment,
    QueryWhole,
    Whole,
    WholeMinutes,
    candles_of,
)
from api.wire.draft_json import draft_json, results_json
from api.wire.errors import DETAILS, REQUEST_ID, Problem, documented, problem, raw, request_id
from api.wire.json_text import parsed
from api.wire.openai_errors import MODEL, OpenAIErrors, documented_openai, error_body
from api.wire.openai_requests import LONGEST_MESSAGE, MOST_MESSAGES, CompletionRequest
from api.wire.quick_candles import with_rows
from api.wire.strict_json import KIB, StrictJSONRoute

__all__ = [
    "DETAILS",
    "FEWEST_CLOSES",
    "HANG_UP",
    "HELD",
    "JOIN",
    "KIB",
    "LONGEST_MESSAGE",
    "MODEL",
    "MOST_CANDLES",
    "MOST_MESSAGES",
    "REQUEST_ID",
    "RETRY_AFTER",
    "Budget",
    "Closes",
    "CompletionRequest",
    "Given",
    "GivenCandles",
    "GivenRoute",
    "Held",
    "Moment",
    "OpenAIErrors",
    "OpeningTime",
    "Price",
    "Problem",
    "QueryHours",
    "QueryMoment",
    "QueryWhole",
    "StrictJSONRoute",
    "Whole",
    "WholeMinutes",
    "candles_of",
    "documented",
    "documented_openai",
    "draft_json",
    "error_body",
    "errors",
    "parsed",
    "problem",
    "raw",
    "request_id",
    "results_json",
    "with_rows",
]
