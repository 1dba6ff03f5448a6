"""The chat in a real browser: through the whole product, and on a scripted turn for what only a slow one shows."""

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Route, expect

from assistant.agent import Event, Token, ToolStarted
from assistant.page.options import suggestions_for
from assistant.page.transcript import STOPPED
from tests.support.browser.chromium import DESKTOP, PHONE, Visit, at_rest, hold
from tests.support.browser.fixtures import Open
from tests.support.browser.page_alone import page_alone
from tests.support.exchanges.fake import MOVED
from tests.support.fakes import LAST_CLOSE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

QUESTION = "what's BTC next hour?"
SUGGESTIONS = suggestions_for("BTC-USD")
PATIENCE = 60  # seconds until a turn that was stopped has ended


def test_the_question_gets_price_band_and_picture(served: str, visit: Open):
    answer = httpx.post(f"{served}/v1/forecast", json={"symbol": "BTC-USD", "hours": 1}, timeout=PATIENCE).json()
    (horizon,) = answer["horizons"]
    low, high = (horizon["quantiles"][level] for level in ("0.10", "0.90"))
    assert low < answer["last_price"] < high
    chat = visit(served)
    chat.ask(QUESTION)
    expect(chat.cards).to_contain_text(f"${low:,.0f} to ${high:,.0f}", use_inner_text=True)
    expect(chat.cards).to_contain_text(f"${answer['last_price']:,.2f}", use_inner_text=True)
    expect(chat.cards).to_contain_text(f"at {horizon['target_time'][11:16]} UTC", use_inner_text=True)
    expect(chat.cards.locator(".bar i")).to_have_count(3)
    assert_picture_fits_its_plot(chat)


def test_times_are_read_and_told_on_the_visitors_clock(served: str, visit: Open):
    chat = visit(served, timezone_id="Asia/Kolkata")
    chat.ask("btc at 11:30 pm")
    expect(chat.page.locator("#chat")).to_contain_text("23:30 IST")
    expect(chat.page).to_have_url(re.compile(r"timezone=Asia%2F(Kolkata|Calcutta)"))


