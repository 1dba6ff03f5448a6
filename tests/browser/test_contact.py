"""A lost connection, in a real browser: the page says so, keeps everything, and goes on by itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from assistant.agent import Event, Token
from tests.support.browser.chromium import DESKTOP, PATIENCE, answered, begun, hold, opened
from tests.support.browser.page_alone import page_alone

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

STREAM = "**/gradio_api/queue/data*"


class Turn:
    """Repeats the question; one that has the word "slow" in it is answered from the second time on."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        question = said[-1]["content"]
        self.heard.append(question)
        if "slow" in question and self.heard.count(question) == 1:
            await asyncio.sleep(600)
        yield Token(f"You asked: {question}")


@pytest.fixture
def turn() -> Turn:
    return Turn()


@pytest.fixture
def address(turn: Turn, tmp_path: Path) -> Iterator[str]:
    with page_alone(turn, tmp_path / "feedback.jsonl") as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE)
    yield page
    page.close()


def go(page: Page, address: str) -> None:
    page.goto(address)
    opened(page)


def ask(page: Page, question: str) -> None:
    page.locator("#box textarea").fill(question)
    page.locator("#box textarea").press("Enter")


def test_offline_for_a_moment_the_page_says_so_and_goes_on(page: Page, address: str):
    go(page, address)
    ask(page, "first")
    answered(page.locator("body"))
    page.context.set_offline(True)
    contact = page.get_by_role("status").filter(has_text="You are offline")
    expect(contact).to_be_visible()
    with page.expect_event("requestfailed", lambda failed: "queue/join" in failed.url):
        ask(page, "second")
    expect(page.locator("#box textarea")).to_have_value("second")
    page.context.set_offline(False)
    answered(page.locator("body"), 2)
    expect(contact).to_have_count(0)
    expect(page.locator(".user-row")).to_have_text(["first", "second"], use_inner_text=True)
    expect(page.locator(".bot-row").last).to_contain_text("You asked: second")
    expect(page.get_by_text("Attempting reconnection").locator("visible=true")).to_have_count(0)
    expect(page.locator("#box textarea")).to_have_value("")


LOST = "The connection is lost"


def test_a_question_is_answered_although_the_server_was_restarted_meanwhile(page: Page, turn: Turn, tmp_path: Path):
    with page_alone(turn, tmp_path / "feedback.jsonl") as address:
        go(page, address)
        ask(page, "before")
        answered(page.locator("body"))
        ask(page, "slow, please")
        begun(page)
        hold(lambda: "slow, please" in turn.heard)
        page.locator("#box textarea").fill("half a sent")
    expect(page.get_by_role("status").filter(has_text=LOST)).to_be_visible()
    with page_alone(turn, tmp_path / "feedback.jsonl", urlsplit(address).port or 0):
        answered(page.locator("body"), 2)
        expect(page.locator(".bot-row").last).to_contain_text("You asked: slow, please")
        expect(page.locator(".user-row")).to_have_text(["before", "slow, please"], use_inner_text=True)
        expect(page.locator("#box textarea")).to_have_value("half a sent")
        expect(page.get_by_role("status").filter(has_text=LOST)).to_have_count(0)
    assert turn.heard == ["before", "slow, please", "slow, please"]


def test_what_is_asked_while_the_server_is_away_is_answered_later(page: Page, turn: Turn, tmp_path: Path):
    with page_alone(turn, tmp_path / "feedback.jsonl") as address:
        go(page, address)
        ask(page, "before")
        answered(page.locator("body"))
    ask(page, "after")
    expect(page.locator("#box textarea")).to_have_value("after")
    expect(page.get_by_role("status").filter(has_text=LOST)).to_be_visible()
    expect(page.get_by_role("tab", name="Track record")).to_be_in_viewport(ratio=1)  # nothing lies over it
    with page_alone(turn, tmp_path / "feedback.jsonl", urlsplit(address).port or 0):
        answered(page.locator("body"), 2)
        expect(page.locator(".user-row")).to_have_text(["before", "after"], use_inner_text=True)
        expect(page.get_by_role("status").filter(has_text=LOST)).to_have_count(0)


def test_a_stream_that_a_proxy_ends_in_the_middle_is_noticed(page: Page, address: str, turn: Turn):
    go(page, address)
    cut: list[Route] = []

    def cutting(route: Route) -> None:
        if cut:
            return route.continue_()
        cut.append(route)
        return route.fulfill(status=200, content_type="text/event-stream", body="")

    page.route(STREAM, cutting)
    ask(page, "first")
    expect(page.locator(".bot-row").last).to_contain_text("You asked: first")
    answered(page.locator("body"))
    assert turn.heard[0] == turn.heard[-1] == "first"


def test_after_a_sleep_a_silent_stream_is_given_up(page: Page, address: str):
    page.clock.install()
    go(page, address)
    held: list[Route] = []
    page.route(STREAM, lambda route: route.continue_() if held else held.append(route))
    with page.expect_request(STREAM):
        ask(page, "first")
    page.clock.fast_forward(75_000)
    with page.expect_navigation():
        page.clock.run_for(12_000)
    page.clock.run_for(3_000)
    answered(page.locator("body"))
    expect(page.locator(".bot-row").last).to_contain_text("You asked: first")


def test_a_question_that_was_cut_off_twice_is_left_to_the_visitor(page: Page, address: str, turn: Turn):
    go(page, address)
    ask(page, "slow")
    for _ in range(2):
        expect(page.locator(".user-row")).to_have_text(["slow"], use_inner_text=True)
        begun(page)
        hold(lambda: turn.heard == ["slow"])
        turn.heard.clear()
        page.reload()
    expect(page.locator("#box textarea")).to_have_value("slow")
    expect(page.locator(".user-row")).to_have_count(0)


HIDING = """() => {
    const timer = window.setTimeout;
    Object.defineProperty(document, "visibilityState", { get: () => window.away ? "hidden" : "visible" });
    window.setTimeout = (call, time, ...told) => {
        if (!window.leaves || told[0]?.msg !== "process_generating") return timer(call, time, ...told);
        window.away = true;
        return timer(call, 1000, ...told);
    };
    document.addEventListener("keydown", ({ key }) => { if (key === "Enter") window.leaves = true; }, true);
}"""


def test_a_tab_that_is_hidden_as_its_answer_begins_shows_it_whole(page: Page, address: str, turn: Turn):
    """A browser lets the timers of a hidden tab wait, and what is not taken by a timer then comes first."""
    page.add_init_script(f"({HIDING})()")
    go(page, address)
    ask(page, "first")
    expect(page.locator(".user-row")).to_have_text(["first"], use_inner_text=True)
    expect(page.locator(".bot-row").last).to_contain_text("You asked: first")
    answered(page.locator("body"))
    assert turn.heard == ["first"]
