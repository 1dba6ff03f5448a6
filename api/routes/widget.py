"""/widget.js, the chat as a bubble on other sites, and /widget, the page that shows it.

A site loads widget.js, which is minified here and has at most 2,048 bytes, and at the first click the module
/widget/panel.js. That one is given to sites in ``ALLOWED_ORIGINS``; others are given words that say so.
"""

import gzip
import hashlib
import logging
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from rjsmin import jsmin

from api.middleware import names
from forecaster.settings import Settings

FOLDER = Path(__file__).resolve().parent.parent / "widget"
TEN_MINUTES = "public, max-age=600"  # a newer widget is everywhere soon after an update
NOT_PUBLIC = ("localhost", "local", "lan", "internal", "test", "home.arpa")  # ends of names that only a network knows
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
ANYWHERE = {"Cross-Origin-Resource-Policy": "cross-origin"}  # sites that isolate themselves may load it too
BY_ORIGIN = {"Vary": "Accept-Encoding, Origin"}

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)


class File:
    """A file of the widget with its tag, plain and compressed; scripts without comments and needless spaces."""

    def __init__(self, name: str, headers: dict[str, str] | None = None) -> None:
        text = (FOLDER / name).read_text(encoding="utf-8")
        self._plain = (jsmin(text) if name.endswith(".js") else text).encode()
        self._packed = gzip.compress(self._plain, 9, mtime=0)
        self._type = TYPES[Path(name).suffix]
        self._headers = {
            "ETag": f'W/"{hashlib.sha256(self._plain).hexdigest()[:32]}"',  # weak: the same for both forms
            "Cache-Control": TEN_MINUTES,
            "Vary": "Accept-Encoding",
            **(headers or {}),
        }

    def answer(self, request: Request, more: dict[str, str] | None = None) -> Response:
        """The file with `more` headers, or that what the client has is still the same."""
        headers = self._headers | (more or {})
        if names(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self._packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=self._type)
        return Response(self._plain, headers=headers, media_type=self._type)


_SCRIPT = File("widget.js", ANYWHERE)
_PANEL, _REFUSED = (File(name, ANYWHERE | BY_ORIGIN) for name in ("panel.js", "refused.js"))
_PAGE, _PAGE_STYLE, _PAGE_SCRIPT = File("index.html"), File("page.css"), File("page.js")


@router.get("/widget.js")
async def script(request: Request) -> Response:
    """What a site embeds."""
    return _SCRIPT.answer(request)


@router.get("/widget/panel.js")
async def panel(request: Request) -> Response:
    """What the script loads at the first click, as a module: a site that is not allowed may read that it is not."""
    site = request.headers.get("origin")
    if site is None or urlsplit(site).netloc == request.url.netloc:  # our own pages; some browsers name those too
        return _PANEL.answer(request)
    settings: Settings = request.app.state.settings
    readable = {"Access-Control-Allow-Origin": site}
    if site in {each.lower() for each in (*settings.allowed_origins, settings.public_origin)}:
        return _PANEL.answer(request, readable)
    return _REFUSED.answer(request, readable | {"Cache-Control": "no-store"})  # the next visit may be allowed


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


def install(app: FastAPI, settings: Settings) -> None:
    """Serve it all, and say in the log where the pages of most sites could not load it."""
    app.include_router(router)
    if settings.public_url.startswith("http:") and is_public(urlsplit(settings.public_url).hostname or ""):
        log.warning(
            "CRYPTOSENSE_PUBLIC_URL begins with http: browsers load no script from there into a page with https, so "
            "that such a site shows nothing at all. Serve it over TLS (docs/proxy.md), and set the address with "
            "https."
        )


def is_public(host: str) -> bool:
    """Whether anybody may reach a host, by its looks: it is neither this machine nor a name or address at home."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not f".{host.lower().rstrip('.')}".endswith(tuple(f".{end}" for end in NOT_PUBLIC))
