"""The addresses of the chart's files below ``chart/``: the library, for a year, and our own, for ten minutes.

No page asks for any of them before it shows a card (static/chart.js).
"""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from assistant.page.live_chart.library import VERSION, library
from assistant.page.visitor import Visitor
from assistant.page.words import Words
from assistant.understanding import Language

FOLDER = Path(__file__).resolve().parent.parent / "static" / "chart"
WORDS = "/chart/words.js"  # which static/chart/visitor.js asks for
LIBRARY = f"/chart/lightweight-charts-{VERSION}.js"  # which static/chart/library.js asks for
TYPES = {".js": "text/javascript", ".css": "text/css"}
TEN_MINUTES = "public, max-age=600"  # a newer page finds newer files soon
A_YEAR = "public, max-age=31536000, immutable"  # another content has another name


class File:
    """A file that is answered as it is or compressed, with its tag."""

    def __init__(self, content: bytes, media_type: str, holds: str) -> None:
        self._plain, self._packed = content, gzip.compress(content, 9, mtime=0)
        self._type = media_type
        self._headers = {
            "ETag": f'W/"{hashlib.sha256(content).hexdigest()[:32]}"',  # weak: the same for both forms
            "Cache-Control": holds,
            "Vary": "Accept-Encoding",
        }

    async def answer(self, request: Request) -> Response:
        """The file, or that what the browser has is still the same."""
        sent = request.headers.get("if-none-match", "").split(",")
        if self._headers["ETag"] in (each.strip() for each in sent):
            return Response(status_code=304, headers=self._headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self._packed, headers=self._headers | {"Content-Encoding": "gzip"}, media_type=self._type)
        return Response(self._plain, headers=self._headers, media_type=self._type)


def chart_routes(find: Callable[[], bytes | None] = library) -> list[Route]:
    """A route a file. `find` gives the library, which is read and checked here, once."""
    script = find()
    found = {
        f"/chart/{path.name}": File(path.read_bytes(), TYPES[path.suffix], TEN_MINUTES)
        for path in sorted(FOLDER.iterdir())
        if path.suffix in TYPES
    }
    found[WORDS] = File(_words(), TYPES[".js"], TEN_MINUTES)
    answers = {address: file.answer for address, file in found.items()}
    answers[LIBRARY] = File(script, TYPES[".js"], A_YEAR).answer if script else _none
    return [Route(address, answer) for address, answer in answers.items()]


def _words() -> bytes:
    """A module with what the chart says in each of the page's languages."""
    said = {language.value: Words(Visitor(language=language)).of_chart for language in Language}
    return f"export const WORDS = {json.dumps(said, ensure_ascii=False)};\n".encode()


async def _none(request: Request) -> Response:
    return PlainTextResponse("Not Found", 404)
