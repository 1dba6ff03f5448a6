"""Visitors of sites that embed the chat, in a real browser."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.browser.chromium import PATIENCE, answered, hold

# What the site hears is written on its root element, where one can wait for it under any policy. The shadow root,
# which the widget closes to scripts, is opened for locators; that it is closed otherwise has a test of its own.
LISTEN = """
for (const type of ["open", "close", "ready", "forecast", "alert"])
  addEventListener(`cryptosense:${type}`, ({ detail }) => {
    const { dataset } = document.documentElement;
    dataset.heard = `${dataset.heard ?? ""} ${type}`.trim();
    if (type === "forecast") dataset.forecast = JSON.stringify(detail);
  });
window.broken = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => broken.push(violatedDirective));
window.shift = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) shift += each.hadRecentInput ? 0 : each.value;
}).observe({ type: "layout-shift", buffered: true });
"""
OPEN = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (set) { return attach.call(this, { ...set, mode: "open" }); };
"""


class Guest:
    """One visitor on a site with the widget."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.said: list[tuple[str, str]] = []
        self.requests: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: self.said.append((said.type, said.text)))
        page.on("pageerror", lambda error: self.said.append(("error", str(error))))
        page.on("request", lambda request: self.requests.append(request.url))
        page.add_init_script(LISTEN)
        page.add_init_script(OPEN)
        page.goto(address)
        widget = page.locator("cryptosense-chat")
        self.bubble, self.panel, self.note, self.close, frame = (
            widget.locator(name) for name in ("div > button", "section", "output", ".close", "iframe")
        )
        self.chat = frame.content_frame
        self.box, self.questions = self.chat.locator("#box textarea"), self.chat.locator(".user-row")

    def hears(self, *events: str) -> None:
        """Wait until the site has heard exactly these, in this order."""
        expect(self.page.locator("html")).to_have_attribute("data-heard", " ".join(events))

    def open(self) -> None:
        """Click on the bubble, for the first time, and wait for the chat."""
        self.bubble.click()
        self.hears("open", "ready")

    def forecast(self) -> dict[str, Any]:
        """What the newest event of that name told."""
        told: dict[str, Any] = json.loads(self.page.locator("html").get_attribute("data-forecast") or "{}")
        return told

    def answered(self, questions: int = 1) -> None:
        """Wait until the chat holds that many questions and no turn is running."""
        answered(self.chat.locator("body"), questions)

    def hints(self, number: int = 0) -> list[str]:
        """What the widget has told the site's owner, once it is so much."""
        hold(lambda: self.page.evaluate("() => true") and len(self._hints()) >= number)
        return self._hints()

    def _hints(self) -> list[str]:
        return [text for _, text in self.said if text.startswith("CryptoSense: ")]

    def complaints(self) -> list[str]:
        """What the browser found wrong, but for the icon that the site has not, and for our own hints."""
        return [
            text
            for kind, text in self.said
            if kind in ("error", "warning") and "404" not in text and not text.startswith("CryptoSense: ")
        ]

    def shift(self) -> float:
        """How far the widget has moved the page about."""
        return float(self.page.evaluate("() => window.shift"))


Go = Callable[..., Guest]


def page_with(served: str, attributes: str = "", head: str = "", body: str = "<h1>A site</h1>") -> str:
    line = f'<script id="line" src="{served}/widget.js" {attributes}></script>'
    return f"<!DOCTYPE html><html><head><title>A site</title>{head}</head><body>{body}{line}</body></html>"
