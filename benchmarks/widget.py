"""What the widget costs a page: bytes before the click, time and bytes until one can type, the page's main thread.

Needs Debian's chromium (apt-get install chromium). The figures of others are those that were stated when this was made.
"""

import gzip
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from playwright.sync_api import Browser, CDPSession, Page
from rjsmin import jsmin

from benchmarks.figures import p50, table
from benchmarks.processes import ROOT, server, wait_until
from tests.support.browser.chromium import DESKTOP, chromium
from tests.support.browser.sites import Site, site

VISITS = 5
OTHERS = {"deep-chat": "111", "Flowise": "284", "n8n": "456", "Chainlit": "2,500"}  # kB, gzip
GOALS = {"shift": 0.0, "thread": 10.0}  # layout shift; ms of the host page's main thread
WATCH = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) shift += each.hadRecentInput ? 0 : each.value;
}).observe({ type: "layout-shift", buffered: true });
addEventListener("keydown", ({ key }) => { if (key === "Enter") window.openedAt = performance.now(); });
addEventListener("cryptosense:ready", () => { window.readyAt = performance.now(); });
"""


class Opened(NamedTuple):
    """One visit: from the key on the bubble until what is typed stands in the box."""

    ms: float
    kilobytes: float  # over the network, as they were sent
    shift: float
    thread: float  # ms of script, style and layout in the host page until the click, beyond that of the same page bare


def main() -> None:
    """Measure and print."""
    if shutil.which("chromium") is None:
        print("\nThe widget was skipped: it needs Debian's chromium (apt-get install chromium).")
        return
    script = jsmin((ROOT / "api/widget/widget.js").read_text(encoding="utf-8"))  # as it is served
    before = len(gzip.compress(script.encode(), 9, mtime=0)) / 1000
    with site() as host, _service(host) as service, chromium() as browser:
        page = (ROOT / "api/widget/host.html").read_text().replace("http://127.0.0.1:8000", service)
        bare = host.add(re.sub(r"<script.*</script>", "", page))
        embedding = host.add(page)
        visits = [_visit(browser, bare, embedding) for _ in range(VISITS)]
    cold, warm = ([visit[place] for visit in visits] for place in (0, 1))
    rows = [(f"{name}, stated", size, "", "") for name, size in OTHERS.items()]
    rows.insert(0, ("CryptoSense", f"{before:.1f}", _opened(cold), _opened(warm)))
    thread, shift = p50([each.thread for each in cold]), max(each.shift for each in cold + warm)
    note = (
        f"layout shift {shift:g} (goal {GOALS['shift']:g}); host page's main thread {thread:.1f} ms "
        f"(goal {GOALS['thread']:g}); medians of {VISITS} visits"
    )
    head = ("", "kB before the click, gzip", "until one can type, cold: s, kB", "warm cache: s, kB")
    table("The widget on a page", head, rows, note)


@contextmanager
def _service(host: Site) -> Iterator[str]:
    with server("app.py", "--port", "0", CRYPTOSENSE_ALLOWED_ORIGINS=host.address) as started:
        wait_until(started.port, "/readyz")
        yield f"http://127.0.0.1:{started.port}"


def _visit(browser: Browser, bare: str, embedding: str) -> tuple[Opened, Opened]:
    """With an empty cache, and again."""
    context = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(WATCH)
    debugger = context.new_cdp_session(page)
    debugger.send("Performance.enable")
    debugger.send("Network.enable")
    page.goto(bare)  # warms the browser up
    without = _loading(page, debugger, bare)
    found = _opening(page, debugger, embedding, without), _opening(page, debugger, embedding, without)
    context.close()
    return found


def _opening(page: Page, debugger: CDPSession, address: str, without: float) -> Opened:
    thread = _loading(page, debugger, address) - without
    sent: list[float] = []
    debugger.on("Network.loadingFinished", lambda told: sent.append(told["encodedDataLength"]))
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.localName") != "cryptosense-chat":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("window.readyAt")
    chat = next(each for each in page.frames if "embed=1" in each.url)
    while not chat.evaluate("document.activeElement.matches('#box textarea')"):
        page.wait_for_timeout(5)
    ms = page.evaluate("performance.now() - openedAt")
    page.keyboard.type("typed")
    page.wait_for_timeout(1000)  # whatever still comes
    written = chat.locator("#box textarea").input_value()
    if not written.endswith("typed"):  # behind what an earlier visit of the same tab left there
        raise RuntimeError(f"the box holds {written!r}, not what was typed")
    return Opened(ms, sum(sent) / 1000, page.evaluate("shift"), thread)


def _loading(page: Page, debugger: CDPSession, address: str) -> float:
    """Milliseconds of script, layout and style while a page loads."""
    page.goto(address)  # counts from nothing again
    page.wait_for_timeout(200)
    metrics = {each["name"]: each["value"] for each in debugger.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(metrics["ScriptDuration"] + metrics["LayoutDuration"] + metrics["RecalcStyleDuration"])


def _opened(visits: list[Opened]) -> str:
    return f"{p50([each.ms for each in visits]) / 1000:.2f}, {p50([each.kilobytes for each in visits]):,.0f}"


if __name__ == "__main__":
    main()
