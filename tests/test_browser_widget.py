"""The widget in a real browser: a site on an origin of its own embeds the chat of the whole product."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Frame, Page

from forecaster.settings import ROOT
from tests.browser import ALONE, CHROMIUM, DESKTOP, PATIENCE, PHONE, chromium, product
from tests.fakes import NOON, candles_ending
from tests.sites import Site, site

BUBBLE = "Ask me anything"
ARIA = "element => `${element.ariaExpanded} ${element.getAttribute('aria-controls')}`"
GONE = "The chat cannot be reached."
FOCUSED = "element => element.getRootNode().activeElement === element"
QUESTION = "what's BTC next hour?"
LISTEN = """
window.heard = [];
for (const type of ["open", "close", "ready", "forecast"])
  addEventListener(`cryptosense:${type}`, ({ detail }) => heard.push([type, detail]));
window.broken = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => broken.push(violatedDirective));
window.shift = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) shift += each.hadRecentInput ? 0 : each.value;
}).observe({ type: "layout-shift", buffered: true });
"""


class Part:
    """An element of the widget. Its shadow root is closed to scripts, Playwright's too, but not to the debugger."""

    def __init__(self, page: Page, selector: str) -> None:
        self.page = page
        self.selector = selector
        self.debugger = page.context.new_cdp_session(page)

    def tell(self, question: str) -> Any:
        """What a function of the element returns; None without the element."""
        document = self.debugger.send("DOM.getDocument", {"depth": -1, "pierce": True})["root"]
        roots = [each for host in _named(document, "CRYPTOSENSE-CHAT") for each in host.get("shadowRoots", ())]
        for root in roots:
            asked = {"nodeId": root["nodeId"], "selector": self.selector}
            if found := self.debugger.send("DOM.querySelector", asked)["nodeId"]:
                element = self.debugger.send("DOM.resolveNode", {"nodeId": found})["object"]["objectId"]
                call = {"objectId": element, "functionDeclaration": f"function() {{ return ({question})(this) }}"}
                answer = self.debugger.send("Runtime.callFunctionOn", call | {"returnByValue": True})
                return answer["result"].get("value")
        return None

    def until(self, question: str, answer: object = True) -> None:
        """Wait until a function of the element returns this."""
        end = time.monotonic() + PATIENCE / 1000
        while (found := self.tell(question)) != answer:
            assert time.monotonic() < end, f"{self.selector} {question}: {found}"
            self.page.wait_for_timeout(20)

    def until_shown(self, shown: bool = True) -> None:
        self.until("element => element.checkVisibility() && element.getBoundingClientRect().width > 0", shown)

    def box(self) -> dict[str, float]:
        names = "{ x: box.x, y: box.y, width: box.width, height: box.height }"
        return self.tell(f"element => {{ const box = element.getBoundingClientRect(); return ({names}) }}")

    def click(self) -> None:
        self.until_shown()
        box = self.box()
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def _named(node: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    if node["nodeName"] == name:
        yield node
    for child in node.get("children", ()):
        yield from _named(child, name)


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
        page.goto(address)
        self.bubble, self.panel, self.note = (Part(page, name) for name in ("button", "section", "output"))

    def heard(self) -> list[str]:
        """The names of the events, in order."""
        return [name for name, _ in self.page.evaluate("heard")]

    def wait_for(self, event: str, times: int = 1) -> object:
        """What the newest event of that name told."""
        found = "heard.filter(([type]) => type === name)"
        self.page.wait_for_function(f"([name, times]) => {found}.length >= times", arg=[event, times])
        return self.page.evaluate(f"(name) => {found}.at(-1)[1]", event)

    def frame(self) -> Frame:
        """The chat."""
        return next(each for each in self.page.frames if "embed=1" in each.url)

    def tab(self) -> None:
        self.page.keyboard.press("Tab")

    def hints(self) -> list[str]:
        return [text for _, text in self.said if text.startswith("CryptoSense: ")]

    def complaints(self) -> list[str]:
        """What the browser found wrong, but for the icon that the site has not."""
        return [text for kind, text in self.said if kind in ("error", "warning") and "404" not in text]


Go = Callable[..., Guest]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def friend() -> Iterator[Site]:
    """A site that may embed the chat."""
    with site() as found:
        yield found


@pytest.fixture(scope="module")
def stranger() -> Iterator[Site]:
    """A site that may not."""
    with site() as found:
        yield found


@pytest.fixture(scope="module")
def served(browser: Browser, friend: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CRYPTOSENSE_ALLOWED_ORIGINS", friend.address)
        with product(tmp_path_factory.mktemp("product"), candles_ending(), NOON + 240) as address:
            yield address


@pytest.fixture
def go(browser: Browser) -> Iterator[Go]:
    pages: list[Page] = []

    def visit(address: str, viewport: dict[str, int] = DESKTOP) -> Guest:
        pages.append(browser.new_page(viewport=viewport))  # type: ignore[arg-type]
        return Guest(pages[-1], address)

    yield visit
    for page in pages:
        page.close()


def page_with(served: str, attributes: str = "", head: str = "", body: str = "<h1>A site</h1>") -> str:
    line = f'<script id="line" src="{served}/widget.js" {attributes}></script>'
    return f"<!DOCTYPE html><html><head><title>A site</title>{head}</head><body>{body}{line}</body></html>"


def test_the_portfolio_answers_by_mouse_and_loads_nothing_before_the_click(served: str, friend: Site, go: Go):
    html = (ROOT / "api/widget/host.html").read_text().replace("http://127.0.0.1:8000", served)
    guest = go(friend.add(html))
    guest.bubble.until("element => element.innerText", BUBBLE)
    assert guest.bubble.tell(ARIA) == "false panel"
    assert [url for url in guest.requests if url.startswith(served)] == [f"{served}/widget.js"]
    guest.bubble.click()
    guest.wait_for("ready")
    assert guest.bubble.tell(ARIA) == "true panel"
    assert guest.panel.tell("element => element.role + element.id + element.ariaLabel") == f"dialogpanel{BUBBLE}"
    guest.panel.until_shown()
    chat = guest.frame()
    chat.get_by_role("button", name=re.compile("next hour")).first.click()
    told = guest.wait_for("forecast")
    assert {"symbol", "hours", "as_of", "median", "range_80", "probability_up", "source", "warnings"} == set(told)
    assert (told["symbol"], told["hours"], told["source"]) == ("BTC-USD", 1, "bitstamp")
    assert told["range_80"][0] < told["median"] < told["range_80"][1]
    guest.bubble.click()
    guest.panel.until_shown(False)
    assert guest.heard() == ["open", "ready", "forecast", "close"]
    assert guest.page.evaluate("shift") == 0
    assert {url.split("/")[2] for url in guest.requests} == {served.split("/")[2], friend.address.split("/")[2]}
    assert guest.complaints() == []


def test_the_keyboard_alone_opens_asks_closes_and_finds_its_way_back(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)))
    guest.tab()
    guest.page.keyboard.press("Enter")
    guest.wait_for("ready")
    guest.frame().wait_for_function("document.activeElement.matches('#box textarea')")
    guest.page.keyboard.type(QUESTION)
    guest.page.keyboard.press("Enter")
    guest.wait_for("forecast")
    guest.page.keyboard.press("Escape")
    guest.wait_for("close")
    guest.bubble.until(FOCUSED)
    guest.page.keyboard.press("Enter")
    guest.wait_for("open", 2)
    guest.frame().wait_for_function("document.activeElement.matches('#box textarea')")
    assert guest.frame().locator(".user-row").count() == 1  # the same conversation
    guest.page.keyboard.press("Shift+Tab")
    guest.page.keyboard.press("Escape")
    guest.wait_for("close", 2)
    assert guest.complaints() == []


