"""The page around the chat in a real browser: tabs, keyboard alone, storage denied, the form for an iframe."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from tests.browser import DESKTOP, PHONE, Visit, chromium, product, visits
from tests.fakes import NOON, candles_ending

Open = Callable[..., Visit]
LIVED = 3  # hours whose forecasts have an outcome
DENYING = "--test-third-party-cookie-phaseout"  # no cookies and no storage for frames of other sites
TABS = ("Chat", "Model report", "Track record")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(DENYING) as browser:
        yield browser


@pytest.fixture(scope="module")
def served(browser: Browser, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the product, some hours after its first forecast."""
    directory = tmp_path_factory.mktemp("product")
    with product(directory, candles_ending(), NOON + 240, LIVED, ALLOWED_ORIGINS=site) as address:
        yield address


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    with visits(browser) as visit:
        yield visit


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_tabs_show_report_and_track_record(served: str, visit: Open, viewport: dict[str, int]):
    page = visit(served, viewport).page
    page.get_by_role("tab", name="Model report").click()
    report = page.get_by_role("tabpanel").locator("article.page")
    report.get_by_text("Is the model any good?").wait_for()
    assert report.get_by_role("img").count() == 6
    assert report.get_by_role("table").locator("tr").count() == 6
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.get_by_role("tab", name="Track record").click()
    record = page.get_by_role("tabpanel").locator("article.page")
    record.get_by_text("What it said, and what happened").wait_for()
    rows = record.get_by_role("row")
    assert rows.count() == 1 + LIVED
    assert "69,930" in rows.nth(1).inner_text()
    page.get_by_label("ETH-USD").click()
    record.get_by_text("2,185").first.wait_for()
    assert "2,185.32" in record.get_by_role("row").nth(1).inner_text()
    wider = record.locator(".wide").evaluate_all("all => all.map(each => each.scrollWidth - each.clientWidth)")
    assert wider == [0]
    page.get_by_role("tab", name="Chat").click()
    page.locator("#box textarea").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_in_every_tab(served: str, visit: Open, scheme: str):
    page = visit(served, color_scheme=scheme).page
    for tab in TABS[1:]:
        page.get_by_role("tab", name=tab).click()
        page.get_by_role("tabpanel").locator("article.page td").first.wait_for()
        contrasts = page.get_by_role("tabpanel").evaluate(CONTRASTS)
        assert len(contrasts) > 10
        assert min(contrasts) >= 4.5, min(contrasts)


# of every text in an element with what is behind it: Web Content Accessibility Guidelines 2.2, contrast ratio
CONTRASTS = """panel => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const lightness = ([r, g, b]) => [r, g, b].map(c => c / 255).map(
        c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    ).reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = element => {
        while (element && parts(getComputedStyle(element).backgroundColor)[3] === 0) element = element.parentElement;
        return parts(getComputedStyle(element ?? document.body).backgroundColor);
    };
    const own = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    return [...panel.querySelectorAll("article.page *")].filter(own).map(element => {
        const [a, b] = [parts(getComputedStyle(element).color), behind(element)].map(lightness);
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
}"""


def test_the_keyboard_alone_is_enough(served: str, visit: Open):
    chat = visit(served)
    press = chat.page.keyboard.press
    focused = "document.activeElement.tagName === 'BUTTON' ? document.activeElement.innerText : ''"
    outlines = []
    for _ in range(40):  # to the first suggestion, past every tab
        press("Tab")
        outlines.append(chat.page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
        if "next hour" in chat.page.evaluate(focused):
            break
    assert outlines[-1] != "none"
    assert len(outlines) >= len(TABS)
    press("Enter")
    chat.answered()
    assert chat.page.locator(".user-row").inner_text().strip() == "What's BTC next hour?"
    chat.page.locator("#box textarea").focus()
    chat.page.keyboard.type("half a question")
    press("Escape")
    assert chat.page.locator("#box textarea").input_value() == "half a question"
    for name in reversed(TABS[1:]):
        chat.page.get_by_role("tab", name=name).focus()
        press("Enter")
        chat.page.get_by_role("tabpanel").locator("article.page").wait_for()
        assert chat.page.get_by_role("tab", name=name).get_attribute("aria-selected") == "true"


def test_a_screen_reader_finds_its_way(served: str, visit: Open):
    page = visit(served).page
    assert page.get_by_role("heading", name="CryptoSense").count() == 1
    assert page.get_by_role("tab").all_inner_texts() == list(TABS)
    log = page.get_by_role("log")
    assert log.get_attribute("aria-live") == "polite"
    assert page.get_by_label("Your question").count() == 1
    nameless = page.locator("button:visible").evaluate_all(
        "all => all.filter(each => !(each.innerText.trim() || each.getAttribute('aria-label'))).length"
    )
    assert nameless == 0


FRAME = """<!doctype html><title>host</title><link rel=icon href="data:,"><iframe width=400 height=600
src="{address}/?embed=1&symbol=ETH-USD&theme=dark&title=%3Cb%3EAsk%20me&suggestions=One?%7CTwo?&greeting=**Hi**">
</iframe>"""
DENIED = "() => { try { localStorage.setItem('a', 'b'); return false; } catch { return true; } }"


class _Host(BaseHTTPRequestHandler):
    """A page of another site with the chat in a frame."""

    framed = ""  # the chat's address

    def do_GET(self) -> None:
        body = FRAME.format(address=self.framed).encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def host() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Host) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site(host: ThreadingHTTPServer) -> str:
    """Its origin: to a browser, another site than 127.0.0.1."""
    return f"http://localhost:{host.server_port}"


def test_the_compact_form_works_in_a_frame_that_is_denied_storage(browser: Browser, served: str, site: str):
    page = browser.new_page(viewport={"width": 420, "height": 640}, color_scheme="light")
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    _Host.framed = served
    page.goto(site)
    frame = page.frames[1]
    frame.locator("#ticker span").first.wait_for()
    assert frame.evaluate(DENIED)
    assert frame.locator("#name").inner_text() == "<b>Ask me"
    assert frame.get_by_text("**Hi**").count() == 1
    assert frame.locator("#ticker").inner_text().startswith("ETH $")
    assert "BTC" not in frame.locator("#ticker").inner_text()
    assert frame.locator("#suggestions button").all_inner_texts() == ["One?", "Two?"]
    assert frame.get_by_role("tab").count() == 0
    assert frame.evaluate("document.body.classList.contains('dark')")
    frame.get_by_role("button", name="Two?").click()
    frame.locator(".user-row").get_by_text("Two?", exact=True).wait_for()
    frame.get_by_test_id("submit-button").wait_for()
    frame.locator("#box textarea").fill("what's ETH next hour?")
    frame.locator("#box textarea").press("Enter")
    frame.locator(".forecast-card").wait_for()
    assert frame.evaluate("document.documentElement.scrollWidth") <= 400
    page.close()
    assert complaints == []
