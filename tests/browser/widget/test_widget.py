"""The widget in a real browser: a site on an origin of its own embeds the chat of the whole product."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Route, expect

from forecaster.market.exchanges import EXCHANGES
from forecaster.settings import ROOT
from tests.support.browser.chromium import ALONE, PHONE, hold, pause, settles, until
from tests.support.browser.guests import Go, Guest, page_with
from tests.support.browser.sites import Site
from tests.support.needs import require

BUBBLE = "Ask me anything"
REFUSED = "The chat is not available on this site."
GONE = "The chat cannot be reached."
QUESTION = "what's BTC next hour?"
ASK = "question => CryptoSense.ask(question)"
SOON = "() => Date.now() + 1000"


def test_the_portfolio_answers_by_mouse_and_loads_nothing_before_the_click(served: str, friend: Site, go: Go):
    html = (ROOT / "api/widget/host.html").read_text().replace("http://127.0.0.1:8000", served)
    guest = go(friend.add(html))
    expect(guest.bubble).to_have_text(BUBBLE)
    expect(guest.bubble).to_have_attribute("aria-expanded", "false")
    assert [url for url in guest.requests if url.startswith(served)] == [f"{served}/widget.js"]
    guest.open()
    expect(guest.bubble).to_have_attribute("aria-expanded", "true")
    expect(guest.bubble).to_have_attribute("aria-controls", "panel")
    expect(guest.page.get_by_role("dialog", name=BUBBLE)).to_have_id("panel")
    expect(guest.panel).to_be_visible()
    guest.chat.get_by_role("button", name=re.compile("next hour")).click()
    guest.hears("open", "ready", "forecast")
    told = guest.forecast()
    begins = {"id", "symbol", "as_of", "price", "price_time", "hours", "minutes", "target_time"}
    assert begins | {"median", "range_80", "probability_up", "source", "warnings"} == set(told)
    assert (told["symbol"], told["hours"]) == ("BTC-USD", 1)
    assert told["source"] in EXCHANGES  # a busy machine may not get an answer from the first
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


@pytest.mark.parametrize(
    ("attributes", "language", "said"),
    [
        ("", "", REFUSED),
        ("", "de-AT", "Der Chat ist auf dieser Seite nicht verfügbar."),
        ('data-lang="zh"', "de", "此网站"),
    ],
)
def test_a_site_that_is_not_listed_is_told_at_once_and_its_owner_learns_the_cure(
    served: str, stranger: Site, go: Go, attributes: str, language: str, said: str
):
    html = page_with(served, attributes).replace("<html>", f'<html lang="{language}">')
    guest = go(stranger.add(html))
    guest.page.clock.install()
    guest.page.clock.pause_at(guest.page.evaluate(SOON))  # no timer has a part in it
    guest.bubble.click()
    expect(guest.bubble).to_contain_text(said)
    expect(guest.panel).to_have_count(0)
    guest.bubble.click()
    guest.page.keyboard.press("Escape")
    expect(guest.page.get_by_role("heading", name="A site")).to_be_visible()
    (hint,) = guest.hints(1)
    assert f"add {stranger.address} to CRYPTOSENSE_ALLOWED_ORIGINS" in hint and served in hint
    assert not [url for url in guest.requests if "embed=1" in url]
    assert guest.complaints() == []


def test_inside_its_element_the_chat_says_too_that_the_site_is_not_listed(served: str, stranger: Site, go: Go):
    body = '<div id="chat" style="min-height: 640px"></div>'
    guest = go(stranger.add(page_with(served, 'data-inline="#chat"', body=body)))
    expect(guest.page.locator("#chat").get_by_text(REFUSED)).to_be_visible()


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
    for guest in (plain, hostile):
        expect(guest.bubble).to_be_visible()
    settles(lambda: hostile.bubble.bounding_box() == plain.bubble.bounding_box(), True)
    for guest in (plain, hostile):
        guest.open()
    settles(lambda: hostile.panel.bounding_box() == plain.panel.bounding_box(), True)


def test_a_phone_shows_the_chat_on_the_whole_screen_and_gives_the_keyboard_room(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)), PHONE)
    guest.open()
    settles(guest.panel.bounding_box, {"x": 0, "y": 0, **PHONE})
    guest.page.set_viewport_size(PHONE | {"height": 500})  # what a keyboard leaves
    expect(guest.panel).to_have_css("height", "500px")
    expect(guest.box).to_be_in_viewport(ratio=1)
    expect(guest.bubble).to_be_hidden()
    guest.close.click()
    expect(guest.panel).to_be_hidden()
    expect(guest.bubble).to_be_focused()
    hold(lambda: guest.bubble.bounding_box()["width"] < 390)


def test_inline_the_chat_stands_in_its_element_and_loads_when_it_is_seen(served: str, friend: Site, go: Go):
    far = '<div style="height: 3000px"></div><div id="chat" style="min-height: 640px"></div>'
    guest = go(friend.add(page_with(served, 'data-inline="#chat" data-symbol="ETH-USD"', body=far)))
    place = guest.page.locator("#chat")
    expect(place.locator("cryptosense-chat section")).to_be_hidden()
    expect(guest.bubble).to_have_count(0)
    expect(guest.page.locator("html")).not_to_have_attribute("data-heard", re.compile(""))
    place.scroll_into_view_if_needed()
    guest.hears("open", "ready")
    hold(lambda: guest.panel.bounding_box()["width"] == place.bounding_box()["width"])
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
    hold(lambda: pause(guest.page, 20) is None and held)
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
    settles(lambda: guest.bubble.bounding_box()["x"], 20)
    guest.open()
    for words in ("Talk to me", "Hello, you.", "One?", "Two?"):
        expect(guest.chat.get_by_text(words, exact=True).first).to_be_visible()
    expect(guest.chat.locator("body")).to_contain_class("dark")
    assert guest.hints() == []


def test_wrong_options_are_as_usual_with_one_hint(served: str, friend: Site, go: Go):
    wrong = 'data-theme="pink" data-accent="red;" data-position="top" data-symbol="DOGE" data-inline="#no" data-x="y"'
    more = 'data-width="9" data-font="a;}" data-offset-y="-9" data-hide="x" data-background="#777777" data-open="soon"'
    guest = go(friend.add(page_with(served, f"{wrong} {more}")))
    hold(lambda: guest.bubble.bounding_box()["x"] > 600)
    assert guest.hints() == []
    guest.open()
    (hint,) = guest.hints(1)
    names = ("theme", "accent", "position", "symbol", "inline", "x", "width", "font", "offset-y", "hide", "background")
    for name in names:
        assert name in hint
    asked = dict(parse_qsl(urlsplit(guest.panel.locator("iframe").get_attribute("src")).query))
    assert asked.pop("close") == "right"
    assert {"embed", "site"} <= set(asked) <= {"embed", "site", "timezone", "lang"}
    expect(guest.panel).to_have_css("width", "400px")


def test_two_scripts_on_a_page_are_one_widget_and_a_hint(served: str, friend: Site, go: Go):
    twice = f'<script src="{served}/widget.js"></script>'
    guest = go(friend.add(page_with(served, body=twice)))
    expect(guest.page.locator("cryptosense-chat")).to_have_count(1)
    assert len(guest.hints(1)) == 1
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
    until(guest.page, "() => !('CryptoSense' in window)")
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
    guest.page.clock.pause_at(guest.page.evaluate(SOON))  # or the moment may be over
    guest.bubble.click()
    expect(guest.note).to_contain_text("One moment…")
    hold(lambda: guest.page.clock.run_for(5_000) is None and GONE in guest.note.inner_text())
    guest.page.clock.resume()
    guest.page.unroute("**/*embed=1*")
    guest.note.get_by_role("button", name="Try again").click()
    guest.hears("open", "ready")
    expect(guest.note).to_be_hidden()
    gone = go(friend.add(page_with("http://127.0.0.1:9")))
    expect(gone.page.get_by_role("heading", name="A site")).to_be_visible()


def test_a_panel_that_does_not_come_is_asked_for_again(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served, 'data-title="Talk"')))
    guest.page.route("**/panel.js*", lambda route: route.abort("connectionrefused"))
    guest.bubble.click()
    expect(guest.bubble).to_have_text(f"{GONE} Try again?")
    guest.page.unroute("**/panel.js*")
    guest.bubble.click()
    guest.hears("open", "ready")
    expect(guest.bubble).to_have_text("Talk")


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
    hold(lambda: guest.page.locator("html").evaluate("root => root.scrollWidth") <= PHONE["width"])
    guest.page.get_by_label("From the side").fill("31")
    guest.page.get_by_label("From the side").blur()  # as whoever goes on to the next field
    expect(line).to_contain_text('data-offset-x="31"')
    expect(guest.bubble).to_have_css("right", "31px")
    guest.page.get_by_role("button", name="CryptoSense.open()").click()
    guest.hears("open", "ready")
    assert guest.complaints() == []


@pytest.mark.parametrize(("host", "line"), [("chat.example.com", False), ("192.168.1.20", True)])
def test_no_http_line_is_handed_out_for_a_host_that_is_public(
    served: str, browser: Browser, host: str, line: bool, tmp_path: Path
):
    program = require("chromium")
    rules = f"--host-resolver-rules=MAP {host} 127.0.0.1"
    there = browser.browser_type.launch_persistent_context(tmp_path, executable_path=program, args=[*ALONE, rules])
    page = there.new_page()
    page.goto(f"{served.replace('127.0.0.1', host)}/widget")
    expect(page.locator("#blocked")).to_contain_text("loads no script from an http address")
    expect(page.locator("#line")).to_be_visible(visible=line)
    expect(page.locator("#copy")).to_be_visible(visible=line)
    expect(page.locator("#line")).to_contain_text("http:" if line else re.compile("^$"))
    there.close()
