"""A time as a tool's argument: ISO 8601 with its zone, written as text or given as a datetime."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _moment(given: object) -> datetime:
    """A time as it is, or written as ISO 8601 has it. It must name its zone."""
    try:
        time = datetime.fromisoformat(given) if isinstance(given, str) and TIME.fullmatch(given) else given
    except ValueError:
        time = None
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise PydanticCustomError("moment", "Input should be a time with its zone, such as 2026-03-19T17:00Z")
    try:
        time.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise PydanticCustomError("moment", "Input should be a time of this century") from error
    return time


Moment = Annotated[
    datetime,
    PlainValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{TIME.pattern}$"}),
]
