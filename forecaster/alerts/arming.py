"""When an alert tells: once as its condition comes to hold, and again only after it went back, or as often as asked."""

from typing import NamedTuple

from forecaster.alerts.alerts import Asked, Standing
from forecaster.alerts.bodies import Status
from forecaster.alerts.conditions import STANDS_FOR, AnomalyHour, Reading

MINUTE = 60.0  # seconds


class Step(NamedTuple):
    """How an alert stands from now on, and what is told of it."""

    standing: Standing
    status: Status | None  # None: nothing


def step(asked: Asked, reading: Reading, now: float) -> Step | None:
    """What a reading changes at `now` (Unix s); None where nothing."""
    before = asked.standing
    after = before.model_copy(update={"version": before.version + 1, "range": reading.range})
    if reading.met and not before.firing:
        told = {"firing": True, "since": now, "last": now, "count": before.count + 1}
        return Step(after.model_copy(update=told), "firing")
    if reading.met and _again(asked, now):
        return Step(after.model_copy(update={"last": now, "count": before.count + 1}), "firing")
    if before.firing and reading.cleared and not _stands(asked, now):
        ended = after.model_copy(update={"firing": False})
        return Step(ended, "resolved" if asked.wanted.format == "alertmanager" else None)
    return Step(after, None) if reading.range != before.range else None


def _again(asked: Asked, now: float) -> bool:
    minutes, last = asked.wanted.repeat_minutes, asked.standing.last
    return minutes is not None and (last is None or now >= last + MINUTE * minutes)


def _stands(asked: Asked, now: float) -> bool:
    """Whether it is an anomaly of less than six hours ago, which the hours after it belong to."""
    since = asked.standing.since
    return isinstance(asked.wanted.condition, AnomalyHour) and since is not None and since <= now < since + STANDS_FOR
