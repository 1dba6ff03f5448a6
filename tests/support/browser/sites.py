"""Sites of others that embed the chat: pages on an origin of their own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class SitePage(NamedTuple):
    """What a site answers at an address."""

    html: str
    policy: str = ""  # its Content-Security-Policy


class Site:
    """A site and its pages; what is added later is served too."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.elsewhere = address.replace("127.0.0.1", "localhost")  # the same pages, on another site to a browser
        self.pages: dict[str, SitePage] = {}

    def add(self, html: str, policy: str = "") -> str:
        """Serve a page; gives its address."""
        path = f"/{len(self.pages)}"
        self.pages[path] = SitePage(html, policy)
        return f"{self.address}{path}"


@contextmanager
def site() -> Iterator[Site]:
    """A site on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = served.pages.get(self.path)
            body = page.html.encode() if page else b""
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            if page and page.policy:
                self.send_header("Content-Security-Policy", page.policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
