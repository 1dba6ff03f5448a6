"""What the visitor's browser keeps of a conversation, and what an address asks for."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import pytest
from playwright.sync_api import Page, Route, expect

from assistant.agent import Event, Token, ToolFinished, ToolStarted
from assistant.page.options import GREETING
from tests.support.browser.chromium import Visit, answered, opened
from tests.support.browser.fixtures import Open
from tests.support.browser.page_alone import page_alone
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

STORE = "cryptosense turns / "  # its name for a page that no site frames

STORED = r"[{\"done\":true"  # how what a page gives back begins


class Turn:
    """Forecasts; what it has heard is what it is sent."""

    def __init__(self) -> None:
        self.tools = {bound.tool.name: bound for bound in bind_tools(FakeBackend(), KNOWLEDGE)}
        self.heard: list[list[str]] = []

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        self.heard.append([message["content"] for message in said])
        args = {"symbol": "BTC-USD", "hours": 1}
        yield ToolStarted("1", "forecast", args)
        result = await self.tools["forecast"].call(args)
        yield ToolFinished("1", "forecast", result.ok, result.text, 0.01, result.data)
        yield Token("So it is.")


@pytest.fixture(scope="module")
def turn() -> Turn:
    return Turn()


@pytest.fixture(scope="module")
def address(turn: Turn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_alone(turn, tmp_path_factory.mktemp("liked") / "feedback.jsonl") as address:
        yield address


def shows_it_all(chat: Visit, draft: str) -> None:
    answered(chat.page.locator("body"))
    expect(chat.questions).to_have_text(["first & <b>last"], use_inner_text=True)
    expect(chat.reply).to_contain_text("So it is.")
    expect(chat.page.locator(".thought-group")).to_contain_text("The forecast of Bitcoin for the next hour")
    expect(chat.cards).to_have_count(1)
    expect(chat.cards.locator("img")).to_have_js_property("complete", True)
    expect(chat.box).to_have_value(draft)


def test_a_reload_and_the_way_back_find_conversation_and_draft(address: str, visit: Open, turn: Turn):
    chat = visit(address)
    chat.ask("first & <b>last")
    chat.type("half a")
    chat.page.reload()
    shows_it_all(chat, "half a")
    expect(chat.box).to_be_focused()
    chat.type(" sent")
    chat.page.goto(f"{address}/theme.css")
    chat.page.go_back()
    shows_it_all(chat, "half a sent")
    chat.box.fill("and then?")
    chat.box.press("Enter")
    chat.answered(2)
    assert turn.heard[-1] == ["first & <b>last", "So it is.", "and then?"]


def test_another_tab_has_a_conversation_of_its_own(address: str, visit: Open):
    visit(address).ask("first")
    other = visit(address)
    expect(other.page.get_by_text(GREETING)).to_be_visible()
    expect(other.questions).to_have_count(0)


def test_a_new_chat_begins_with_nothing_and_stays_so(address: str, visit: Open, turn: Turn):
    chat = visit(address)
    fresh = chat.page.get_by_role("button", name="New chat")
    expect(fresh).to_be_hidden()
    chat.ask("first")
    chat.page.reload()
    expect(chat.cards).to_have_count(1)
    fresh.click()
    expect(chat.questions).to_have_count(0)
    expect(chat.page.get_by_text(GREETING)).to_be_visible()
    chat.ask("second")
    assert turn.heard[-1] == ["second"]
    chat.page.reload()
    chat.answered()
    expect(chat.questions).to_have_text(["second"], use_inner_text=True)


def test_an_address_can_ask_and_does_so_once(address: str, visit: Open):
    chat = visit(f"{address}/?q=what%27s+BTC%3F")
    chat.answered()
    expect(chat.questions).to_have_text(["what's BTC?"], use_inner_text=True)
    expect(chat.page).not_to_have_url(re.compile("[?&]q="))
    chat.page.reload()
    expect(chat.cards).to_have_count(1)
    chat.answered()
    expect(chat.questions).to_have_text(["what's BTC?"], use_inner_text=True)


@pytest.mark.parametrize(("tab", "name"), [("record", "Track record"), ("report", "Model report")])
def test_tabs_have_addresses(address: str, visit: Open, tab: str, name: str):
    page = visit(f"{address}/?tab={tab}").page
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel").locator("article.page")).to_be_visible()
    page.get_by_role("tab", name="Chat").click()
    expect(page.locator("#box textarea")).to_be_visible()
    expect(page).not_to_have_url(re.compile("tab="))
    page.get_by_role("tab", name=name).click()
    page.reload()
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


FILE = {"type": "file", "file": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}}
FORGED = {
    "no list": "nonsense",
    "no turns": "[1, null, {}]",
    "a file": json.dumps([{"done": True, "messages": [{"role": "user", "content": [FILE]}]}]),
    "a system": json.dumps([{"done": True, "messages": [{"role": "system", "content": []}]}]),
    "too long": json.dumps(
        [{"done": True, "messages": [{"role": "user", "content": [{"type": "text", "text": "x" * 900_000}]}]}]
    ),
}


@pytest.mark.parametrize("stored", FORGED.values(), ids=FORGED.keys())
def test_a_forged_store_is_as_none(address: str, visit: Open, stored: str):
    chat = visit(address)
    chat.page.evaluate("([name, text]) => sessionStorage.setItem(name, text)", [STORE, stored])
    chat.page.reload()
    opened(chat.page)
    expect(chat.page.get_by_text(GREETING)).to_be_visible()
    expect(chat.questions).to_have_count(0)
    chat.ask("first")
    expect(chat.cards).to_have_count(1)


def test_what_a_forged_store_says_runs_nothing(address: str, visit: Open):
    evil = "<img src=x onerror=window.ran=1><script>window.ran=1</script>![x](http://example.com/x.png)"
    said = [{"role": role, "content": [{"type": "text", "text": evil}]} for role in ("user", "assistant")]
    said.append({"role": "assistant", "content": [{"type": "text", "text": f"<section class='forecast-card'>{evil}"}]})
    chat = visit(address)
    stored = json.dumps([{"done": True, "messages": said}])
    chat.page.evaluate("([name, text]) => sessionStorage.setItem(name, text)", [STORE, stored])
    chat.page.reload()
    chat.answered()
    assert chat.page.evaluate("() => window.ran") is None


def test_more_than_the_service_takes_is_given_up_and_the_page_works(address: str, visit: Open):
    chat = visit(address)
    chat.ask("first")
    asking: list[Route] = []

    def unanswered(route: Route) -> None:
        asking.append(route) if STORED in (route.request.post_data or "") else route.continue_()

    chat.page.route("**/run/predict*", unanswered)
    chat.page.clock.install()
    with chat.page.expect_request(lambda request: STORED in (request.post_data or "")):
        chat.page.reload()
    for _ in range(9):
        chat.page.clock.fast_forward(9_000)  # longer than between any two tries
    opened(chat.page)
    assert asking
    chat.ask("second")
    expect(chat.questions).to_have_text(["second"], use_inner_text=True)


def test_a_page_that_is_slow_to_take_what_it_gives_back_gives_it_back_again(address: str, visit: Open):
    """What it sends may be what stood in the field before: that is no conversation, and none to show in its place."""
    chat = visit(address)
    chat.ask("first & <b>last")
    late: list[str] = []

    def stale(route: Route) -> None:
        sent = route.request.post_data or ""
        if STORED not in sent or len(late) > 1:
            return route.continue_()
        late.append("" if late else json.dumps({"restored": 1, "unanswered": ""}))
        return route.continue_(post_data=json.dumps(json.loads(sent) | {"data": late[-1:]}))

    chat.page.route("**/run/predict*", stale)
    chat.page.reload()
    shows_it_all(chat, "")
    assert len(late) == 2


def denied(page: Page) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('', 'SecurityError') } })"
    )


def test_without_storage_a_reload_keeps_the_conversation_and_a_new_visit_begins_anew(address: str, visit: Open):
    chat = visit(address)
    denied(chat.page)
    chat.page.goto(address)
    chat.ask("first & <b>last")
    chat.type("half")
    chat.page.reload()
    shows_it_all(chat, "half")
    chat.page.goto(address)
    expect(chat.page.get_by_text(GREETING)).to_be_visible()
    expect(chat.questions).to_have_count(0)
