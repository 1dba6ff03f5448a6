"""Completes the page's HTML on its way to the visitor, as Gradio makes one document for everybody.

<html lang>      the visitor's language, by the address or by what the browser accepts
head             title, description, what link previews show, the icon, the words of scripts (head.py)
Gradio's config  the words that stand on the page (words_in_config.py)
noscript         what the page is, for browsers without scripts
"""

import gzip
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.page.document.head import completed_head, known_origin, with_noscript
from assistant.page.document.words_in_config import with_words
from assistant.page.options import view_of
from assistant.page.visitor import Visitor, language_of
from assistant.page.words import Words
from forecaster.schema import Price, Symbol

LARGEST = 4 * 2**20  # bytes of a document that is completed; a larger one goes as it is
PACKED = 6  # of 9: what is above costs more time than it saves bytes
MOST_ASKED = 64  # parameters of an address


class Page(NamedTuple):
    """What is the same for every visitor."""

    offered: Sequence[Symbol]
    origin: str  # where the service is reached from outside; "" where nobody has said
    known: Callable[[Sequence[Symbol]], Sequence[Price]]  # prices at hand


class Document:
    """An ASGI app that does so in every HTML document, which Gradio does not compress."""

    def __init__(self, app: ASGIApp, page: Page) -> None:
        self._app, self._page = app, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; complete a document once it is whole."""
        start: Message | None = None  # of a document whose body is awaited
        body = b""

        async def completed(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                headers = Headers(raw=message["headers"])
                length = headers.get("content-length", "0")
                if headers.get("content-type", "").startswith("text/html") and int(length) <= LARGEST:
                    start = message
                    return
            if start is None:
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                body = self._completed(scope, body.decode()).encode()
                headers = MutableHeaders(scope=start)
                if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
                    body = gzip.compress(body, PACKED, mtime=0)
                    headers["content-encoding"] = "gzip"
                headers["content-length"] = str(len(body))
                headers.add_vary_header("Accept-Language")
                headers.add_vary_header("Accept-Encoding")
                await send(start)
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, completed)

    def _completed(self, scope: Scope, html: str) -> str:
        asked = parse_qsl(scope.get("query_string", b"").decode("latin-1"))[:MOST_ASKED]
        query, headers = dict(asked), Headers(scope=scope)
        language = language_of(query, headers.get("accept-language", ""))
        words = Words(Visitor(language=language))
        view = view_of(query | {"lang": language.value}, self._page.offered)
        address = f"{self._page.origin or known_origin(scope, headers)}{scope.get('root_path', '')}"
        html = with_words(html, words, view, self._page.offered)
        html = completed_head(html, words, view.title, address)
        return with_noscript(html, words, view.symbols, self._page.known(view.symbols))
