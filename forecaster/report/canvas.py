"""Turns plots into pictures: SVG for the page, in the page's own font and colours, and PNG for everywhere else.

A plot is drawn in units of one CSS pixel, in light colours. Inside the page each of those colours becomes a
variable, so that the same drawing fits a dark page.
"""

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACTUAL, PREDICTED = "#0e9fb8", "#f28c28"  # cyan is what happened, orange what was predicted
INK, MUTED, LINE = "#14181f", "#5d6980", "#dde3ea"
PANEL = "#ffffff"  # what lies behind a picture
GREEN, VIOLET = "#2b8a5f", "#7a5fd0"
VARIABLES = {
    ACTUAL: "--happened",
    PREDICTED: "--forecast",
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    PANEL: "--panel",
    GREEN: "--green",
    VIOLET: "--violet",
}
TEXT = 11  # CSS pixels
UNIT = 72  # of matplotlib's, to the inch: one is a CSS pixel in its SVG
SHARPNESS = 4  # pixels of a PNG to one CSS pixel
COLOURS = 48  # of a PNG: enough for flat areas and the edges of letters, at a third of the size

LONG = re.compile(r"-?\d+\.\d{2,}")

Size = tuple[float, float]  # width and height in CSS pixels


def svg(name: str, alt: str, size: Size, plot: "Callable[[Axes], None]") -> str:
    """One plot as an inline SVG. `name` sets its ids apart from those of the page's other pictures."""
    from matplotlib.figure import Figure

    with _style(name):
        figure = Figure(figsize=(size[0] / UNIT, size[1] / UNIT), layout="constrained")
        plot(figure.subplots())
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    return (
        f'<svg viewBox="0 0 {size[0]:g} {size[1]:g}" role="img" aria-label="{escape(alt)}">{_tidy(drawn, name)}</svg>'
    )


def png(size: Size, draw: "Callable[[Figure], None]") -> bytes:
    """A picture on white, four pixels to a CSS pixel."""
    from matplotlib.figure import Figure
    from PIL import Image

    drawn, picture = io.BytesIO(), io.BytesIO()
    with _style("png"):
        figure = Figure(figsize=(size[0] / UNIT, size[1] / UNIT), dpi=SHARPNESS * UNIT, layout="constrained")
        draw(figure)
        figure.savefig(drawn, format="png")
    with Image.open(drawn) as image:
        flat = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    flat.save(picture, format="png", optimize=True)
    return picture.getvalue()


def _style(salt: str) -> AbstractContextManager[None]:
    from matplotlib import rc_context

    return rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": salt,
            "text.parse_math": False,  # a price begins with $
            "font.size": TEXT,
            "axes.titlesize": TEXT,
            "axes.titlelocation": "left",
            "axes.labelsize": TEXT,
            "xtick.labelsize": TEXT,
            "ytick.labelsize": TEXT,
            "legend.fontsize": TEXT,
            "legend.frameon": False,
            "text.color": INK,
            "axes.edgecolor": LINE,
            "axes.labelcolor": MUTED,
            "axes.unicode_minus": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.grid.axis": "y",
            "grid.color": LINE,
            "grid.linewidth": 0.8,
            "xtick.color": LINE,
            "ytick.color": LINE,
            "xtick.labelcolor": MUTED,
            "ytick.labelcolor": MUTED,
            "xtick.major.size": 0,
            "ytick.major.size": 0,
            "lines.linewidth": 1.5,
            "lines.solid_capstyle": "round",
        }
    )


def _tidy(drawn: io.StringIO, name: str) -> str:
    """The inside of matplotlib's SVG: hundredths of a pixel, ids of this picture alone, the page's font and colours."""
    text = drawn.getvalue()
    text = text[text.index("</metadata>") + len("</metadata>") : text.rindex("</svg>")]
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->", "", text, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", text)
    text = re.sub(r'(url\(|href=")#', rf"\1#{name}-", text).replace("xlink:href", "href")
    text = re.sub(r" font-family: [^;\"]*;| transform=\"rotate\(-0 [^)]*\)\"|<g\s*/>", "", text)
    text = re.sub(r'="[^"]*"', lambda found: LONG.sub(_short, found[0]), text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return re.sub(r">\s+<", "><", re.sub(r"\s*\n\s*", " ", text)).strip()


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