def test_a_site_that_is_not_listed_gets_no_chat_and_stays_whole(served: str, stranger: Site, go: Go):
    guest = go(stranger.add(page_with(served)))
    guest.page.clock.install()
    guest.bubble.click()
    refused = "frame-ancestors"
    while not any(refused in text for _, text in guest.said):
        guest.page.wait_for_timeout(50)
    guest.page.clock.run_for(31_000)
    guest.note.until("element => element.innerText", GONE)
    assert guest.heard() == ["open"]
    guest.page.keyboard.press("Escape")
    assert guest.page.get_by_role("heading", name="A site").is_visible()
    assert [text for text in guest.complaints() if refused not in text and "chrome-error" not in text] == []


@pytest.mark.parametrize("types", ["", "; require-trusted-types-for 'script'; trusted-types 'none'"])
def test_a_strict_policy_of_the_site_is_kept(served: str, friend: Site, go: Go, types: str):
    policy = f"default-src 'none'; script-src {served}; frame-src {served}{types}"
    guest = go(friend.add(page_with(served, 'data-accent="#204080"'), policy))
    guest.bubble.click()
    guest.wait_for("ready")
    guest.page.evaluate("CryptoSense.ask('How good is the model?')")
    guest.frame().locator(".bot-row").nth(1).wait_for()
    assert guest.bubble.tell("element => getComputedStyle(element).backgroundColor") == "rgb(32, 64, 128)"
    assert guest.page.evaluate("broken") == []
    assert [text for text in guest.complaints() if "favicon" not in text] == []