def assert_picture_fits_its_plot(chat: Visit) -> None:
    """Or gridlines would lie."""
    at_rest(chat.cards)
    picture = chat.cards.locator("img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0
    boxes = "card => ['img', '.plot'].map(name => JSON.stringify(card.querySelector(name).getBoundingClientRect()))"
    assert len(set(chat.cards.evaluate(boxes))) == 1


def test_the_header_shows_the_price_and_its_age(served: str, visit: Open):
    ticker = visit(served).page.locator("#ticker")
    expect(ticker).to_contain_text(f"BTC ${MOVED * LAST_CLOSE:,.2f}")
    expect(ticker).to_contain_text(re.compile(r"just now|min\sago"))


def test_a_step_can_be_opened_and_closed(served: str, visit: Open):
    chat = visit(served)
    chat.ask(QUESTION)
    step, result = (
        chat.page.locator(".thought-group .title"),
        chat.page.locator(".thought-group").get_by_text("Source:"),
    )
    expect(step).to_have_text("The forecast of Bitcoin for the next hour", use_inner_text=True)
    expect(result).to_be_hidden()
    step.click()
    expect(result).to_be_visible()
    expect(result).to_contain_text(" UTC on 19 March 2026.")
    step.click()
    expect(result).to_be_hidden()


def test_shift_and_enter_make_a_new_line_and_enter_sends(served: str, visit: Open):
    chat = visit(served)
    chat.type("Is the model")
    chat.box.press("Shift+Enter")
    chat.type("any good?")
    expect(chat.box).to_have_value("Is the model\nany good?")
    expect(chat.questions).to_have_count(0)
    chat.box.press("Enter")
    chat.answered()
    expect(chat.box).to_have_value("")
    expect(chat.questions).to_have_text("Is the model any good?", use_inner_text=True)
    expect(chat.reply).to_contain_text("no change")


def test_a_suggestion_is_asked_with_a_click_or_by_keyboard(served: str, visit: Open):
    chat = visit(served)
    chat.page.get_by_role("button", name=SUGGESTIONS[1]).click()
    chat.answered()
    chat.box.focus()
    chat.page.keyboard.press("Shift+Tab")
    expect(chat.page.get_by_role("button", name=SUGGESTIONS[3])).to_be_focused()
    chat.page.keyboard.press("Enter")
    chat.answered(2)
    expect(chat.questions).to_have_text([SUGGESTIONS[1], SUGGESTIONS[3]], use_inner_text=True)


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_page_follows_the_systems_light_or_dark(served: str, visit: Open, scheme: str, dark: bool):
    chat = visit(served, color_scheme=scheme)
    chat.ask(QUESTION)
    for name in ("body", ".forecast-card", "#top", "#box"):
        hold(lambda name=name: (_brightness(chat, name, "background-color") < 60) is dark)
    for name in (".forecast-card .range b", ".forecast-card dd", "#name h1", "#box textarea"):
        hold(lambda name=name: (_brightness(chat, name, "color") > 195) is dark)


def _brightness(chat: Visit, selector: str, what: str) -> float:
    """0 to 255, of what is behind an element where it has no colour of its own."""
    colour = chat.page.locator(selector).first.evaluate(
        """(element, what) => {
            while (element && getComputedStyle(element)[what] === "rgba(0, 0, 0, 0)") element = element.parentElement;
            return getComputedStyle(element ?? document.body)[what];
        }""",
        what,
    )
    return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3


@pytest.mark.parametrize("width", [390, 320])
def test_nothing_is_wider_than_a_phone(served: str, visit: Open, width: int):
    chat = visit(served, PHONE | {"width": width})
    chat.ask(QUESTION)
    expect(chat.cards).to_have_count(1)
    at_rest(chat.cards)
    assert chat.page.locator("html").evaluate("root => root.scrollWidth") <= width
    widest = chat.page.locator("#chat .bubble-wrap").evaluate("element => element.scrollWidth - element.clientWidth")
    assert widest == 0
    sizes = chat.cards.locator(":is(span, dt, figcaption)").evaluate_all(
        "all => all.map(element => parseFloat(getComputedStyle(element).fontSize))"
    )
    assert min(sizes) >= 12
    assert_picture_fits_its_plot(chat)


def test_a_follow_up_is_understood(served: str, visit: Open):
    chat = visit(served)
    chat.ask(QUESTION)
    chat.ask("and in 6 hours?", 2)
    expect(chat.cards).to_have_count(2)
    expect(chat.cards.last).to_contain_text(re.compile("^BTC-USD at 18:00 UTC"), use_inner_text=True)


def test_a_long_reply_is_read_from_its_top(served: str, visit: Open):
    chat = visit(served, PHONE)
    chat.ask(QUESTION)
    expect(chat.questions).to_be_in_viewport(ratio=1)
    below_the_top = """scroller => scroller.querySelector(".user-row").getBoundingClientRect().top
        - scroller.getBoundingClientRect().top"""
    hold(lambda: 0 <= chat.page.locator("#chat .bubble-wrap").evaluate(below_the_top) < 40)


class SlowTurn:
    """Takes a step that does not end by itself."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        if "slow" not in said[-1]["content"]:
            yield Token("![x](http://example.com/x.png) <img src=http://example.com/y.png> <b>bold?</b>")
            return
        self.ended.clear()
        try:
            yield ToolStarted("1", "forecast", {"symbol": "BTC-USD", "hours": 1})
            await asyncio.sleep(600)
        finally:
            self.ended.set()


@pytest.fixture(scope="module")
def slow() -> SlowTurn:
    return SlowTurn()


@pytest.fixture(scope="module")
def feedback(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("liked") / "feedback.jsonl"


@pytest.fixture(scope="module")
def scripted(slow: SlowTurn, feedback: Path) -> Iterator[str]:
    """Address of the page alone, over a scripted turn."""
    with page_alone(slow, feedback) as address:
        yield address


def test_the_stop_button_ends_the_turn_and_keeps_what_was_typed_meanwhile(scripted: str, slow: SlowTurn, visit: Open):
    chat = visit(scripted)
    chat.type("slow, please")
    chat.box.press("Enter")
    expect(chat.page.locator(".thought-group")).to_be_visible()
    chat.type("next")
    held: list[Route] = []
    chat.page.route("**/cancel*", lambda route: held.append(route))
    stop = chat.page.get_by_test_id("stop-button")
    with chat.page.expect_request("**/cancel*"):
        stop.click()
    expect(stop).to_be_visible()  # until the turn is over, or what is sent next would be lost
    expect(chat.page.get_by_text(STOPPED)).to_have_count(0)
    held[0].continue_()
    chat.answered()
    assert slow.ended.wait(PATIENCE)
    expect(chat.page.locator('#chat [data-testid="bot"]').get_by_text(STOPPED)).to_be_visible()
    expect(chat.page.locator(".loading-spinner")).to_have_count(0)
    expect(chat.box).to_have_value("next")
    chat.box.press("Enter")
    chat.answered(2)


def test_a_reply_can_neither_draw_html_nor_load_pictures(scripted: str, visit: Open):
    chat = visit(scripted, DESKTOP)
    chat.ask("and?")
    expect(chat.reply).to_contain_text("<b>bold?</b>")
    expect(chat.page.locator(".bot-row :is(img, b)")).to_have_count(0)


def test_what_a_visitor_likes_is_kept_with_the_question(scripted: str, visit: Open, feedback: Path):
    chat = visit(scripted)
    chat.ask("and?")
    chat.page.get_by_role("button", name="Like", exact=True).locator("visible=true").click()
    hold(lambda: feedback.exists() and feedback.read_text(encoding="utf-8").endswith("\n"))
    (line,) = feedback.read_text(encoding="utf-8").splitlines()
    kept = json.loads(line)
    assert (kept["liked"], kept["question"]) == (True, "and?")
    assert kept["answer"].startswith("![x]")
