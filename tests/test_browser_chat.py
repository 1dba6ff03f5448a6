"""The chat in a real browser: through the whole product, and on a scripted turn for what only a slow one shows."""

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser

from assistant.agent import Event, Token, ToolStarted
from assistant.behind import Behind
from assistant.feedback import Feedback
from assistant.model_record import ModelRecord
from assistant.transcript import STOPPED
from assistant.ui import chat_app
from assistant.view import suggestions_for
from forecaster.data.source import Snapshot
from forecaster.errors import ConfigurationError
from forecaster.predictor import Predictor
from forecaster.schema import SYMBOLS
from tests.browser import DESKTOP, PHONE, Visit, chromium, product, visits
from tests.fakes import NOON, FakeBackend, candles_ending
from tools.track_record import TrackRecordAnswer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

Open = Callable[..., Visit]
QUESTION = "what's BTC next hour?"
SUGGESTIONS = suggestions_for("BTC-USD")
PATIENCE = 60  # seconds until a turn that was stopped has ended


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with product(tmp_path_factory.mktemp("product"), candles_ending(), NOON + 240) as address:
        yield address


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    with visits(browser) as visit:
        yield visit


def test_the_question_gets_price_band_and_picture(served: str, visit: Open, shipped: Predictor):
    btc, eth = (Snapshot(symbol, "bitstamp", "USD", candles_ending(), NOON) for symbol in SYMBOLS)
    band = shipped.forecast(btc, 1, eth).horizons[0].quantiles
    chat = visit(served)
    chat.ask(QUESTION)
    reply = chat.reply()
    low, high = re.search(r"\n\$([\d,]+)\s+to\s+\$([\d,]+)\s", reply).groups()
    assert (low, high) == (f"{band['0.10']:,.0f}", f"{band['0.90']:,.0f}")
    assert "last close $69,930.25" in reply
    assert "closes 19 Mar 13:00 UTC" in reply
    assert chat.page.locator(".forecast-card .bar i").count() == 3
    picture = chat.page.locator(".forecast-card img")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    assert picture.bounding_box() == chat.page.locator(".forecast-card .plot").bounding_box()  # or gridlines would lie


def test_the_header_shows_the_price_and_its_age(served: str, visit: Open):
    assert (
        visit(served)
        .page.locator("#ticker")
        .inner_text()
        .replace("\u00a0", " ")
        .split("\n")[0]
        .startswith("BTC $69,930.25")
    )


def test_a_step_can_be_opened_and_closed(served: str, visit: Open):
    chat = visit(served)
    chat.ask(QUESTION)
    step, result = chat.page.locator(".thought-group .title"), chat.page.locator(".thought-group code")
    assert step.inner_text().startswith("Forecast: BTC-USD, 1 h")
    result.wait_for(state="hidden")
    step.click()
    result.wait_for(state="visible")
    assert '"last_close": 69930.25' in result.inner_text()
    step.click()
    result.wait_for(state="hidden")


def test_shift_and_enter_make_a_new_line_and_enter_sends(served: str, visit: Open):
    chat = visit(served)
    chat.type("Is the model")
    chat.page.keyboard.press("Shift+Enter")
    chat.type("any good?")
    assert chat.page.locator("#box textarea").input_value() == "Is the model\nany good?"
    assert chat.page.locator(".user-row").count() == 0
    chat.page.keyboard.press("Enter")
    chat.answered()
    assert chat.page.locator("#box textarea").input_value() == ""
    assert chat.page.locator(".user-row").inner_text().split() == ["Is", "the", "model", "any", "good?"]
    assert "no change" in chat.reply()