def test_hostile_styles_of_the_site_do_not_reach_the_widget(served: str, friend: Site, go: Go):
    plain = go(friend.add(page_with(served)))
    hostile = go(
        friend.add(
            page_with(
                served,
                head="""<style>:not(html) { all: unset !important; display: none !important; font-size: 60px !important;
                opacity: 0 !important; transform: rotate(9deg) !important; pointer-events: none !important }</style>""",
            )
        )
    )
    boxes = []
    for guest in (plain, hostile):
        guest.bubble.until_shown()
        boxes.append(guest.bubble.box())
        guest.bubble.click()
        guest.wait_for("ready")
        boxes.append(guest.panel.box())
    assert boxes[:2] == boxes[2:]


def test_a_phone_shows_the_chat_on_the_whole_screen_and_gives_the_keyboard_room(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)), PHONE)
    guest.bubble.click()
    guest.wait_for("ready")
    assert guest.panel.box() == {"x": 0, "y": 0, **PHONE}
    guest.page.set_viewport_size(PHONE | {"height": 500})  # what a keyboard leaves
    guest.page.wait_for_function("visualViewport.height === 500")
    guest.panel.until("element => element.clientHeight", 500)
    box = guest.frame().locator("#box textarea").bounding_box()
    assert box["y"] + box["height"] <= 500
    bar = guest.bubble.box()
    assert (bar["x"], bar["y"], bar["width"]) == (0, 0, 390)
    guest.bubble.click()
    guest.panel.until_shown(False)
    assert guest.bubble.box()["width"] < 390


def test_inline_the_chat_stands_in_its_element_and_loads_when_it_is_seen(served: str, friend: Site, go: Go):
    far = '<div style="height: 3000px"></div><div id="chat" style="min-height: 640px"></div>'
    guest = go(friend.add(page_with(served, 'data-inline="#chat" data-symbol="ETH-USD"', body=far)))
    assert guest.bubble.tell("element => true") is None
    assert guest.heard() == []
    guest.page.locator("#chat").scroll_into_view_if_needed()
    guest.wait_for("ready")
    assert guest.panel.box()["width"] == guest.page.locator("#chat").bounding_box()["width"]
    guest.frame().locator("#box textarea").press("Escape")
    guest.page.evaluate("CryptoSense.ask('and next hour?')")
    assert guest.wait_for("forecast")["symbol"] in ("BTC-USD", "ETH-USD")
    guest.panel.until_shown()
    assert "close" not in guest.heard()
    assert guest.page.evaluate("shift") == 0


def test_ask_opens_the_chat_and_asks_when_it_is_ready(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)))
    guest.page.evaluate("CryptoSense.ask('never asked'); CryptoSense.ask(\"what's ETH in 6 hours?\")")
    told = guest.wait_for("forecast")
    assert (told["symbol"], told["hours"]) == ("ETH-USD", 6)
    asked = guest.frame().locator(".user-row")
    assert [text.strip() for text in asked.all_inner_texts()] == ["what's ETH in 6 hours?"]
    guest.page.evaluate("CryptoSense.ask('<img src=x onerror=alert(1)>')")
    asked.nth(1).wait_for()
    assert guest.frame().locator(".user-row img").count() == 0


def test_the_options_reach_the_chat(served: str, friend: Site, go: Go):
    words = 'data-title="Talk to me" data-greeting="Hello, you." data-suggestions="One?|Two?"'
    guest = go(friend.add(page_with(served, f'{words} data-theme="dark" data-position="bottom-left"')))
    guest.bubble.until("element => element.innerText", "Talk to me")
    assert guest.bubble.box()["x"] == 20
    guest.bubble.click()
    guest.wait_for("ready")
    chat = guest.frame()
    for words in ("Talk to me", "Hello, you.", "One?", "Two?"):
        chat.get_by_text(words, exact=True).first.wait_for()
    assert guest.hints() == []


def test_wrong_options_are_as_usual_with_one_hint(served: str, friend: Site, go: Go):
    wrong = 'data-theme="pink" data-accent="red;" data-position="top" data-symbol="DOGE" data-inline="#no" data-x="y"'
    guest = go(friend.add(page_with(served, wrong)))
    assert guest.bubble.box()["x"] > 600
    (hint,) = guest.hints()
    for name in ("theme", "accent", "position", "symbol", "inline", "x"):
        assert name in hint
    guest.bubble.click()
    guest.wait_for("ready")
    asked = dict(parse_qsl(urlsplit(guest.frame().url).query))
    assert asked == {"embed": "1", "inline": "#no", "site": friend.address}


