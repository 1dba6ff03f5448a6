"""The page for those who hear it, see it in their own colours, or use no mouse; and nothing on it moves by itself."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # axe-core 4.12
from playwright.sync_api import Browser, Locator, Page, expect

from assistant.agent import Event, Token, ToolFinished, ToolStarted
from tests.support.browser.chromium import DESKTOP, PATIENCE, PHONE, answered, at_rest, opened, pause
from tests.support.browser.fixtures import Open
from tests.support.browser.page_alone import page_alone
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

QUESTION = "what's BTC next hour?"
WIDGET = {"width": 400, "height": 600}
LOW, LANDSCAPE = {"width": 320, "height": 256}, {"width": 844, "height": 390}
MOST_MOVED = 0.02
PIECE = 0.2  # seconds between two pieces of an answer, so that the page draws each
AUDIT = """() => axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations.flatMap(
    ({ id, impact, nodes }) => nodes.map(({ html }) => `${impact} ${id}: ${html.slice(0, 200)}`)
))"""
LOOKS = {
    "light": (DESKTOP, {"color_scheme": "light"}),
    "dark": (DESKTOP, {"color_scheme": "dark"}),
    "forced colours": (DESKTOP, {"forced_colors": "active"}),
    "dark forced colours": (DESKTOP, {"forced_colors": "active", "color_scheme": "dark"}),
    "phone": (PHONE, {"color_scheme": "light"}),
    "dark phone": (PHONE, {"color_scheme": "dark"}),
    "phone in forced colours": (PHONE, {"forced_colors": "active"}),
    "400 % zoom": (LOW, {}),
}


def faults(page: Page) -> list[str]:
    """All that axe finds, of whatever weight: moderate and minor too."""
    at_rest(page.locator("html"))  # what is just being drawn has no names yet
    page.evaluate(AXE_SCRIPT)
    return page.evaluate(AUDIT)


@pytest.mark.parametrize(("viewport", "options"), LOOKS.values(), ids=LOOKS.keys())
def test_axe_finds_nothing_on_any_tab(served: str, visit: Open, viewport: dict[str, int], options: dict[str, str]):
    chat = visit(served, viewport, **options)
    assert faults(chat.page) == []
    chat.ask(QUESTION)
    expect(chat.cards).to_have_count(1)
    expect(chat.page.locator(".unseen[role=status]")).to_contain_text("CryptoSense:")
    assert faults(chat.page) == []
    for tab in ("Model report", "Track record"):
        chat.page.get_by_role("tab", name=tab).click()
        expect(chat.page.get_by_role("tabpanel").locator("article.page")).to_be_visible()
        if viewport != DESKTOP:
            expect(chat.page.locator("[data-scrolls]").first).to_be_attached()
        assert faults(chat.page) == []


def test_axe_finds_nothing_in_the_widgets_frame(served: str, visit: Open):
    chat = visit(f"{served}/?embed=1", WIDGET)
    assert faults(chat.page) == []
    chat.ask(QUESTION)
    expect(chat.page.locator(".unseen[role=status]")).to_contain_text("CryptoSense:")
    assert faults(chat.page) == []


class Turn:
    """Forecasts and explains piece by piece; a question with the word "slow" in it, when a test says so."""

    def __init__(self) -> None:
        self.tools = {bound.tool.name: bound for bound in bind_tools(FakeBackend(), KNOWLEDGE)}
        self.goes_on = threading.Event()

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        if "slow" in said[-1]["content"]:
            await asyncio.to_thread(self.goes_on.wait, 600)
        args = {"symbol": "BTC-USD", "hours": 1}
        for _ in range(2):
            await asyncio.sleep(PIECE)
            yield ToolStarted("1", "forecast", args)
        result = await self.tools["forecast"].call(args)
        yield ToolFinished("1", "forecast", result.ok, result.text, 0.01, result.data)
        for _ in range(5):
            await asyncio.sleep(PIECE)
            yield Token("In half of all hours the price of a coin moves less than this. ")


@pytest.fixture(scope="module")
def turn() -> Iterator[Turn]:
    turn = Turn()
    yield turn
    turn.goes_on.set()


@pytest.fixture(scope="module")
def address(turn: Turn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_alone(turn, tmp_path_factory.mktemp("liked") / "feedback.jsonl") as address:
        yield address


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_screen_reader_is_told_who_speaks_and_hears_an_answer_once(address: str, visit: Open, language: str):
    chat = visit(f"{address}/?lang={language}")
    heard = chat.page.locator(".unseen[role=status]")
    expect(heard).to_have_text("")
    chat.ask(QUESTION)
    expect(heard).to_have_text(re.compile(r"^CryptoSense: (In half of all hours [^.]+\. ?){5}$"))
    you = {"en": "You:", "de": "Sie:"}[language]
    log = chat.page.get_by_role("log")
    expect(log).to_match_aria_snapshot(f"- text: '{you}'\n- paragraph: {QUESTION}")
    expect(log).to_match_aria_snapshot("- text: 'CryptoSense:'")
    expect(log).to_have_attribute("aria-live", "off")  # or it would be heard in pieces too
    chat.page.reload()
    chat.answered()
    expect(heard).to_have_text("")  # it has been heard


def test_a_step_is_one_button_that_says_whether_it_is_open(address: str, visit: Open):
    chat = visit(address)
    chat.ask(QUESTION)
    step = chat.page.locator(".thought-group .title")
    expect(step).to_have_attribute("aria-expanded", "false")
    expect(step.get_by_role("button")).to_have_count(0)
    step.press("Enter")
    expect(step).to_have_attribute("aria-expanded", "true")
    expect(chat.page.locator(".thought-group")).to_contain_text("Source: Bitstamp")
    at_rest(step)
    box = step.locator(".arrow").bounding_box()
    assert box
    chat.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(step).to_have_attribute("aria-expanded", "false")


def test_what_scrolls_is_reached_by_keyboard(served: str, visit: Open):
    page = visit(served, PHONE).page
    coins = page.get_by_role("group", name="Prices")
    expect(coins).to_have_attribute("tabindex", "0")
    coins.focus()
    page.keyboard.press("ArrowRight")
    expect(coins).not_to_have_js_property("scrollLeft", 0)
    page.get_by_role("tab", name="Model report").click()
    report = page.get_by_role("tabpanel")
    expect(report).to_have_attribute("tabindex", "0")
    report.press("PageDown")
    expect(report).not_to_have_js_property("scrollTop", 0)


def drawn(part: Locator) -> list[tuple[str, ...]]:
    """What can be seen of each element where the visitor has chosen the colours."""
    return part.evaluate_all(
        "all => all.map(each => getComputedStyle(each)).map(({ borderTopWidth, backgroundColor }) => "
        "[borderTopWidth, backgroundColor])"
    )


def test_the_bar_can_be_seen_in_forced_colours(address: str, visit: Open):
    chat = visit(address, forced_colors="active")
    chat.ask(QUESTION)
    expect(chat.cards.locator(".bar i")).to_have_count(3)
    at_rest(chat.cards)
    widest, usual, narrow = drawn(chat.cards.locator(".bar i"))
    canvas = chat.page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    assert (widest[0], usual[0]) == ("1px", "3px")
    assert narrow[1] not in (canvas, "rgba(0, 0, 0, 0)")
    assert chat.cards.locator(".bar i").first.evaluate("each => getComputedStyle(each).forcedColorAdjust") == "none"


MOVES = """() => {
    window.moved = [];
    new PerformanceObserver((list) => {
        for (const { value, hadRecentInput, sources } of list.getEntries()) if (!hadRecentInput) {
            window.moved.push([value, sources.map(({ node }) => node?.id || node?.className || node?.nodeName).join()]);
        }
    }).observe({ type: "layout-shift", buffered: true });
}"""


@pytest.mark.parametrize(
    ("viewport", "query"),
    [(PHONE, ""), (DESKTOP, ""), (WIDGET, "/?embed=1"), (LOW, ""), (LANDSCAPE, "")],
    ids=["phone", "desktop", "widget", "low", "landscape"],
)
def test_nothing_moves_by_itself_while_the_page_opens_and_answers(
    address: str, turn: Turn, browser: Browser, viewport: dict[str, int], query: str
):
    """The question itself moves the page, as it should; how soon after the key it does so, no test can tell."""
    turn.goes_on.clear()
    page = browser.new_page(viewport=viewport)  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE)
    page.add_init_script(f"({MOVES})()")
    page.goto(address + query)
    expect(page.locator("#ticker span").first).to_be_visible()
    opened(page)
    at_rest(page.locator("html"))
    assert moved(page) < MOST_MOVED, page.evaluate("() => window.moved")
    page.locator("#box textarea").fill(f"slow, please: {QUESTION}")
    page.locator("#box textarea").press("Enter")
    expect(page.get_by_test_id("stop-button")).to_be_visible()
    at_rest(page.locator("html"))
    pause(page, 700)  # longer than what the browser takes for a consequence of the key
    page.evaluate("() => { window.moved.length = 0 }")
    turn.goes_on.set()
    answered(page.locator("body"))
    expect(page.locator(".forecast-card")).to_have_count(1)
    at_rest(page.locator("html"))
    assert moved(page) < MOST_MOVED, page.evaluate("() => window.moved")
    page.close()


def moved(page: Page) -> float:
    """How much of the page has moved by itself: the browser's layout shift score."""
    return float(page.evaluate("() => window.moved.reduce((sum, [value]) => sum + value, 0)"))
