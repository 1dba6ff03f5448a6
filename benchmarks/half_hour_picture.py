"""Memory over time, and the requests a second under it, as a PNG."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from forecaster.report.canvas import ACTUAL, MUTED, png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (720, 380)  # CSS pixels
STEP = 0.5  # minutes over which requests are averaged

Look = tuple[float, float, int]  # minutes, MiB, requests so far


def draw(looks: Sequence[Look]) -> bytes:
    """Two panels over the same minutes."""
    return png(SIZE, partial(_draw, looks))


def _draw(looks: Sequence[Look], figure: "Figure") -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    minutes = [each[0] for each in looks]
    above.plot(minutes, [each[1] for each in looks], color=ACTUAL)
    above.set_ylim(0, 1.25 * max(each[1] for each in looks))
    above.set_title("Memory that app.py serve occupies, in MiB (RSS)")
    below.plot(*zip(*_speeds(looks), strict=True), color=MUTED)
    below.set_ylim(0)
    below.set_title("Requests answered a second")
    below.set_xlabel("minutes")
    below.set_xlim(0, minutes[-1])


def _speeds(looks: Sequence[Look]) -> list[tuple[float, float]]:
    """Minutes, and the requests a second since at least STEP minutes before."""
    speeds, before = list[tuple[float, float]](), looks[0]
    for each in looks[1:]:
        if each[0] - before[0] >= STEP or each is looks[-1]:
            speeds.append(((each[0] + before[0]) / 2, (each[2] - before[2]) / (each[0] - before[0]) / 60))
            before = each
    return speeds
