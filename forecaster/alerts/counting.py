"""Who counts what alerts do, for an operator; short because it is what api/middleware/metrics.py keeps to."""

from typing import Literal, Protocol

Result = Literal["delivered", "failed", "refused", "given_up", "dropped"]


class Counting(Protocol):
    """Is told at once, on the event loop or in any thread, and must not take long."""

    def alert_fired(self, kind: str) -> None:
        """An alert of that kind of condition held."""
        ...

    def alert_delivery(self, result: Result) -> None:
        """A webhook was tried, or something was not told."""
        ...

    def alert_deliveries_waiting(self, count: int) -> None:
        """So many are to be delivered yet."""
        ...


class Uncounted:
    """Counts nothing."""

    def alert_fired(self, kind: str) -> None:
        """See Counting."""

    def alert_delivery(self, result: Result) -> None:
        """See Counting."""

    def alert_deliveries_waiting(self, count: int) -> None:
        """See Counting."""
