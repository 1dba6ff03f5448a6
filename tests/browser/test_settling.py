"""Cards that settle: what the price closed at, once the time that a forecast is for has passed."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import pytest
from playwright.sync_api import Route, expect

from assistant.agent import Event, Token, ToolFinished, ToolStarted
from assistant.understanding.frame import Language
from tests.support.browser.chromium import Visit, answered, hold, opened, pause
from tests.support.browser.fixtures import Open
from tests.support.browser.page_alone import page_alone
from tests.support.fakes import LAST_CLOSE, FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

NOON_AND_AN_HOUR = "2026-03-19T13:00:00Z"
TELL = "([name, detail]) => document.dispatchEvent(new CustomEvent(`cryptosense:${name}`, { detail }))"


class GermanTurn:
    """Forecasts and answers in German; further ahead than an hour, if the question names the hours."""

    def __init__(self) -> None:
        backend = FakeBackend(longest=24)
        self.tools = {bound.tool.name: bound for bound in bind_tools(backend, KNOWLEDGE)}

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        args = {"symbol": "BTC-USD", "hours": int((re.findall(r"\d+", said[-1]["content"]) or ["1"])[0])}
        yield ToolStarted("1", "forecast", args, Language.GERMAN)
        result = await self.tools["forecast"].call(args)
        yield ToolFinished("1", "forecast", result.ok, result.text, 0.01, result.data, Language.GERMAN)
        yield Token("So ist es.")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_alone(GermanTurn(), tmp_path_factory.mktemp("liked") / "feedback.jsonl") as address:
        yield address


class Service:
    """The part of the service that knows what became of forecasts."""

    def __init__(self, **outcome: object) -> None:
        self.outcomes = [outcome] if outcome else []
        self.candles: list[dict[str, object]] = []
        self.asked: list[str] = []
        self.status = 200

    def forecasts(self, route: Route) -> None:
        if "/ranges" in route.request.url:  # the chart's
            return route.fallback()
        self.asked.append(route.request.url)
        self._answer(route, {"forecast": {}, "outcomes": self.outcomes})

    def spans(self, route: Route) -> None:
        if "step=" in route.request.url:  # the chart's
            return route.fallback()
        self.asked.append(route.request.url)
        self._answer(route, {"source": "bitstamp", "candles": self.candles})

    def _answer(self, route: Route, body: object) -> None:
        route.fulfill(status=self.status, body=json.dumps(body), content_type="application/json")


def half_past_twelve(visit: Open, address: str, service: Service) -> Visit:
    """A page in Berlin that was opened then (UTC), with a clock that goes on and can be put forward."""
    chat = visit(address, timezone_id="Europe/Berlin")
    chat.page.clock.install(time="2026-03-19T12:30:00Z")
    chat.page.route("**/v1/forecasts/*", service.forecasts)
    chat.page.route("**/v1/candles?*", service.spans)
    chat.page.reload()
    opened(chat.page)
    return chat


def asked(chat: Visit, service: Service, times: int) -> None:
    """Wait until the page has asked so often, in all, and has had its answers."""
    hold(lambda: pause(chat.page, 20) is None and len(service.asked) >= times)
    for _ in range(2):  # there and back, and what the page makes of it
        chat.page.evaluate("() => fetch('favicon.ico').catch(() => null).then(() => null)")


def event(actual: float, target: str = NOON_AND_AN_HOUR, **other: object) -> list[object]:
    told = {"id": "fc_test", "symbol": "BTC-USD", "source": "bitstamp"} | other
    return ["settled", told | {"outcomes": [{"target_time": target, "actual": actual}]}]


def test_a_card_settles_in_its_language_when_the_stream_tells_the_outcome(address: str, visit: Open):
    service = Service()
    chat = half_past_twelve(visit, address, service)
    chat.ask("btc in 1 hour")
    settled = chat.cards.locator(".settled")
    expect(chat.cards.locator("header")).to_contain_text("um 14:00 CET")
    expect(settled).to_be_hidden()
    for other in (event(1.0, symbol="ETH-USD"), event(1.0, source="kraken"), event(1.0, "2026-03-19T12:15:00Z")):
        chat.page.evaluate(TELL, other)
    expect(settled).to_be_hidden()
    chat.page.evaluate(TELL, event(LAST_CLOSE))
    expect(settled).to_have_text("Schluss bei 69.930,25\u00a0$, im 80-%-Bereich.")
    chat.ask("and in 2 hours?", 2)
    expect(settled.first).to_be_visible()
    expect(settled.last).to_be_hidden()
    chat.page.evaluate(TELL, event(1234567.5, "2026-03-19T14:00:00Z"))
    expect(settled.last).to_have_text("Schluss bei 1.234.567,50\u00a0$, außerhalb des 80-%-Bereichs.")
    assert service.asked == []


def test_the_candle_that_closes_at_its_time_settles_a_card_too(address: str, visit: Open):
    chat = half_past_twelve(visit, address, Service())
    chat.ask("btc in 1 hour")
    candle = {"symbol": "BTC-USD", "source": "bitstamp", "step_minutes": 5, "close": LAST_CLOSE}
    chat.page.evaluate(TELL, ["candle", candle | {"open_time": "2026-03-19T12:50:00Z"}])
    expect(chat.cards.locator(".settled")).to_be_hidden()
    chat.page.evaluate(TELL, ["candle", candle | {"open_time": "2026-03-19T12:55:00Z"}])
    expect(chat.cards.locator(".settled")).to_have_text("Schluss bei 69.930,25\u00a0$, im 80-%-Bereich.")


def test_a_restored_card_whose_time_has_passed_asks_once(address: str, visit: Open):
    service = Service(target_time=NOON_AND_AN_HOUR, actual=60_000.0)
    chat = half_past_twelve(visit, address, service)
    chat.ask("btc in 1 hour")
    chat.page.goto("about:blank")  # or the page that is left might ask too, if it is slow to go
    chat.page.clock.set_system_time("2026-03-20T08:00:00Z")
    chat.page.goto(address)
    answered(chat.page.locator("body"))
    expect(chat.cards.locator(".settled")).to_have_text("Schluss bei 60.000,00\u00a0$, außerhalb des 80-%-Bereichs.")
    chat.page.clock.fast_forward("05:00")
    assert [url.partition("/v1/")[2] for url in service.asked] == ["forecasts/fc_test"]


def test_a_page_that_hears_nothing_asks_again_until_the_close_of_the_hour_is_known(address: str, visit: Open):
    service = Service()
    chat = half_past_twelve(visit, address, service)
    chat.ask("btc in 1 hour")
    chat.page.clock.fast_forward("31:30")
    asked(chat, service, 2)  # for the outcome and for the candle
    chat.page.clock.fast_forward("10:00")
    asked(chat, service, 4)
    expect(chat.cards.locator(".settled")).to_be_hidden()
    service.candles = [{"open_time": "2026-03-19T12:00:00Z", "close": LAST_CLOSE}]
    chat.page.clock.fast_forward("01:00:00")
    expect(chat.cards.locator(".settled")).to_have_text("Schluss bei 69.930,25\u00a0$, im 80-%-Bereich.")
    assert len(service.asked) <= 6


def test_a_time_whose_close_nobody_has_is_over_in_the_end(address: str, visit: Open):
    service = Service()
    chat = half_past_twelve(visit, address, service)
    chat.ask("btc in 1 hour")
    chat.page.clock.fast_forward("02:00:00")
    expect(chat.cards.locator(".settled")).to_have_text("Diese Zeit ist vorüber; ihr Schlusskurs liegt nicht vor.")
    chat.page.clock.fast_forward("10:00")
    asked(chat, service, 2)
    assert len(service.asked) == 2


def test_a_service_that_does_not_answer_is_asked_a_few_times_and_nothing_is_made_up(address: str, visit: Open):
    service = Service()
    service.status = 503
    chat = half_past_twelve(visit, address, service)
    chat.ask("btc in 1 hour")
    for times in (1, 2, 3, 3, 3, 3):
        chat.page.clock.fast_forward("01:00:00")
        asked(chat, service, times)
        expect(chat.cards.locator(".settled")).to_be_hidden()
    hold(lambda: pause(chat.page, 20) is None and len(chat.complaints) == 3)  # the browser names each of them
    assert len(service.asked) == 3
    chat.complaints.clear()
