"""The widget in a real browser: a site on an origin of its own embeds the chat of the whole product."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from forecaster.settings import ROOT
from tests.support.browser.chromium import ALONE, DESKTOP, PATIENCE, PHONE, answered
from tests.support.browser.sites import Site
from tests.support.needs import require

BUBBLE = "Ask me anything"
GONE = "The chat cannot be reached."
QUESTION = "what's BTC next hour?"
# What the site hears is written on its root element, where one can wait for it under any policy. The shadow root,
# which the widget closes to scripts, is opened for locators; that it is closed otherwise has a test of its own.
LISTEN = """
for (const type of ["open", "close", "ready", "forecast"])
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
ASK = "question => CryptoSense.ask(question)"


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
        self.bubble, self.panel, self.note, frame = (
            widget.locator(name) for name in ("button", "section", "output", "iframe")
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

    def hints(self) -> list[str]:
        return [text for _, text in self.said if text.startswith("CryptoSense: ")]

    def complaints(self) -> list[str]:
        """What the browser found wrong, but for the icon that the site has not."""
        return [text for kind, text in self.said if kind in ("error", "warning") and "404" not in text]

    def shift(self) -> float:
        """How far the widget has moved the page about."""
        return float(self.page.evaluate("() => window.shift"))


Go = Callable[..., Guest]


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
    expect(guest.bubble).to_have_text(BUBBLE)
    expect(guest.bubble).to_have_attribute("aria-expanded", "false")
    expect(guest.bubble).to_have_attribute("aria-controls", "panel")
    assert [url for url in guest.requests if url.startswith(served)] == [f"{served}/widget.js"]
    guest.open()
    expect(guest.bubble).to_have_attribute("aria-expanded", "true")
    expect(guest.page.get_by_role("dialog", name=BUBBLE)).to_have_id("panel")
    expect(guest.panel).to_be_visible()
    guest.chat.get_by_role("button", name=re.compile("next hour")).click()
    guest.hears("open", "ready", "forecast")
    told = guest.forecast()
    begins = {"id", "symbol", "as_of", "price", "price_time", "hours", "minutes", "target_time"}
    assert begins | {"median", "range_80", "probability_up", "source", "warnings"} == set(told)
    assert (told["symbol"], told["hours"], told["source"]) == ("BTC-USD", 1, "bitstamp")
    assert told["range_80"][0] < told["median"] < told["range_80"][1]
    guest.bubble.click()
    expect(guest.panel).to_be_hidden()
    guest.hears("open", "ready", "forecast", "close")
    assert guest.shift() == 0
    assert {url.split("/")[2] for url in guest.requests} == {served.split("/")[2], friend.address.split("/")[2]}
    assert guest.complaints() == []


def test_the_inside_of_the_widget_is_closed_to_the_scripts_of_the_site(served: str, friend: Site, browser: Browser):
    page = browser.new_page()
    page.goto(friend.add(page_with(served)))
    widget = page.locator("cryptosense-chat")
    expect(widget).to_be_attached()
    expect(widget).to_have_js_property("shadowRoot", None)
    page.close()


def test_the_keyboard_alone_opens_asks_closes_and_finds_its_way_back(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)))
    press = guest.page.keyboard.press
    press("Tab")
    expect(guest.bubble).to_be_focused()
    press("Enter")
    guest.hears("open", "ready")
    expect(guest.box).to_be_focused()
    guest.page.keyboard.type(QUESTION)
    press("Enter")
    guest.hears("open", "ready", "forecast")
    guest.answered()
    press("Escape")
    guest.hears("open", "ready", "forecast", "close")
    expect(guest.bubble).to_be_focused()
    press("Enter")
    guest.hears("open", "ready", "forecast", "close", "open")
    expect(guest.box).to_be_focused()
    expect(guest.questions).to_have_count(1)  # the same conversation
    press("Shift+Tab")
    press("Escape")
    guest.hears("open", "ready", "forecast", "close", "open", "close")
    assert guest.complaints() == []


