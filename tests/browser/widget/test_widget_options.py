"""What a site's owner may ask of the widget, on screens and pages of all kinds, in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.support.browser.chromium import DESKTOP, PHONE, hold, settles, until
from tests.support.browser.guests import Go, Guest, page_with
from tests.support.browser.sites import Site

TALL = "<p>Words.</p>" * 60
WIDE = f'<div style="width: 980px">{TALL}</div>'
ON_A_PHONE = {"is_mobile": True, "has_touch": True}
AS_WIDE_AS_THE_SCREEN = '<meta name="viewport" content="width=device-width, initial-scale=1">'
COOKIES = """<div id="cookies" style="position: fixed; left: 0; right: 0; bottom: 0; padding: 14px; text-align: right">
Cookies? <button id="accept" onclick="cookies.remove()">Accept</button></div>"""
SEEN = "() => [0, 0, visualViewport.width, visualViewport.height]"  # Playwright measures from what is seen
ALERT = """() => document.dispatchEvent(new CustomEvent("cryptosense:alert", { detail: { symbol: "BTC-USD" } }))"""


def rectangle(part: Locator) -> list[float]:
    """Where it is: left, top, right, bottom."""
    box = part.bounding_box()
    assert box
    return [box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]]


def size(part: Locator) -> list[float]:
    left, top, right, bottom = rectangle(part)
    return [right - left, bottom - top]


def all_that_is_seen(guest: Guest) -> bool:
    left, top, width, height = guest.page.evaluate(SEEN)
    return rectangle(guest.panel) == pytest.approx([left, top, left + width, top + height], abs=1)


@pytest.mark.parametrize("head", [AS_WIDE_AS_THE_SCREEN, ""], ids=["as wide as the screen", "shrunk to fit"])
def test_on_a_page_wider_than_the_phone_the_chat_is_as_wide_as_the_phone(served: str, friend: Site, go: Go, head: str):
    guest = go(friend.add(page_with(served, head=head, body=WIDE)), PHONE, **ON_A_PHONE)
    hold(lambda: guest.page.evaluate("() => innerWidth") > 900)
    guest.open()
    hold(lambda: all_that_is_seen(guest))
    inside = guest.chat.locator("body")
    as_on_any_other_page = pytest.approx([PHONE["width"], PHONE["height"]], abs=1)
    settles(lambda: inside.evaluate("() => [innerWidth, innerHeight]"), as_on_any_other_page)
    send = guest.chat.get_by_test_id("submit-button")
    hold(lambda: rectangle(send)[0] >= 0 and rectangle(send)[2] <= guest.page.evaluate(SEEN)[2])
    guest.close.tap()
    expect(guest.panel).to_be_hidden()


def test_on_a_page_wider_than_the_phone_the_bubble_is_seen(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served, head=AS_WIDE_AS_THE_SCREEN, body=WIDE)), PHONE, **ON_A_PHONE)
    corner = pytest.approx([PHONE["width"] - 20, PHONE["height"] - 20], abs=1)
    settles(lambda: rectangle(guest.bubble)[2:], corner)
    assert rectangle(guest.bubble)[0] > 0


def test_whoever_enlarges_the_page_enlarges_the_chat_too(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served, head=AS_WIDE_AS_THE_SCREEN, body=TALL)), PHONE, **ON_A_PHONE)
    guest.open()
    before = size(guest.panel)
    devtools = guest.page.context.new_cdp_session(guest.page)
    devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 2})
    until(guest.page, "() => visualViewport.scale > 1.9")
    settles(lambda: size(guest.panel), before)  # in the page's pixels, each of which is two now
    guest.page.evaluate("() => CryptoSense.close()")
    expect(guest.panel).to_be_hidden()
    guest.page.evaluate("() => CryptoSense.open()")
    expect(guest.panel).to_be_visible()
    hold(lambda: all_that_is_seen(guest))  # opened anew


def test_the_bubble_steps_aside_from_a_cookie_bar_and_comes_back(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served, body=TALL + COOKIES)))
    accept = guest.page.locator("#accept")
    home = guest.page.viewport_size["height"] - 20
    expect(guest.page.locator("cryptosense-chat")).to_have_attribute("style", re.compile("--up: ?[1-9]"))
    bar = guest.page.locator("#cookies")
    hold(lambda: rectangle(guest.bubble)[3] == pytest.approx(rectangle(bar)[1] - 20, abs=1))
    accept.click()  # and not what covers it
    expect(guest.page.locator("#cookies")).to_have_count(0)
    expect(guest.page.locator("cryptosense-chat")).to_have_attribute("style", "")
    settles(lambda: rectangle(guest.bubble)[3], pytest.approx(home, abs=1))


def test_an_offset_and_a_layer_are_as_the_owner_says(served: str, friend: Site, go: Go):
    options = 'data-offset-x="60" data-offset-y="90" data-z-index="7"'
    guest = go(friend.add(page_with(served, options, body=TALL + COOKIES)))
    view = guest.page.viewport_size
    settles(lambda: view["width"] - rectangle(guest.bubble)[2], pytest.approx(60, abs=16))  # a scrollbar
    settles(lambda: view["height"] - rectangle(guest.bubble)[3], pytest.approx(90, abs=1))
    expect(guest.page.locator("cryptosense-chat > div, cryptosense-chat div").first).to_have_css("z-index", "7")
    guest.open()
    hold(lambda: rectangle(guest.panel)[3] <= rectangle(guest.bubble)[1])
    hold(lambda: rectangle(guest.panel)[2] == pytest.approx(rectangle(guest.bubble)[2], abs=1))


@pytest.mark.parametrize(("position", "left"), [("", True), ('data-position="bottom-right"', False)])
def test_where_one_reads_from_the_right_all_is_mirrored(served: str, friend: Site, go: Go, position: str, left: bool):
    html = page_with(served, position).replace("<html>", '<html dir="rtl" lang="ar">')
    guest = go(friend.add(html))
    guest.open()
    half = DESKTOP["width"] / 2
    for part in (guest.bubble, guest.panel):
        hold(lambda part=part: (rectangle(part)[0] < half) is left)
    hold(lambda: rectangle(guest.close)[0] - rectangle(guest.panel)[0] < 10)
    name = guest.chat.locator("#name h1")
    hold(lambda: rectangle(name)[0] >= rectangle(guest.close)[2])  # the cross covers nothing
    guest.close.click()
    expect(guest.panel).to_be_hidden()
    expect(guest.bubble).to_be_focused()


@pytest.mark.parametrize(
    ("attributes", "language", "browsers", "asked", "words"),
    [
        ('data-lang="fr"', "de", "es-ES", "fr", "Une question ?"),
        ("", "pt-BR", "es-ES", "pt", "Pergunte-me"),
        ("", "ar", "es-ES", None, "Pregúntame"),
        ("", "", "nl-NL", None, "Ask me anything"),
    ],
)
def test_the_language_is_the_owners_or_the_pages_or_the_browsers(
    served: str,
    friend: Site,
    go: Go,
    attributes: str,
    language: str,
    browsers: str,
    asked: str | None,
    words: str,
):
    html = page_with(served, attributes).replace("<html>", f'<html lang="{language}">')
    guest = go(friend.add(html), locale=browsers)
    expect(guest.bubble).to_have_text(words)
    guest.open()
    address = guest.panel.locator("iframe").get_attribute("src")
    assert (f"lang={asked}" in address) if asked else ("lang=" not in address)


def test_it_opens_by_itself_once_a_session_and_takes_no_focus(served: str, friend: Site, go: Go):
    html = page_with(served, 'data-open="load"', body='<input id="name" autofocus>')
    guest = go(friend.add(html))
    guest.hears("open", "ready")
    expect(guest.page.locator("#name")).to_be_focused()
    guest.close.click()
    guest.page.goto(friend.add(html))
    guest.page.clock.install()
    guest.page.clock.run_for(2_000)
    expect(guest.bubble).to_have_attribute("aria-expanded", "false")
    guest.bubble.click()
    guest.hears("open", "ready")


def test_it_opens_after_the_seconds_that_it_is_told(served: str, friend: Site, go: Go):
    guest = go("about:blank")
    guest.page.clock.install()
    guest.page.clock.pause_at(guest.page.evaluate("() => Date.now() + 1000"))  # it goes on as it is told alone
    guest.page.goto(friend.add(page_with(served, 'data-open="8"')))
    guest.page.clock.run_for(7_000)
    expect(guest.bubble).to_have_attribute("aria-expanded", "false")
    guest.page.clock.run_for(2_000)
    expect(guest.bubble).to_have_attribute("aria-expanded", "true")


def test_on_a_small_screen_it_does_not_open_by_itself(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served, 'data-open="load"')), PHONE)
    expect(guest.bubble).to_have_attribute("aria-controls", "panel")  # of which it decides that
    expect(guest.bubble).to_have_attribute("aria-expanded", "false")
    guest.bubble.click()
    guest.hears("open", "ready")


@pytest.mark.parametrize(
    ("hide", "shown"),
    [("{path}", False), ("/checkout, {path}", False), ("/*", False), ("/checkout,/admin/*", True), ("/", True)],
)
def test_it_is_hidden_on_the_paths_that_the_owner_names(served: str, friend: Site, go: Go, hide: str, shown: bool):
    path = f"/{len(friend.pages)}"
    guest = go(friend.add(page_with(served, f'data-hide="{hide.format(path=path)}"')))
    expect(guest.bubble).to_be_visible(visible=shown)


def test_a_page_that_changes_its_path_by_script_hides_and_shows_it(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served, 'data-hide="/admin/*"')))
    expect(guest.bubble).to_be_visible()
    move = "path => { history.pushState(null, '', path); document.body.append('Another page.'); }"
    guest.page.evaluate(move, "/admin/users")
    expect(guest.bubble).to_be_hidden()
    guest.page.evaluate(move, "/")
    expect(guest.bubble).to_be_visible()


def test_the_bubble_may_be_an_icon_with_its_words_for_screen_readers(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served, 'data-bubble="icon"')))
    settles(lambda: size(guest.bubble), pytest.approx([52, 48], abs=2))
    expect(guest.page.get_by_role("button", name="Ask me anything")).to_be_visible()
    both = go(friend.add(page_with(served, 'data-bubble="both"')))
    hold(lambda: size(both.bubble)[0] > size(guest.bubble)[0] + 60)


def test_an_alert_is_counted_on_the_closed_bubble_and_told_to_the_site(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)))
    guest.open()
    guest.close.click()
    for _ in range(2):
        guest.chat.locator("body").evaluate(ALERT)
    guest.hears("open", "ready", "close", "alert", "alert")
    expect(guest.bubble.locator("sup")).to_have_text("2")
    expect(guest.page.get_by_role("button", name="Ask me anything 2")).to_be_visible()
    guest.bubble.click()
    expect(guest.bubble.locator("sup")).to_be_hidden()
    guest.chat.locator("body").evaluate(ALERT)  # seen as it comes
    guest.hears("open", "ready", "close", "alert", "alert", "open", "alert")
    expect(guest.bubble.locator("sup")).to_be_hidden()


def test_size_font_and_colours_reach_the_chat(served: str, friend: Site, go: Go):
    looks = 'data-accent="#ffd34d" data-background="#101820" data-font="Georgia, serif"'
    guest = go(friend.add(page_with(served, f'data-width="460" data-height="500" {looks}')))
    guest.open()
    settles(lambda: size(guest.panel), [460, 500])
    page = guest.chat.locator("body")
    expect(page).to_contain_class("dark")  # on a dark ground, whatever the visitor's scheme
    expect(page).to_have_css("background-color", "rgb(16, 24, 32)")
    send = guest.chat.get_by_test_id("submit-button")
    expect(send).to_have_css("background-color", "rgb(255, 211, 77)")
    expect(send).to_have_css("color", "rgb(0, 0, 0)")  # which can be read on it
    expect(guest.box).to_have_css("font-family", "Georgia, serif, system-ui, sans-serif")
    assert guest.hints() == []


@pytest.mark.parametrize(
    "wrong", ["accent=red", "background=%23fff%7Dbody%7Bdisplay:none", "font=x%3B%7D*%7Bcolor:red"]
)
def test_an_address_cannot_bring_styles_of_its_own(served: str, friend: Site, go: Go, wrong: str):
    """The page may not trust its address: whoever frames it may write one."""
    frame = f'<iframe style="width: 400px; height: 600px" src="{served}/?embed=1&{wrong}"></iframe>'
    guest = go(friend.add(f"<!DOCTYPE html><html><body>{frame}</body></html>"))
    inside = guest.page.frame_locator("iframe")
    expect(inside.locator("#ticker span").first).to_be_visible()
    rules = "() => document.adoptedStyleSheets.map(sheet => sheet.cssRules.length)"
    settles(lambda: set(inside.locator("body").evaluate(rules)), {0})


def test_on_a_desktop_a_cross_closes_the_chat(served: str, friend: Site, go: Go):
    guest = go(friend.add(page_with(served)))
    guest.open()
    expect(guest.page.get_by_role("button", name="Close")).to_be_visible()
    guest.close.click()
    expect(guest.panel).to_be_hidden()
    guest.hears("open", "ready", "close")
