"""Which font has a text's letters: the one of the page's library, which has Latin ones, or one of the system."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

LATIN = Path("templates", "frontend", "static", "fonts", "IBMPlexSans", "IBMPlexSans-Regular.woff2")  # of Gradio
CHINESE = ("NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "wqy-zenhei.ttc", "PingFang.ttc", "msyh.ttc")
NOBODYS = "\ue000"  # a letter that no font has
ANY = 20  # pixels


@lru_cache(256)
def font_with(letters: str) -> str | None:
    """The file or name of a font that has all these letters; None where none is at hand."""
    return next((name for name in _known() if _has(name, letters)), None)


def font_of(name: str | None, size: int) -> "Font":
    """A font at a size in pixels; for None the one that Pillow brings. Raises OSError for one that is not there."""
    from PIL import ImageFont

    return ImageFont.load_default(size) if name is None else ImageFont.truetype(name, size)


def _has(name: str, letters: str) -> bool:
    """Whether the font is there, and draws each letter as more than the box for letters that it has not."""
    try:
        font = font_of(name, ANY)
    except OSError:
        return False
    box = bytes(font.getmask(NOBODYS))
    return not any(bytes(font.getmask(each)) == box for each in letters if not each.isspace())


def _known() -> Iterator[str]:
    gradio = find_spec("gradio")
    for folder in (gradio.submodule_search_locations or ()) if gradio else ():
        yield str(Path(folder) / LATIN)
    yield from CHINESE