def test_a_site_that_is_not_listed_gets_no_chat_and_stays_whole(served: str, stranger: Site, go: Go):
    guest = go(stranger.add(page_with(served)))
    guest.page.clock.install()
    refused = "frame-ancestors"
    with guest.page.expect_console_message(lambda said: refused in said.text):
        guest.bubble.click()
    guest.page.clock.run_for(31_000)
    expect(guest.note).to_have_text(GONE)
    guest.hears("open")
    guest.page.keyboard.press("Escape")
    expect(guest.page.get_by_role("heading", name="A site")).to_be_visible()
    assert [text for text in guest.complaints() if refused not in text and "chrome-error" not in text] == []


@pytest.mark.parametrize("types", ["", "; require-trusted-types-for 'script'; trusted-types 'none'"])
def test_a_strict_policy_of_the_site_is_kept(served: str, friend: Site, go: Go, types: str):
    policy = f"default-src 'none'; script-src {served}; frame-src {served}{types}"
    guest = go(friend.add(page_with(served, 'data-accent="#204080"'), policy))
    guest.open()
    guest.page.evaluate(ASK, "How good is the model?")
    guest.answered()
    expect(guest.bubble).to_have_css("background-color", "rgb(32, 64, 128)")
    assert guest.page.evaluate("() => window.broken") == []
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
        expect(guest.bubble).to_be_visible()
        boxes.append(guest.bubble.bounding_box())
        guest.open()
        boxes.append(guest.panel.bounding_box())
    assert boxes[:2] == boxes[2:]


def test_a_phone_shows_the_chat_on_the_whole_screen_and_gives_the_keyboard_room(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)), PHONE)
    guest.open()
    assert guest.panel.bounding_box() == {"x": 0, "y": 0, **PHONE}
    guest.page.set_viewport_size(PHONE | {"height": 500})  # what a keyboard leaves
    expect(guest.panel).to_have_css("height", "500px")
    expect(guest.box).to_be_in_viewport(ratio=1)
    bar = guest.bubble.bounding_box()
    assert (bar["x"], bar["y"], bar["width"]) == (0, 0, 390)
    guest.bubble.click()
    expect(guest.panel).to_be_hidden()
    assert guest.bubble.bounding_box()["width"] < 390


def test_inline_the_chat_stands_in_its_element_and_loads_when_it_is_seen(served: str, friend: Site, go: Go):
    far = '<div style="height: 3000px"></div><div id="chat" style="min-height: 640px"></div>'
    guest = go(friend.add(page_with(served, 'data-inline="#chat" data-symbol="ETH-USD"', body=far)))
    place = guest.page.locator("#chat")
    expect(place.locator("cryptosense-chat section")).to_be_hidden()
    expect(guest.bubble).to_have_count(0)
    expect(guest.page.locator("html")).not_to_have_attribute("data-heard", re.compile(""))
    place.scroll_into_view_if_needed()
    guest.hears("open", "ready")
    assert guest.panel.bounding_box()["width"] == place.bounding_box()["width"]
    guest.box.press("Escape")
    guest.page.evaluate(ASK, "and next hour?")
    guest.hears("open", "ready", "forecast")  # and no close
    assert guest.forecast()["symbol"] in ("BTC-USD", "ETH-USD")
    expect(guest.panel).to_be_visible()
    assert guest.shift() == 0


def test_ask_opens_the_chat_and_asks_when_it_is_ready(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)))
    guest.page.evaluate("() => { CryptoSense.ask('never asked'); CryptoSense.ask(\"what's ETH in 6 hours?\"); }")
    guest.hears("open", "ready", "forecast")
    assert (guest.forecast()["symbol"], guest.forecast()["hours"]) == ("ETH-USD", 6)
    guest.answered()
    expect(guest.questions).to_have_text("what's ETH in 6 hours?", use_inner_text=True)
    guest.page.evaluate(ASK, "<img src=x onerror=alert(1)>")
    guest.answered(2)
    expect(guest.questions.locator("img")).to_have_count(0)


