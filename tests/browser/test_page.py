"""The page around the chat in a real browser: tabs, keyboard alone, storage denied, the form for an iframe."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser.chromium import DESKTOP, PATIENCE, PHONE, answered, at_rest, opened, settles
from tests.support.browser.fixtures import LIVED, Open
from tests.support.browser.sites import Site

TABS = ("Chat", "Model report", "Track record")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_tabs_show_report_and_track_record(served: str, visit: Open, viewport: dict[str, int]):
    page = visit(served, viewport).page
    page.get_by_role("tab", name="Model report").click()
    report = page.get_by_role("tabpanel").locator("article.page")
    expect(report.get_by_text("Is the model any good?")).to_be_visible()
    expect(report.get_by_role("img")).to_have_count(6)
    expect(report.get_by_role("table").locator("tr")).to_have_count(6)
    at_rest(report)
    assert page.locator("html").evaluate("root => root.scrollWidth") <= viewport["width"]
    page.get_by_role("tab", name="Track record").click()
    record = page.get_by_role("tabpanel").locator("article.page")
    expect(record.get_by_text("What it said, and what happened")).to_be_visible()
    expect(record.get_by_role("row")).to_have_count(1 + LIVED)
    expect(record.get_by_role("row").nth(1)).to_contain_text("69,930")
    page.get_by_label("ETH-USD").click()
    expect(record.get_by_role("row").nth(1)).to_contain_text("2,185.32")
    wider = "all => all.map(each => each.scrollWidth - each.clientWidth)"
    settles(lambda: record.locator(".wide").evaluate_all(wider), [0])
    page.get_by_role("tab", name="Chat").click()
    expect(page.locator("#box textarea")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_in_every_tab(served: str, visit: Open, scheme: str):
    page = visit(served, color_scheme=scheme).page
    for tab in TABS[1:]:
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel").locator("article.page td").first).to_be_visible()
        at_rest(page.locator("html"))
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
    suggestion = chat.page.get_by_role("button", name="What's BTC next hour?")
    focused = chat.page.locator(":focus")
    stops = 0
    while not suggestion.evaluate("element => element === document.activeElement"):  # past every tab
        assert stops < 40
        chat.page.keyboard.press("Tab")
        stops += 1
    assert stops >= len(TABS)
    expect(focused).not_to_have_css("outline-style", "none")
    chat.page.keyboard.press("Enter")
    chat.answered()
    expect(chat.questions).to_have_text("What's BTC next hour?", use_inner_text=True)
    chat.type("half a question")
    chat.page.keyboard.press("Escape")
    expect(chat.box).to_have_value("half a question")
    for name in reversed(TABS[1:]):
        tab = chat.page.get_by_role("tab", name=name)
        tab.press("Enter")
        expect(chat.page.get_by_role("tabpanel").locator("article.page")).to_be_visible()
        expect(tab).to_have_attribute("aria-selected", "true")


def test_a_screen_reader_finds_its_way(served: str, visit: Open):
    page = visit(served).page
    expect(page.get_by_role("heading", name="CryptoSense")).to_have_count(1)
    expect(page.get_by_role("tab")).to_have_text(list(TABS))
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")  # an answer is heard when it is whole
    expect(page.get_by_label("Your question")).to_have_count(1)
    expect(page.get_by_role("button").nth(4)).to_be_visible()
    at_rest(page.locator("html"))
    buttons = page.get_by_role("button").all()
    for button in buttons:
        expect(button).to_have_accessible_name(re.compile(r"\w"))


FRAME = """<!doctype html><title>host</title><link rel=icon href="data:,"><iframe width=400 height=600
src="{address}/?embed=1&symbol=ETH-USD&theme=dark&title=%3Cb%3EAsk%20me&suggestions=One?%7CTwo?&greeting=**Hi**">
</iframe>"""
DENIED = "() => { try { localStorage.setItem('a', 'b'); return false; } catch { return true; } }"


@pytest.fixture
def host(browser: Browser, served: str, friend: Site) -> Iterator[Page]:
    """A page of another site with the chat in a frame."""
    page = browser.new_page(viewport={"width": 420, "height": 640}, color_scheme="light")
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(friend.add(FRAME.format(address=served)).replace(friend.address, friend.elsewhere))
    yield page
    page.close()
    assert complaints == []


def test_the_compact_form_works_in_a_frame_that_is_denied_storage(host: Page):
    chat = host.locator("iframe").content_frame
    body = chat.locator("body")
    expect(chat.locator("#ticker")).to_contain_text("ETH $")
    expect(chat.locator("#ticker")).not_to_contain_text("BTC")
    assert body.evaluate(DENIED)
    expect(chat.locator("#name")).to_have_text("<b>Ask me")
    expect(chat.get_by_text("**Hi**")).to_have_count(1)
    expect(chat.locator("#suggestions button:visible")).to_have_text(["One?", "Two?"])
    expect(chat.get_by_role("tab")).to_have_count(0)
    expect(body).to_contain_class("dark")
    chat.get_by_role("button", name="Two?").click()
    answered(body)
    expect(chat.locator(".user-row")).to_have_text("Two?", use_inner_text=True)
    chat.locator("#box textarea").fill("what's ETH next hour?")
    chat.locator("#box textarea").press("Enter")
    answered(body, 2)
    expect(chat.locator(".forecast-card")).to_be_visible()
    at_rest(body)
    assert body.evaluate("() => document.documentElement.scrollWidth") <= 400


def test_denied_storage_the_frame_survives_being_loaded_anew(host: Page):
    chat = host.locator("iframe").content_frame
    body = chat.locator("body")
    chat.get_by_role("button", name="Two?").click()
    answered(body)
    body.evaluate("() => { document.documentElement.dataset.old = ''; location.reload(); }")
    expect(chat.locator("html:not(.restoring, [data-old]) #name.opened")).to_be_visible()
    answered(body)
    expect(chat.locator(".user-row")).to_have_text("Two?", use_inner_text=True)


def test_a_german_browser_reads_german_and_a_new_york_one_its_own_clock(served: str, browser: Browser):
    context = browser.new_context(locale="de-DE", timezone_id="America/New_York", viewport=PHONE)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(served)
    opened(page)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page).to_have_url(re.compile(r"^(?=.*lang=de)(?=.*timezone=America)"))
    expect(page.get_by_role("tab")).to_have_text(["Chat", "Modellbericht", "Bilanz"])
    expect(page.locator("#suggestions button").first).to_have_text("Wo steht BTC in einer Stunde?")
    page.locator("#suggestions button").first.click()
    expect(page.locator(".forecast-card")).to_be_visible()
    expect(page.locator("#suggestions button").first).to_have_text("Und in 4 Stunden?")
    page.get_by_role("tab", name="Bilanz").click()
    closed = page.get_by_role("tabpanel").locator("tbody th time").first
    expect(closed).to_have_text("19. März 08:00")
    expect(closed).to_have_attribute("title", "19. März 12:00 UTC")
    page.get_by_text("15 Min.", exact=True).click()
    expect(page.get_by_role("tabpanel").locator("article.page")).to_contain_text("15 Min. voraus")
    at_rest(page.locator("html"))
    assert page.locator("html").evaluate("root => root.scrollWidth") <= PHONE["width"]
    context.close()


def test_without_scripts_the_page_says_what_it_is(served: str, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served)
    expect(page.get_by_role("heading", name="CryptoSense")).to_be_visible()
    expect(page.locator("noscript p").nth(1)).to_contain_text("needs JavaScript")
    for link in page.get_by_role("link").all():
        address = f"{served}/{link.get_attribute('href')}"
        assert context.request.get(address).status == 200, address
    context.close()
