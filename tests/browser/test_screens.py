"""Small screens, and where the conversation is scrolled to."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant.agent import Event, Token, ToolFinished, ToolStarted
from tests.support.browser.chromium import DESKTOP, PHONE, Visit, at_rest, hold
from tests.support.browser.fixtures import Open
from tests.support.browser.page_alone import page_alone
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

QUESTION = "what's BTC next hour?"
WORDS = "In half of all hours the price of a coin moves less than this. "
AT_THE_END = "element => element.scrollHeight - element.scrollTop - element.clientHeight < 24"


class LongTurn:
    """Forecasts, says a lot, and goes on with it when a test says so."""

    def __init__(self) -> None:
        self.tools = {bound.tool.name: bound for bound in bind_tools(FakeBackend(), KNOWLEDGE)}
        self.goes_on = threading.Event()

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        args = {"symbol": "BTC-USD", "hours": 1}
        yield ToolStarted("1", "forecast", args)
        result = await self.tools["forecast"].call(args)
        yield ToolFinished("1", "forecast", result.ok, result.text, 0.01, result.data)
        await asyncio.sleep(0.1)  # or the page would wait for more before it is drawn again
        yield Token(20 * WORDS)
        if "slow" in said[-1]["content"]:
            await asyncio.to_thread(self.goes_on.wait, 600)
            yield Token("\n\n" + "\n\n".join(30 * [WORDS]))


@pytest.fixture(scope="module")
def turn() -> Iterator[LongTurn]:
    turn = LongTurn()
    yield turn
    turn.goes_on.set()


@pytest.fixture(scope="module")
def address(turn: LongTurn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_alone(turn, tmp_path_factory.mktemp("liked") / "feedback.jsonl") as address:
        yield address


def scroller(chat: Visit) -> Locator:
    return chat.page.get_by_role("log")


@pytest.mark.parametrize(
    ("width", "height", "room"),
    [(320, 256, 150), (844, 390, 280), (390, 420, 300)],
    ids=["400 % zoom", "landscape", "with a keyboard"],
)
def test_a_low_screen_has_room_for_the_conversation(address: str, visit: Open, width: int, height: int, room: int):
    chat = visit(address, {"width": width, "height": height})
    expect(chat.page.locator("#suggestions button").first).to_be_in_viewport(ratio=0.9)
    chat.ask(QUESTION)
    hold(lambda: scroller(chat).evaluate("element => element.clientHeight") >= room)
    expect(chat.cards.locator(".range b").first).to_be_in_viewport(ratio=0.9)
    expect(chat.box).to_be_in_viewport(ratio=1)
    expect(chat.page.locator("#suggestions")).to_be_hidden()
    expect(chat.page.get_by_role("button", name="New chat")).to_be_in_viewport(ratio=1)
    at_rest(chat.cards)
    assert chat.page.locator("html").evaluate("root => [root.scrollWidth, root.scrollHeight]") == [width, height]
    for tab in ("Model report", "Track record", "Chat"):
        chat.page.get_by_role("tab", name=tab).click()
        expect(chat.page.get_by_role("tab", name=tab)).to_be_in_viewport(ratio=1)


def test_what_was_folded_away_comes_back_with_the_keyboard_gone(address: str, visit: Open):
    chat = visit(address, PHONE | {"height": 400})
    chat.ask(QUESTION)
    expect(chat.page.locator("#suggestions")).to_be_hidden()
    chat.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    expect(chat.page.locator("#suggestions")).to_be_visible()
    expect(chat.page.get_by_role("heading", name="CryptoSense")).to_be_in_viewport(ratio=1)
    expect(chat.box).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_card_comes_first_with_two_lines_of_words(address: str, visit: Open):
    chat = visit(address, PHONE)
    chat.ask(QUESTION)
    words = chat.page.locator("#chat .words")
    at_rest(words)
    top = "element => element.getBoundingClientRect().top"
    assert chat.cards.evaluate(top) < words.evaluate(top)
    two_lines = "element => element.clientHeight / parseFloat(getComputedStyle(element).lineHeight) < 2.9"
    assert words.locator(".message-content").evaluate(two_lines)
    words.press("Enter")
    expect(words).to_contain_class("whole")
    assert not words.locator(".message-content").evaluate(two_lines)
    words.click()
    expect(words).not_to_contain_class("whole")


def test_in_the_widget_the_range_and_its_bar_are_in_view_after_an_answer(address: str, visit: Open):
    chat = visit(f"{address}/?embed=1", {"width": 400, "height": 620})
    chat.ask(QUESTION)
    for part in (".range", ".bar"):
        expect(chat.cards.locator(part)).to_be_in_viewport(ratio=1)
    expect(chat.page.locator("#chat .words")).to_have_count(1)
    expect(chat.page.locator("#chat .words").locator(".forecast-card")).to_have_count(0)


def test_on_a_wide_screen_the_words_stand_whole_before_the_card(address: str, visit: Open):
    chat = visit(address, DESKTOP)
    chat.ask(QUESTION)
    at_rest(chat.cards)
    top = "element => element.getBoundingClientRect().top"
    assert chat.cards.evaluate(top) > chat.page.locator("#chat .words").evaluate(top)


def by_wheel(page: Page) -> None:
    page.get_by_role("log").hover()
    page.mouse.wheel(0, 10_000)


def by_scrollbar(page: Page) -> None:
    page.get_by_role("log").evaluate("element => { element.scrollTop = element.scrollHeight }")


def by_arrow(page: Page) -> None:
    page.locator(".scroll-down-button-container button").click()


@pytest.mark.parametrize("way", [by_wheel, by_scrollbar, by_arrow])
def test_after_an_answer_the_visitor_scrolls_and_nothing_pulls_back(
    address: str, visit: Open, way: Callable[[Page], None]
):
    chat = visit(address, PHONE)
    chat.ask(QUESTION)
    expect(chat.questions).to_be_in_viewport(ratio=1)
    at_rest(chat.cards)
    way(chat.page)
    expect(chat.questions).not_to_be_in_viewport()
    chat.page.locator("#ticker").evaluate("element => { element.append(document.createElement('i')) }")  # as it ticks
    chat.page.locator("#chat .words").click()  # and more is shown
    expect(chat.page.locator("#chat .words")).to_contain_class("whole")
    expect(chat.questions).not_to_be_in_viewport()


@pytest.mark.parametrize("stays", [True, False], ids=["at the end", "further up"])
def test_a_growing_answer_moves_only_who_is_at_the_end(address: str, visit: Open, turn: LongTurn, stays: bool):
    turn.goes_on.clear()
    chat = visit(address, DESKTOP | {"height": 600})
    chat.type("slow, please")
    chat.box.press("Enter")
    expect(chat.cards).to_have_count(1)
    by_scrollbar(chat.page)
    expect(chat.questions).not_to_be_in_viewport()
    if not stays:
        scroller(chat).evaluate("element => { element.scrollTop = 60 }")
        expect(scroller(chat)).to_have_js_property("scrollTop", 60)
    turn.goes_on.set()
    chat.answered()
    at_rest(chat.cards)
    assert scroller(chat).evaluate(AT_THE_END) is stays
    if not stays:
        expect(scroller(chat)).to_have_js_property("scrollTop", 60)


def test_the_next_question_comes_to_the_top_wherever_the_visitor_was(address: str, visit: Open):
    chat = visit(address, PHONE)
    chat.ask(QUESTION)
    scroller(chat).evaluate("element => { element.scrollTop = 0 }")
    chat.ask("and again?", 2)
    expect(chat.questions.last).to_be_in_viewport(ratio=1)
    below = "element => element.getBoundingClientRect().top - element.closest('[role=log]').getBoundingClientRect().top"
    hold(lambda: 0 <= chat.questions.last.evaluate(below) < 40)