def test_a_question_asked_at_once_is_not_wiped_by_a_greeting_that_comes_late(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served, 'data-greeting="Hello, you."')))
    held: list[Route] = []  # the page's first question to the server: what its address asks for
    guest.page.route("**/run/predict*", lambda route: route.continue_() if held else held.append(route))
    guest.page.evaluate(ASK, QUESTION)
    expect(guest.chat.locator("#ticker span").first).to_be_visible()
    guest.hears("open")
    held[0].continue_()
    guest.hears("open", "ready", "forecast")
    guest.answered()
    expect(guest.questions).to_have_text(QUESTION, use_inner_text=True)
    expect(guest.chat.get_by_text("Hello, you.")).to_be_visible()


def test_the_conversation_follows_the_visitor_to_the_next_page_of_the_site(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)))
    guest.open()
    guest.box.fill(QUESTION)
    guest.box.press("Enter")
    guest.hears("open", "ready", "forecast")
    guest.answered()
    guest.box.fill("half a")
    guest.page.goto(friend.add(page_with(served)))
    guest.open()  # and no forecast, which the site has heard of before
    guest.answered()
    expect(guest.questions).to_have_text([QUESTION], use_inner_text=True)
    expect(guest.chat.locator(".forecast-card")).to_have_count(1)
    expect(guest.box).to_have_value("half a")
    guest.box.fill("and in 6 hours?")
    guest.box.press("Enter")
    guest.hears("open", "ready", "forecast")
    guest.answered(2)
    assert guest.forecast()["hours"] == 6


def test_the_options_reach_the_chat(served: str, friend: Site, go: Go):
    words = 'data-title="Talk to me" data-greeting="Hello, you." data-suggestions="One?|Two?"'
    guest = go(friend.add(page_with(served, f'{words} data-theme="dark" data-position="bottom-left"')))
    expect(guest.bubble).to_have_text("Talk to me")
    assert guest.bubble.bounding_box()["x"] == 20
    guest.open()
    for words in ("Talk to me", "Hello, you.", "One?", "Two?"):
        expect(guest.chat.get_by_text(words, exact=True).first).to_be_visible()
    expect(guest.chat.locator("body")).to_contain_class("dark")
    assert guest.hints() == []


def test_wrong_options_are_as_usual_with_one_hint(served: str, friend: Site, go: Go):
    wrong = 'data-theme="pink" data-accent="red;" data-position="top" data-symbol="DOGE" data-inline="#no" data-x="y"'
    guest = go(friend.add(page_with(served, wrong)))
    assert guest.bubble.bounding_box()["x"] > 600
    (hint,) = guest.hints()
    for name in ("theme", "accent", "position", "symbol", "inline", "x"):
        assert name in hint
    guest.open()
    asked = dict(parse_qsl(urlsplit(guest.panel.locator("iframe").get_attribute("src")).query))
    assert asked == {"embed": "1", "inline": "#no", "site": friend.address}


def test_two_scripts_on_a_page_are_one_widget_and_a_hint(served: str, friend: Site, go: Go):
    twice = f'<script src="{served}/widget.js"></script>'
    guest = go(friend.add(page_with(served, body=twice)))
    expect(guest.page.locator("cryptosense-chat")).to_have_count(1)
    assert len(guest.hints()) == 1
    assert guest.complaints() == []


