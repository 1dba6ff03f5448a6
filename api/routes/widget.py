"""/widget.js, the chat as a bubble on other sites, and /widget, the page that shows it."""

import gzip
import hashlib
from pathlib import Path

from fastapi import APIRouter, Request, Response

from api.middleware import names

FOLDER = Path(__file__).resolve().parent.parent / "widget"
TEN_MINUTES = "public, max-age=600"  # a newer widget is everywhere soon after an update
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
ANYWHERE = {"Cross-Origin-Resource-Policy": "cross-origin"}  # sites that isolate themselves may load it too

router = APIRouter(include_in_schema=False)


class File:
    """A file of the widget with its tag, as it is and compressed."""

    def __init__(self, name: str, headers: dict[str, str] | None = None) -> None:
        self._plain = (FOLDER / name).read_bytes()
        self._packed = gzip.compress(self._plain, 9, mtime=0)
        self._type = TYPES[Path(name).suffix]
        self._headers = {
            "ETag": f'W/"{hashlib.sha256(self._plain).hexdigest()[:32]}"',  # weak: the same for both forms
            "Cache-Control": TEN_MINUTES,
            "Vary": "Accept-Encoding",
            **(headers or {}),
        }

    def answer(self, request: Request) -> Response:
        """The file, or that what the client has is still the same."""
        if names(request.headers.get("if-none-match", ""), self._headers["ETag"]):
            return Response(status_code=304, headers=self._headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self._packed, headers=self._headers | {"Content-Encoding": "gzip"}, media_type=self._type)
        return Response(self._plain, headers=self._headers, media_type=self._type)


_SCRIPT = File("widget.js", ANYWHERE)
_PAGE, _PAGE_STYLE, _PAGE_SCRIPT = File("index.html"), File("page.css"), File("page.js")


@router.get("/widget.js")
async def script(request: Request) -> Response:
    """What a site embeds."""
    return _SCRIPT.answer(request)


@router.get("/widget")
async def page(request: Request) -> Response:
    """Every option, tried out in place, and the line to copy."""
    return _PAGE.answer(request)


@router.get("/widget/page.css")
async def page_style(request: Request) -> Response:
    """How that page looks."""
    return _PAGE_STYLE.answer(request)


@router.get("/widget/page.js")
async def page_script(request: Request) -> Response:
    """What that page does."""
    return _PAGE_SCRIPT.answer(request)
