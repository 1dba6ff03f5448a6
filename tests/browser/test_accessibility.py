"""The page for those who hear it, see it in their own colours, or use no mouse; and nothing on it moves by itself."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # axe-core 4.12
from playwright.sync_api import Browser, Locator, Page, expect

from assistant.agent import Event, Token, ToolFinished, ToolStarted
from tests.support.browser.chromium import DESKTOP, PATIENCE, PHONE, answered
from tests.support.browser.fixtures import Open
from tests.support.browser.page_alone import page_alone
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

QUESTION = "what's BTC next hour?"
WIDGET = {"width": 400, "height": 600}
LOW = {"width": 320, "height": 256}
MOST_MOVED = 0.02
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
    page.evaluate(AXE_SCRIPT)
    return page.evaluate(AUDIT)


@pytest.mark.parametrize(("viewport", "options"), LOOKS.values(), ids=LOOKS.keys())
def test_axe_finds_nothing_on_any_tab(served: str, visit: Open, viewport: dict[str, int], options: dict[str, str]):
    chat = visit(served, viewport, **options)
    expect(chat.page.locator("#name.opened")).to_be_visible()
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
    expect(chat.page.locator("#name.opened")).to_be_visible()
    assert faults(chat.page) == []
    chat.ask(QUESTION)
    expect(chat.page.locator(".unseen[role=status]")).to_contain_text("CryptoSense:")
    assert faults(chat.page) == []


class Turn:
    """Forecasts and explains, with a pause before each."""

    def __init__(self) -> None:
        self.tools = {bound.tool.name: bound for bound in bind_tools(FakeBackend(), KNOWLEDGE)}

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        args = {"symbol": "BTC-USD", "hours": 1}
        for _ in range(2):
            await asyncio.sleep(0.7)  # longer than what the browser takes for a consequence of the last key
            yield ToolStarted("1", "forecast", args)
        result = await self.tools["forecast"].call(args)
        yield ToolFinished("1", "forecast", result.ok, result.text, 0.01, result.data)
        for _ in range(5):
            await asyncio.sleep(0.7)
            yield Token("In half of all hours the price of a coin moves less than this. ")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_alone(Turn(), tmp_path_factory.mktemp("liked") / "feedback.jsonl") as address:
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
    ("viewport", "query"), [(PHONE, ""), (DESKTOP, ""), (WIDGET, "/?embed=1")], ids=["phone", "desktop", "widget"]
)
def test_nothing_moves_by_itself_while_the_page_opens_and_answers(
    address: str, browser: Browser, viewport: dict[str, int], query: str
):
    """In one of three visits: what moves by itself moves each time, and a machine that stalls draws in other steps."""
    visits: list[list[tuple[float, str]]] = []
    while not visits or (len(visits) < 3 and sum(value for value, _ in visits[-1]) >= MOST_MOVED):
        visits.append(moved_in_a_visit(address + query, browser, viewport))
    assert sum(value for value, _ in visits[-1]) < MOST_MOVED, visits


def moved_in_a_visit(address: str, browser: Browser, viewport: dict[str, int]) -> list[tuple[float, str]]:
    """How much of the page moved, and what."""
    page = browser.new_page(viewport=viewport)  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE)
    page.add_init_script(f"({MOVES})()")
    page.goto(address)
    expect(page.locator("#ticker span").first).to_be_visible()
    page.locator("#box textarea").fill(QUESTION)
    page.locator("#box textarea").press("Enter")
    answered(page.locator("body"))
    expect(page.locator(".forecast-card")).to_have_count(1)
    moved: list[tuple[float, str]] = page.evaluate("() => window.moved")
    page.close()
    return moved