@pytest.mark.parametrize(
    "leaving",
    [
        "() => CryptoSense.remove()",
        "() => document.querySelector('cryptosense-chat').remove()",
        "() => document.querySelector('#line').remove()",
    ],
    ids=["by its function", "with its element", "with its line"],
)
def test_removed_from_a_page_it_leaves_nothing_and_may_come_again(served: str, friend: Site, go: Go, leaving: str):
    guest = go(friend.add(page_with(served)))
    guest.open()
    guest.page.evaluate(leaving)
    expect(guest.page.locator("cryptosense-chat")).to_have_count(0)
    assert guest.page.evaluate("() => 'CryptoSense' in window") is False
    guest.page.keyboard.press("Escape")
    guest.page.add_script_tag(url=f"{served}/widget.js")
    guest.bubble.click()
    guest.hears("open", "ready", "open", "ready")
    assert guest.complaints() == []


def test_messages_of_other_frames_are_ignored(served: str, friend: Site, stranger: Site, go: Go):
    forge = """<script>setInterval(() => { for (const said of ["ready", "escape", null, { forecast: { median: 1 } }])
        top.postMessage(said, "*"); for (const frame of [...Array(top.length).keys()])
        top[frame].postMessage({ ask: "forged" }, "*"); }, 20)</script>"""
    body = f'<h1>A site</h1><iframe src="{stranger.add(forge)}"></iframe>'
    guest = go(friend.add(page_with(served, body=body)))
    guest.page.evaluate("""() => {
        document.body.append(Object.assign(document.createElement("iframe"), { srcdoc: "x" }));
        setInterval(() => postMessage({ forecast: { median: 1 } }, "*"), 20);
    }""")
    guest.open()
    guest.page.evaluate(ASK, "How good is the model?")
    guest.answered()
    guest.hears("open", "ready")
    assert guest.complaints() == []


def test_a_server_that_is_gone_breaks_nothing(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)))
    guest.page.route("**/*embed=1*", lambda route: route.abort("connectionrefused"))
    guest.page.clock.install()
    guest.bubble.click()
    expect(guest.note).to_have_text("One moment…")
    guest.page.clock.run_for(31_000)
    expect(guest.note).to_have_text(GONE)
    guest.page.unroute("**/*embed=1*")
    guest.bubble.click()
    guest.bubble.click()
    guest.hears("open", "close", "open", "ready")
    expect(guest.note).to_be_hidden()
    gone = go(friend.add(page_with("http://127.0.0.1:9")))
    expect(gone.page.get_by_role("heading", name="A site")).to_be_visible()


def test_a_browser_that_denies_all_storage_is_no_obstacle(served: str, friend: Site, browser: Browser, tmp_path: Path):
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text('{"profile": {"default_content_setting_values": {"cookies": 2}}}')
    program = require("chromium")
    denying = browser.browser_type.launch_persistent_context(tmp_path, executable_path=program, args=list(ALONE))
    guest = Guest(denying.new_page(), friend.add(page_with(served)))
    guest.open()
    denied = "() => { try { localStorage.length; return false } catch { return true } }"
    assert guest.page.evaluate(denied) and guest.chat.locator("body").evaluate(denied)
    guest.page.evaluate(ASK, QUESTION)
    guest.hears("open", "ready", "forecast")
    assert guest.complaints() == []
    denying.close()


def test_the_page_about_the_widget_shows_the_line_and_the_real_thing(served: str, go: Go):
    guest = go(f"{served}/widget", PHONE)
    line = guest.page.locator("#line")
    expect(line).to_have_text(f'<script src="{served}/widget.js" defer></script>')
    guest.page.get_by_label("Words on the bubble").fill('Say "hi" & more')
    guest.page.get_by_label("Theme").select_option("dark")
    expect(guest.bubble).to_have_text('Say "hi" & more')
    expect(line).to_contain_text('data-title="Say &quot;hi&quot; &amp; more" data-theme="dark" defer')
    assert guest.page.locator("html").evaluate("root => root.scrollWidth") <= PHONE["width"]
    guest.page.get_by_role("button", name="CryptoSense.open()").click()
    guest.hears("open", "ready")
    assert guest.complaints() == []
