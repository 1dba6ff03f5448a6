"""Alerts of the open page, in a real browser: set in the chat, told once when an imitated market gets there."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import pytest
from playwright.sync_api import Locator, expect

from assistant.agent import Event, build_agent, run_turn
from assistant.offline_model import OfflineModel
from tests.support.browser.chromium import PHONE, Visit, answered, hold, opened
from tests.support.browser.fixtures import Open
from tests.support.browser.page_alone import page_alone
from tests.support.fakes import LAST_CLOSE, FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

TELL = "([name, detail]) => document.dispatchEvent(new CustomEvent(`cryptosense:${name}`, { detail }))"
HEAR = (
    "() => { window.heard = []; document.addEventListener('cryptosense:alert', ({ detail }) => heard.push(detail)); }"
)
HIDE = """() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
NOTIFICATIONS = """
window.notified = [];
window.Notification = class {
    static permission = "default";
    static async requestPermission() { notified.push("asked"); return Notification.permission = "granted"; }
    constructor(text) { notified.push(text); }
};
"""


class Asked:
    """The embedded assistant over a quiet market, asked from a page."""

    def __init__(self) -> None:
        self.agent = build_agent(OfflineModel(), bind_tools(FakeBackend(longest=24), KNOWLEDGE))

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        async for event in run_turn(self.agent, said, site=site, zone=zone, watches=True):
            yield event


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_alone(Asked(), tmp_path_factory.mktemp("liked") / "feedback.jsonl") as address:
        yield address


def at_noon(visit: Open, address: str, question: str, **more: object) -> Visit:
    """A page whose clock stands where the market does, with one alert."""
    chat = visit(address, timezone_id="Europe/Berlin", **more)
    chat.page.clock.install(time="2026-03-19T12:04:00Z")
    chat.page.add_init_script(NOTIFICATIONS)
    chat.page.reload()
    opened(chat.page)
    chat.ask(question)
    chat.page.evaluate(HEAR)
    return chat


def state(chat: Visit) -> Locator:
    return chat.page.locator(".alert-card .state")


def notices(chat: Visit) -> Locator:
    return chat.page.locator("#alerts[role=status] p")


def quote(price: float, time: str = "2026-03-19T12:10:00Z", symbol: str = "BTC-USD") -> list[object]:
    return ["quote", {"symbol": symbol, "price": price, "time": time, "quote": "USD", "warnings": []}]


def test_a_range_that_is_left_is_told_once_and_stays_told(address: str, visit: Open):
    chat = at_noon(visit, address, "tell me when BTC leaves its range")
    expect(chat.page.locator(".alert-card .what")).to_contain_text("Bitcoin outside $69,622.42 to $70,294.02")
    expect(state(chat)).to_contain_text("Watched for while this page is open")
    early, late = "2026-03-19T11:00:00Z", "2026-03-19T13:30:00Z"  # before the alert, and after the forecast's time
    quiet = (quote(LAST_CLOSE), quote(1.0, symbol="ETH-USD"), quote(1.0, early), quote(1.0, late), ["quote", None])
    for each in quiet:
        chat.page.evaluate(TELL, each)
    expect(state(chat)).to_contain_text("Watched for")
    for _ in range(2):
        chat.page.evaluate(TELL, quote(70_300.0))
    expect(notices(chat)).to_have_count(1)
    expect(notices(chat)).to_contain_text("Bitcoin is at $70,294.02 or above.")
    expect(state(chat)).to_have_text(re.compile(r"^Told at 01:\d\d\sPM$"))
    expect(chat.page).to_have_title(re.compile("^\u25cf "))
    told = [{"symbol": "BTC-USD", "notice": "Bitcoin is at $70,294.02 or above."}]
    assert chat.page.evaluate("() => [heard, notified]") == [told, []]
    notices(chat).get_by_role("button").click()
    expect(notices(chat)).to_have_count(0)
    expect(chat.page).not_to_have_title(re.compile("^\u25cf "))
    chat.page.reload()
    answered(chat.page.locator("body"))
    expect(state(chat)).to_contain_text("Told at")
    chat.page.evaluate(TELL, quote(70_300.0))
    expect(notices(chat)).to_have_count(0)


def test_an_alert_survives_a_reload_and_tells_what_a_candle_has_reached(address: str, visit: Open):
    chat = at_noon(visit, address, "sag mir, wenn Bitcoin unter 60000 fällt")
    chat.page.reload()
    answered(chat.page.locator("body"))
    expect(state(chat)).to_contain_text("Wird beobachtet")
    candle = {"symbol": "BTC-USD", "low": 59_999.0, "high": 61_000.0, "close": 60_500.0}
    chat.page.evaluate(TELL, ["candle", candle | {"open_time": "2026-03-19T12:00:00Z"}])  # before the alert
    expect(state(chat)).to_contain_text("Wird beobachtet")
    twice = "card => card.parentElement.append(card.cloneNode(true))"  # as while the chat is drawn anew
    chat.page.locator(".alert-card").evaluate(twice)
    chat.page.evaluate(TELL, ["candle", candle | {"open_time": "2026-03-19T12:05:00Z"}])
    expect(notices(chat)).to_have_count(1)
    expect(notices(chat)).to_contain_text("Bitcoin steht bei 60.000\u00a0$ oder darunter.")


def test_what_is_removed_or_over_is_not_told(address: str, visit: Open):
    chat = at_noon(visit, address, "let me know if btc goes above 75000")
    state(chat).get_by_role("button", name="Remove").click()
    expect(state(chat)).to_have_text("Not watched for any more")
    chat.ask("tell me when BTC leaves its range", 2)
    chat.page.clock.fast_forward("02:00:00")
    expect(state(chat).last).to_have_text("Its time has passed, and nothing was told")
    chat.page.evaluate(TELL, quote(80_000.0))
    expect(notices(chat)).to_have_count(0)


def test_only_a_click_asks_for_notifications_of_the_device(address: str, visit: Open):
    chat = at_noon(visit, address, "ping me if something odd happens with btc")
    assert chat.page.evaluate("() => notified") == []
    state(chat).get_by_role("button", name="Also as a notification").click()
    expect(state(chat).get_by_role("button")).to_have_count(1)  # that removes it
    chat.page.evaluate(TELL, quote(1.0))
    chat.page.evaluate(TELL, ["anomaly", {"symbol": "BTC-USD"}])
    expect(notices(chat)).to_contain_text("Bitcoin made an unusual move.")
    assert chat.page.evaluate("() => notified") == ["asked", "Bitcoin made an unusual move."]


def test_a_hidden_page_goes_on_listening_to_what_it_watches_and_to_nothing_else(address: str, visit: Open):
    chat = at_noon(visit, address, "let me know if eth goes above 75000")
    with chat.page.expect_request(re.compile(r"v1/stream\?symbols=ETH-USD($|&)")):
        chat.page.evaluate(HIDE)


def test_the_notice_fits_a_phone(address: str, visit: Open):
    chat = at_noon(visit, address, "préviens-moi quand le BTC sort de sa fourchette", viewport=PHONE)
    chat.page.evaluate(TELL, quote(1.0))
    expect(notices(chat)).to_be_in_viewport(ratio=1)
    expect(state(chat)).to_contain_text("Signalé à")
    hold(lambda: chat.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"))