def test_a_suggestion_is_asked_with_a_click_or_by_keyboard(served: str, visit: Open):
    chat = visit(served)
    chat.page.get_by_role("button", name=SUGGESTIONS[1]).click()
    chat.answered()
    chat.page.locator("#box textarea").focus()
    chat.page.keyboard.press("Shift+Tab")
    chat.page.keyboard.press("Enter")
    chat.answered(2)
    asked = chat.page.locator(".user-row").all_inner_texts()
    assert [text.strip() for text in asked] == [SUGGESTIONS[1], SUGGESTIONS[3]]


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_page_follows_the_systems_light_or_dark(served: str, visit: Open, scheme: str, dark: bool):
    chat = visit(served, color_scheme=scheme)
    chat.ask(QUESTION)
    for name in ("body", ".forecast-card", "#top", "#box"):
        assert (_brightness(chat, name, "background-color") < 60) is dark, name
    for name in (".forecast-card .range b", ".forecast-card dd", "#name h1", "#box textarea"):
        assert (_brightness(chat, name, "color") > 195) is dark, name


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
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= width
    widest = chat.page.locator("#chat .bubble-wrap").evaluate("element => element.scrollWidth - element.clientWidth")
    assert widest == 0
    sizes = chat.page.locator(".forecast-card :is(span, dt, figcaption)").evaluate_all(
        "all => all.map(element => parseFloat(getComputedStyle(element).fontSize))"
    )
    assert min(sizes) >= 12
    assert chat.page.locator(".forecast-card img").bounding_box() == (
        chat.page.locator(".forecast-card .plot").bounding_box()
    )


def test_a_follow_up_is_understood(served: str, visit: Open):
    chat = visit(served)
    chat.ask(QUESTION)
    chat.type("and in 6 hours?")
    chat.page.keyboard.press("Enter")
    chat.answered(2)
    card = chat.page.locator(".forecast-card").last.inner_text().replace("\u00a0", " ")
    assert card.startswith("BTC-USD in 6 hours")
    assert chat.page.locator(".forecast-card").count() == 2


def test_a_long_reply_is_read_from_its_top(served: str, visit: Open):
    chat = visit(served, PHONE)
    chat.ask(QUESTION)
    question = chat.page.locator(".user-row").bounding_box()
    scroller = chat.page.locator("#chat .bubble-wrap").bounding_box()
    assert 0 <= question["y"] - scroller["y"] < 40


class SlowTurn:
    """Takes a step that does not end by itself."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    async def __call__(self, said: Sequence[Mapping[str, str]], /, *, site: str = "") -> AsyncIterator[Event]:
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
def scripted(browser: Browser, slow: SlowTurn, feedback: Path) -> Iterator[str]:
    """Address of the page alone, over a scripted turn."""
    backend = FakeBackend()

    async def record() -> ModelRecord:
        return ModelRecord(await backend.report())

    async def outcomes(symbol: str) -> TrackRecordAnswer:
        raise ConfigurationError("There is no ledger.", "None is needed here.")

    app = chat_app(Behind(slow, backend.price, record, outcomes, Feedback(feedback)))
    config = uvicorn.Config(app, port=0, log_config=None, ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_the_stop_button_ends_the_turn_and_keeps_what_was_typed_meanwhile(scripted: str, slow: SlowTurn, visit: Open):
    chat = visit(scripted)
    chat.type("slow, please")
    chat.page.keyboard.press("Enter")
    chat.page.locator(".thought-group").wait_for()
    chat.type("next")
    chat.page.keyboard.press("Enter")  # not now: a turn is running
    chat.page.get_by_test_id("stop-button").click()
    chat.answered()
    assert slow.ended.wait(PATIENCE)
    chat.page.get_by_text(STOPPED).wait_for()
    assert chat.page.locator(".loading-spinner").count() == 0
    assert chat.page.locator("#box textarea").input_value() == "next"
    chat.page.locator("#box textarea").press("Enter")
    chat.answered(2)


def test_a_reply_can_neither_draw_html_nor_load_pictures(scripted: str, visit: Open):
    chat = visit(scripted, DESKTOP)
    chat.ask("and?")
    assert "<b>bold?</b>" in chat.reply()
    assert chat.page.locator(".bot-row img, .bot-row b").count() == 0


def test_what_a_visitor_likes_is_kept_with_the_question(scripted: str, visit: Open, feedback: Path):
    chat = visit(scripted)
    chat.ask("and?")
    with chat.page.expect_response(lambda answer: "run/predict" in answer.url):
        chat.page.get_by_role("button", name="Like", exact=True).locator("visible=true").click()
    (line,) = feedback.read_text(encoding="utf-8").splitlines()
    kept = json.loads(line)
    assert (kept["liked"], kept["question"]) == (True, "and?")
    assert kept["answer"].startswith("![x]")
