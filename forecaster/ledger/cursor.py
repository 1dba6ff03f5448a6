"""Where a page of the ledger ended, as text that a client sends back for the next one.

It names the last forecast that was read, not a number of rows, so that what is added meanwhile shifts nothing.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from math import ceil
from typing import NamedTuple, Self

from forecaster.errors import InvalidInput
from forecaster.quantiles import HORIZONS
from forecaster.schema import FARTHEST, MINUTES

TEXT = re.compile(r"(0|[1-9]\d{0,9})\.([\w-]{1,64})", re.ASCII)


class Cursor(NamedTuple):
    """A forecast's place in the order of time and id."""

    as_of: int  # Unix seconds
    forecast_id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that `str` wrote. Raises InvalidInput for any other text."""
        try:
            found = TEXT.fullmatch(urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii"))
        except ValueError:
            found = None
        cursor = cls(int(found[1]), found[2]) if found else None
        if cursor is None or str(cursor) != text:  # decoding skips what is not of the alphabet
            raise InvalidInput("The cursor is not one of the ledger's.", "Send the next_cursor of a page, or none.")
        return cursor

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.as_of}.{self.forecast_id}".encode()).decode().rstrip("=")


def cursor_up_to(time: datetime) -> str:
    """Where a page begins whose newest forecast is of a time (aware, a whole second) or before it."""
    return str(Cursor(int(time.timestamp()) + 1, "-"))  # no id sorts before it


def minutes_ahead(hours: int | None, minutes: int | None) -> int | None:
    """The one horizon that is asked about, if any. Raises InvalidInput where none such is kept."""
    if hours is not None and not 1 <= hours <= HORIZONS:
        raise InvalidInput(f"{hours} hours ahead is never forecast.", f"Ask for 1 to {HORIZONS} hours ahead.")
    if minutes is not None and minutes not in MINUTES and not (minutes % 60 == 0 and 60 <= minutes <= FARTHEST):
        raise InvalidInput(f"{minutes} minutes ahead are not graded.", "Ask for 15, 30 or 45, or for whole hours.")
    return minutes if hours is None else 60 * hours


def seconds(since: datetime | None) -> int | None:
    """The first whole Unix second of what is asked about. Raises InvalidInput for a time without a zone."""
    if since is not None and since.tzinfo is None:
        raise InvalidInput("The time has no time zone.", "Send it with one, such as 2026-03-19T12:00:00Z.")
    return None if since is None else ceil(since.timestamp())
