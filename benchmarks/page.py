"""What the chat page costs a visitor: bytes, requests and seconds until one can type, and what moves by itself.

Needs Debian's chromium (apt-get install chromium). Goals are what the page took before it had live prices and a chart.
"""

import shutil
from typing import NamedTuple

from playwright.sync_api import Browser

from benchmarks.figures import p50, table
from benchmarks.processes import server, wait_until
from benchmarks.widget import WATCH
from tests.support.browser.chromium import DESKTOP, PHONE, chromium, opened

VISITS = 5
GOALS = ("1.1", "358", "68", "0.02")


class Visit(NamedTuple):
    """One, with an empty cache, until the box holds what was typed and a second longer."""

    seconds: float  # until one could type
    kilobytes: float  # over the network, as they were sent
    requests: int
    shift: float


def main() -> None:
    """Measure and print."""
    if shutil.which("chromium") is None:
        print("\nThe page was skipped: it needs Debian's chromium (apt-get install chromium).")
        return
    with server("app.py", "--port", "0", CRYPTOSENSE_SOURCE="demo") as started, chromium() as browser:
        wait_until(started.port, "/readyz")
        address = f"http://127.0.0.1:{started.port}"
        _visit(browser, address, DESKTOP)  # warms both up
        rows = [
            (name, *_medians([_visit(browser, address, screen) for _ in range(VISITS)]))
            for name, screen in (("desktop", DESKTOP), ("phone", PHONE))
        ]
    head = ("", "s until one can type", "kB", "requests", "layout shift at most")
    table("The page, before a chart is shown", head, [*rows, ("goal", *GOALS)], f"medians of {VISITS} visits")


def _visit(browser: Browser, address: str, screen: dict[str, int]) -> Visit:
    context = browser.new_context(viewport=screen)  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(WATCH)
    debugger = context.new_cdp_session(page)
    debugger.send("Network.enable")
    sent: list[float] = []
    debugger.on("Network.loadingFinished", lambda told: sent.append(told["encodedDataLength"]))
    page.goto(address, wait_until="commit")
    opened(page)
    page.locator("#box textarea").fill("typed")
    seconds = page.evaluate("performance.now()") / 1000
    page.wait_for_timeout(1000)  # whatever still comes
    found = Visit(seconds, sum(sent) / 1000, len(sent), page.evaluate("shift"))
    context.close()
    return found


def _medians(visits: list[Visit]) -> tuple[str, str, str, str]:
    seconds, kilobytes, requests, shifts = zip(*visits, strict=True)
    return f"{p50(seconds):.2f}", f"{p50(kilobytes):,.0f}", f"{p50(requests):.0f}", f"{max(shifts):.3f}"


if __name__ == "__main__":
    main()
