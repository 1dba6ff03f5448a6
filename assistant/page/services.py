"""What stands behind the page: the functions that it asks. Whoever puts the product together has them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from assistant.agent import Event
from assistant.page.feedback import Feedback
from assistant.page.tabs import ModelRecord
from assistant.understanding import OFFERED
from forecaster.schema import Forecast, Price, Symbol
from tools import LiveRecord


class Turn(Protocol):
    """One turn: the conversation so far, newest last -> what happens.

    `site` is the origin that frames the page, `zone` the visitor's time zone.
    """

    def __call__(
        self, messages: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        """Answer the newest message."""
        ...


class Behind(NamedTuple):
    """All but `turn` may raise CryptoSenseError, and the page then says that this part is missing."""

    turn: Turn
    price: Callable[[Symbol], Awaitable[Price]]  # newest closed price. A backend's `price` is one.
    record: Callable[[], Awaitable[ModelRecord]]
    track_record: Callable[[Symbol, int], Awaitable[LiveRecord]]  # of a coin, so many minutes ahead
    feedback: Feedback
    offered: tuple[Symbol, ...] = OFFERED  # coins that are followed
    forecast: Callable[[Symbol, int], Awaitable[Forecast]] | None = None  # so many hours ahead, for links' pictures