def test_two_scripts_on_a_page_are_one_widget_and_a_hint(served: str, friend: Site, go: Go):
    twice = f'<script src="{served}/widget.js"></script>'
    guest = go(friend.add(page_with(served, body=twice)))
    assert guest.page.locator("cryptosense-chat").count() == 1
    assert len(guest.hints()) == 1
    assert guest.complaints() == []


@pytest.mark.parametrize(
    "leaving",
    [
        "CryptoSense.remove()",
        "document.querySelector('cryptosense-chat').remove()",
        "document.querySelector('#line').remove()",
    ],
)
def test_removed_from_a_page_it_leaves_nothing_and_may_come_again(served: str, friend: Site, go: Go, leaving: str):
    guest = go(friend.add(page_with(served)))
    guest.bubble.click()
    guest.wait_for("ready")
    guest.page.evaluate(leaving)
    guest.page.wait_for_function("!window.CryptoSense && !document.querySelector('cryptosense-chat')")
    guest.page.keyboard.press("Escape")
    guest.page.evaluate("""(address) => document.body.append(
        Object.assign(document.createElement("script"), { src: `${address}/widget.js` }))""", served)  # fmt: skip
    guest.bubble.click()
    guest.wait_for("ready", 2)
    assert guest.heard() == ["open", "ready", "open", "ready"]
    assert guest.complaints() == []


def test_messages_of_other_frames_are_ignored(served: str, friend: Site, stranger: Site, go: Go):
    forge = """<script>setInterval(() => { for (const said of ["ready", "escape", null, { forecast: { median: 1 } }])
        top.postMessage(said, "*"); for (const frame of [...Array(top.length).keys()])
        top[frame].postMessage({ ask: "forged" }, "*"); }, 20)</script>"""
    body = f'<h1>A site</h1><iframe src="{stranger.add(forge)}"></iframe>'
    guest = go(friend.add(page_with(served, body=body)))
    guest.page.evaluate("""const same = Object.assign(document.createElement("iframe"), { srcdoc: "x" });
        document.body.append(same); setInterval(() => postMessage({ forecast: { median: 1 } }, "*"), 20)""")
    guest.bubble.click()
    guest.wait_for("ready")
    guest.page.evaluate("CryptoSense.ask('How good is the model?')")
    guest.frame().locator(".bot-row").nth(1).wait_for()
    assert guest.frame().locator(".user-row").count() == 1
    assert guest.heard() == ["open", "ready"]
    assert guest.complaints() == []


def test_a_server_that_is_gone_breaks_nothing(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)))
    guest.page.route("**/*embed=1*", lambda route: route.abort("connectionrefused"))
    guest.page.clock.install()
    guest.bubble.click()
    guest.note.until("element => element.innerText", "One moment…")
    guest.page.clock.run_for(31_000)
    guest.note.until("element => element.innerText", GONE)
    guest.page.unroute("**/*embed=1*")
    guest.bubble.click()
    guest.bubble.click()
    guest.wait_for("ready")
    guest.note.until_shown(False)
    gone = go(friend.add(page_with("http://127.0.0.1:9")))
    assert gone.page.get_by_role("heading", name="A site").is_visible()


def test_a_browser_that_denies_all_storage_is_no_obstacle(served: str, friend: Site, browser: Browser, tmp_path: Path):
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text('{"profile": {"default_content_setting_values": {"cookies": 2}}}')
    denying = browser.browser_type.launch_persistent_context(tmp_path, executable_path=CHROMIUM, args=list(ALONE))
    guest = Guest(denying.new_page(), friend.add(page_with(served)))
    guest.bubble.click()
    guest.wait_for("ready")
    denied = "() => { try { localStorage.length; return false } catch { return true } }"
    assert guest.page.evaluate(denied) and guest.frame().evaluate(denied)
    guest.page.evaluate('CryptoSense.ask("what\'s BTC next hour?")')
    guest.wait_for("forecast")
    assert guest.complaints() == []
    denying.close()


def test_the_page_about_the_widget_shows_the_line_and_the_real_thing(served: str, go: Go):
    guest = go(f"{served}/widget", PHONE)
    line = guest.page.locator("#line")
    assert line.inner_text() == f'<script src="{served}/widget.js" defer></script>'
    guest.page.get_by_label("Words on the bubble").fill('Say "hi" & more')
    guest.page.get_by_label("Theme").select_option("dark")
    guest.bubble.until("element => element.innerText", 'Say "hi" & more')
    assert 'data-title="Say &quot;hi&quot; &amp; more" data-theme="dark" defer' in line.inner_text()
    assert guest.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    guest.page.get_by_role("button", name="CryptoSense.open()").click()
    guest.wait_for("ready")
    assert guest.complaints() == []
