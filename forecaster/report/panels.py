"""Pictures in their frames: a title above, a key where lines must be told apart, a text for those who cannot see."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

from forecaster.report.canvas import ACTUAL, PREDICTED, VARIABLES, Size, svg
from forecaster.report.plots import STROKES
from forecaster.report.wording import name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL: Size = (310, 215)  # one of three beside each other, or alone on a phone
WIDE: Size = (940, 290)
BESIDE: Size = (370, 280)  # beside a text
NARROW: Size = (350, 270)  # the same picture on a phone, where its texts would shrink with it
DASHES = {"-": "", "--": "6 3", ":": "1.5 3", "-.": "7 3 1.5 3"}


def panel(ident: str, title: str, alt: str, plot: "Callable[[Axes], None]", size: Size = SMALL) -> str:
    """One of several small pictures, or a picture beside a text."""
    return f"<figure><figcaption>{escape(title)}</figcaption>{svg(ident, alt, size, plot)}</figure>"


def wide(ident: str, title: str, alt: str, plot: "Callable[[Axes], None]") -> str:
    """A picture as wide as the page, drawn once more for phones."""
    drawn = "".join(
        f'<div class="{kind}">{svg(f"{ident}-{kind}", alt, size, plot)}</div>'
        for kind, size in (("wide", WIDE), ("narrow", NARROW))
    )
    return f'<figure class="full"><figcaption>{escape(title)}</figcaption>{drawn}</figure>'


def grid(panels: Sequence[str]) -> str:
    """Small pictures in rows of as many as fit."""
    return f'<div class="grid">{"".join(panels)}</div>' if panels else ""


def key(forecasters: Sequence[str]) -> str:
    """How the lines of forecasters look."""
    entries = []
    for each in forecasters:
        stroke = STROKES[each]
        entries.append(_entry(VARIABLES[stroke.colour], DASHES[stroke.dash], stroke.width, name(each)))
    return f'<ul class="key">{"".join(entries)}</ul>'


def lines_key() -> str:
    """Which line happened and which was forecast."""
    happened = _entry(VARIABLES[ACTUAL], "", 2.4, "what happened")
    return f'<ul class="key">{happened}{_entry(VARIABLES[PREDICTED], "", 1.2, "what was forecast")}</ul>'


def bands_key() -> str:
    """What the colours and signs of a forecast beside what happened mean."""
    shades = "".join(f'<li><i class="band b{each}"></i>{each} % band</li>' for each in ("50", "80", "95"))
    happened = _entry(VARIABLES[ACTUAL], "", 2.2, "what happened")
    return f'<ul class="key">{happened}{shades}<li><b>&times;</b>a close outside the 95 % band</li></ul>'


def _entry(variable: str, dashes: str, width: float, text: str) -> str:
    style = f'stroke-width="{width:g}" stroke-dasharray="{dashes}" style="stroke: var({variable})"'
    line = f'<line x1="1" y1="5" x2="27" y2="5" {style}/>'
    return f'<li><svg width="28" height="10" aria-hidden="true">{line}</svg>{escape(text)}</li>'
