"""The chat page as its server offers it: handlers, addresses, and whole turns through Gradio's queue."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.agent import Event, Token, ToolFinished, ToolStarted
from assistant.page.app import SESSIONS, chat_app
from assistant.page.feedback import Feedback
from assistant.page.options import GREETING, suggestions_for
from assistant.page.services import Behind
from assistant.page.tabs.model_record import ModelRecord
from assistant.page.transcript import TROUBLE
from forecaster.errors import (
    ArtifactError,
    BackendError,
    ConfigurationError,
    DatabaseError,
    DataFileError,
    ExchangeError,
    NoCandles,
    NoRecord,
    UnsupportedHorizon,
    UnsupportedSymbol,
)
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.live_record import live_record
from tools.registry import bind_tools

SUGGESTIONS = suggestions_for("BTC-USD")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas


class ScriptedTurn:
    """A turn that repeats the question; it forecasts, or fails, where the question has that word."""

    def __init__(self, backend: FakeBackend) -> None:
        self.tools = {bound.tool.name: bound for bound in bind_tools(backend, KNOWLEDGE)}
        self.heard: list[list[Mapping[str, str]]] = []
        self.sites: list[str] = []

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        self.heard.append(list(said))
        self.sites.append(site)
        question = said[-1]["content"]
        if "forecast" in question:
            args = {"symbol": "BTC-USD", "hours": 1}
            yield ToolStarted("1", "forecast", args)
            result = await self.tools["forecast"].call(args)
            yield ToolFinished("1", "forecast", result.ok, result.text, 0.01, result.data)
        if "fail" in question:
            raise RuntimeError("secret-token-123")
        yield Token(f"You asked: {question}")


class Page:
    """Asks as the page's script does: through the queue, with the messages on the page."""

    def __init__(self, client: httpx.AsyncClient, config: dict[str, Any]) -> None:
        self.client, self.config = client, config
        self.sessions: Mapping[str, Any] = {}  # what Gradio keeps of visitors
        self.messages = self.part("chat")["value"]
        self.told = ""  # for the browser to keep
        self.suggested: list[Any] = []  # buttons, after a turn

    def part(self, name: str) -> dict[str, Any]:
        return next(part["props"] for part in self.config["components"] if part["props"].get("elem_id") == name)

    def handler(self, event: str, *targets: str) -> dict[str, Any]:
        """Of an event; of the parts with those names, where several have it."""
        wanted = {part["id"] for part in self.config["components"] if part["props"].get("elem_id") in targets}
        for each in self.config["dependencies"]:
            if event in {name for _, name in each["targets"]} and wanted <= {part for part, _ in each["targets"]}:
                return each
        raise AssertionError(f"nothing handles {event}")

    async def call(
        self, handler: dict[str, Any], *data: Any, event_data: Any = None, query: str = "", session: str = "one"
    ) -> list[Any]:
        """What a handler that waits in no queue answers to a visitor whose address has that query."""
        event = {"data": list(data), "event_data": event_data, "fn_index": handler["id"], "session_hash": session}
        headers = {"referer": f"http://testserver/?{query}"}
        answer = await self.client.post(f"/gradio_api/run/predict?{query}", json=event, headers=headers)
        answer.raise_for_status()
        return answer.json()["data"]

    async def ask(
        self, typed: str, *, session: str = "one", suggestion: int | None = None, query: str = ""
    ) -> list[dict[str, Any]]:
        """The messages on the page after a turn; `suggestion` clicks that one instead of sending what was typed."""
        handler = self.handler("submit")
        submit, *clicks = (part for part, _ in handler["targets"])
        event = {
            "data": [typed, self.messages, *SUGGESTIONS],
            "event_data": None,
            "fn_index": handler["id"],
            "trigger_id": submit if suggestion is None else clicks[suggestion],
            "session_hash": session,
        }
        (await self.client.post(f"/gradio_api/queue/join?{query}", json=event)).raise_for_status()
        stream = await self.client.get("/gradio_api/queue/data", params={"session_hash": session})
        lines = [json.loads(line[6:]) for line in stream.text.splitlines() if line.startswith("data: ")]
        done = next(line for line in lines if line["msg"] == "process_completed")
        assert done["success"], done
        _, shown, told, *self.suggested = done["output"]["data"]
        self.told = told if isinstance(told, str) else ""
        self.messages = shown if isinstance(shown, list) else self.messages
        return self.messages


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return ["".join(part["text"] for part in message["content"]) for message in messages if not message["metadata"]]


@pytest.fixture
def turn(backend: FakeBackend) -> ScriptedTurn:
    return ScriptedTurn(backend)


def behind(turn: ScriptedTurn, backend: FakeBackend, directory: Path) -> Behind:
    """The page's functions, over a backend that tests script."""

    async def record() -> ModelRecord:
        return ModelRecord(await backend.report())

    return Behind(
        turn, backend.price, record, partial(live_record, backend), Feedback(directory / "feedback.jsonl"),
        forecast=backend.forecast,
    )  # fmt: skip


@asynccontextmanager
async def opened(asked: Behind) -> AsyncIterator[Page]:
    app = chat_app(asked, ("https://portfolio.example",))
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=30) as client,
    ):
        page = Page(client, (await client.get("/config")).json())
        gradio = next(route.app for route in app.routes if hasattr(getattr(route, "app", None), "get_blocks"))
        page.sessions = gradio.get_blocks().state_holder.session_data
        yield page


@pytest.fixture
async def page(turn: ScriptedTurn, backend: FakeBackend, tmp_path: Path) -> AsyncIterator[Page]:
    async with opened(behind(turn, backend, tmp_path)) as page:
        yield page


async def test_the_page_greets_suggests_and_disclaims(page):
    assert texts(page.messages) == [GREETING]
    assert GREETING.startswith("Hi! I can answer")
    assert GREETING.endswith("What do you want to know?")
    assert tuple(page.part(f"suggestion-{n}")["value"] for n in range(4)) == SUGGESTIONS
    assert re.sub("<[^>]+>", "", page.part("hint")["value"]) == (
        "Enter to send · Shift+Enter for new line · Educational, not financial advice"
    )
    assert page.part("box")["max_length"] == 2000


async def test_a_turn_shows_the_step_the_reply_and_the_card(page):
    *_, question, step, reply, card = await page.ask("a forecast, please")
    assert [each["value"] for each in page.suggested] == [
        "And in 4 hours?", "How sure are you?", "And ETH?", "How did your BTC calls do?",
    ]  # fmt: skip
    assert texts([question, reply]) == ["a forecast, please", "You asked: a forecast, please"]
    assert step["metadata"]["title"] == "The forecast of Bitcoin for the next hour"
    assert step["metadata"]["status"] == "done"
    assert "forecast-card" in texts([card])[0]


async def test_a_suggestion_is_asked_and_what_was_being_typed_is_not(page, turn):
    await page.ask("half a sent", suggestion=1)
    assert turn.heard == [[{"role": "user", "content": SUGGESTIONS[1]}]]


async def test_a_turn_gets_the_conversation_so_far(page, turn):
    await page.ask("a forecast")
    await page.ask("and <b>now</b>?")
    assert turn.heard[1] == [
        {"role": "user", "content": "a forecast"},
        {"role": "assistant", "content": "You asked: a forecast"},
        {"role": "user", "content": "and <b>now</b>?"},
    ]


async def test_no_conversation_stays_in_the_service(page):
    await page.ask("a forecast")
    await page.call(page.handler("click", "restore"), json.dumps([json.loads(page.told)]))
    assert page.sessions
    async with asyncio.timeout(60):
        while page.sessions:
            await asyncio.sleep(0.05)


async def test_of_many_visitors_who_only_look_few_are_remembered(page):
    for n in range(SESSIONS + 20):
        await page.call(page.handler("load"), session=f"visitor {n}")
    assert len(page.sessions) == SESSIONS


async def test_what_the_browser_has_kept_is_shown_and_the_turn_after_it_knows(page, turn):
    await page.ask("a forecast")
    kept = json.loads(page.told)
    assert (kept["turns"], kept["done"], len(kept["messages"])) == (1, True, 4)
    other = Page(page.client, page.config)
    query = "greeting=Hello"
    shown, answer = await other.call(page.handler("click", "restore"), json.dumps([kept]), query=query)
    assert json.loads(answer) == {"restored": 1, "unanswered": ""}
    assert texts(shown)[:3] == ["Hello", "a forecast", "You asked: a forecast"]
    other.messages = shown
    await other.ask("and now?", session="two")
    assert [message["content"] for message in turn.heard[1]] == ["a forecast", "You asked: a forecast", "and now?"]
    assert json.loads(other.told)["turns"] == 2


async def test_a_new_chat_begins_with_the_greeting(page):
    await page.ask("a forecast")
    shown, answer, *_ = await page.call(page.handler("click", "fresh"))
    assert texts(shown) == [GREETING]
    assert json.loads(answer) == {"turns": 0, "done": True, "messages": []}


async def test_a_page_that_has_lost_its_connection_finds_the_service_again(page):
    answer = await page.client.get("/gradio_api/app_id")
    assert answer.json() == {"app_id": page.config["app_id"]}


async def test_an_empty_message_starts_no_turn(page, turn):
    await page.ask(" \n ")
    assert turn.heard == []


async def test_visitors_do_not_see_each_other(page, turn):
    other = Page(page.client, page.config)
    await asyncio.gather(page.ask("mine"), other.ask("theirs", session="two"))
    assert "theirs" not in str(page.messages)
    assert sorted(len(heard) for heard in turn.heard) == [1, 1]


async def test_a_failing_turn_is_one_friendly_sentence_without_the_reason(page, caplog):
    messages = await page.ask("a forecast, then fail")
    assert texts(messages)[2].endswith(TROUBLE)
    assert "secret-token-123" not in str(messages)
    assert "RuntimeError" not in str(messages)
    assert "secret-token-123" in caplog.text  # where it belongs


def plain(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", "", html.replace("</span><span", "</span> <span")).replace("\u00a0", " ").split())


@pytest.mark.parametrize("failure", [None, NoCandles("BTC-USD", ())])
async def test_the_header_shows_the_prices_or_that_there_is_none(page, backend, failure):
    if failure:
        backend.failure["price"] = failure
    ticking = next(each for each in page.config["dependencies"] if "tick" in {name for _, name in each["targets"]})
    (shown,) = await page.call(ticking)
    if failure:
        assert plain(shown) == "No price at hand right now"
        return
    assert plain(shown).startswith("BTC $69,930.25 +0.42 % 24 h ETH $69,930.25 +0.42 % 24 h SOL ")
    assert plain(shown).endswith(" Bitstamp, just now")


async def test_simulated_prices_are_called_that_in_the_header(turn, tmp_path):
    async with opened(behind(turn, FakeBackend(source="demo"), tmp_path)) as page:
        ticking = next(each for each in page.config["dependencies"] if "tick" in {name for _, name in each["targets"]})
        (shown,) = await page.call(ticking)
        assert plain(shown).endswith("Simulated, not market data")


async def test_the_address_chooses_coin_title_greeting_and_suggestions(page):
    opening = [each for each in page.config["dependencies"] if "load" in {name for _, name in each["targets"]}]
    opened = next(each for each in opening if len(each["outputs"]) == 6)
    query = "embed=1&symbol=ETH-USD&title=%3Cb%3EAsk&greeting=%5Bhi%5D(http%3A%2F%2Fx.example)&suggestions=A%7CB"
    title, chat, *buttons = await page.call(opened, query=query)
    assert title["value"] == "# &#60;b&#62;Ask"
    assert "[" not in str(chat[0]["content"][0]["text"])
    assert [button["visible"] for button in buttons] == [True, True, False, False]
    assert [button["value"] for button in buttons[:2]] == ["A", "B"]


async def test_a_verdict_is_kept_with_its_question(page, tmp_path):
    await page.ask("a forecast, please")
    about = {"index": 2, "value": ["whatever a browser says"], "liked": True}
    await page.call(page.handler("like"), page.messages, event_data=about)
    (line,) = (tmp_path / "feedback.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert (kept["liked"], kept["question"], kept["answer"]) == (
        True, "a forecast, please", "You asked: a forecast, please",
    )  # fmt: skip
    assert set(kept) == {"time", "liked", "question", "answer"}


@pytest.mark.parametrize(
    "forged",
    [None, {}, {"index": 99, "liked": True}, {"index": -1, "liked": True}, {"index": 0, "liked": True}, "x", [1],
     {"index": [2, 0], "liked": True}, {"index": 2, "liked": "yes"}, {"index": 2}, {"index": True, "liked": True}],
)  # fmt: skip
async def test_a_forged_verdict_is_about_nothing(page, tmp_path, forged):
    await page.ask("hi")
    event = {"data": [page.messages], "event_data": forged, "fn_index": page.handler("like")["id"], "session_hash": "o"}
    answer = await page.client.post("/gradio_api/run/predict", json=event)
    assert "Traceback" not in answer.text
    assert not (tmp_path / "feedback.jsonl").exists()


async def test_a_forged_coin_gets_the_usual_one(page, backend):
    await page.call(page.handler("change", "coin"), {"x": 1}, ["x"])
    assert backend.calls[-1] == ("track_record", ("BTC-USD", 1))


async def test_no_handler_is_offered_as_an_endpoint(page):
    assert {handler["api_visibility"] for handler in page.config["dependencies"]} == {"private"}


@pytest.mark.parametrize(
    "address",
    ["upload", "deep_link", "proxy=http://example.com", "file=/etc/passwd", "call/answer", "info", "openapi.json"],
)
async def test_what_gradio_offers_beyond_the_page_is_out_of_reach(page, address):
    for method in ("GET", "POST"):
        answer = await page.client.request(method, f"/gradio_api/{address}")
        assert answer.status_code == 404
        assert answer.text == "Not Found"


async def test_no_other_site_may_read_the_answers(page):
    answer = await page.client.get("/config", headers={"Origin": "https://example.com"})
    assert "access-control-allow-origin" not in answer.headers


async def test_the_page_names_no_foreign_address_to_load_from(page):
    html = (await page.client.get("/")).text
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"([^\"]+)\"", html)
    assert loaded
    assert [address for address in loaded if "//" in address] == []
    assert page.config["analytics_enabled"] is False


async def test_the_turn_learns_which_allowed_site_is_around_the_page(page: Page, turn: ScriptedTurn):
    await page.ask("hi", query="embed=1&site=https%3A%2F%2Fportfolio.example")
    await page.ask("hi", query="embed=1&site=https%3A%2F%2Fother.example")
    await page.ask("hi")
    assert turn.sites == ["https://portfolio.example", "", ""]


ERRORS = (
    NoCandles("BTC-USD", (ExchangeError("kraken", "timed out"),)), BackendError("timed out"), NoRecord(),
    DatabaseError("ledger", "is read-only"), ArtifactError("/srv/m.onnx is gone.", "Set CRYPTOSENSE_MODEL_DIR."),
    DataFileError("/srv/a.csv is no file.", "Run python app.py."), UnsupportedSymbol("XMR-USD", ("BTC-USD",)),
    ConfigurationError("CRYPTOSENSE_X is 3.", "Set it in .env."), UnsupportedHorizon(48, 24),
)  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_no_error_tells_a_visitor_how_this_is_run(page, backend, error):
    backend.failure = dict.fromkeys(("forecast", "price", "report", "track_record"), error)
    shown = str(await page.ask("a forecast, please"))
    ticking = next(each for each in page.config["dependencies"] if "tick" in {name for _, name in each["targets"]})
    shown += str(await page.call(ticking)) + str(await page.call(page.handler("change", "coin"), "BTC-USD", 60))
    shown += str(await page.call(page.handler("select", "tab-report"), ""))
    assert not re.search(r"CRYPTOSENSE_|\.env|python app|/srv/|\w+Error\b|Traceback", shown)


async def test_the_pages_own_sentences_are_in_the_visitors_language(page):
    messages = await page.ask("fail", query="lang=de")
    assert texts(messages)[-1].startswith("Bei mir ist etwas schiefgegangen")
    (shown,) = await page.call(page.handler("change", "coin"), "BTC-USD", 60, query="lang=de")
    assert "Noch hat keine Live-Prognose ein Ergebnis" in shown


async def test_what_goes_on_from_an_answer_gives_way_to_what_the_address_wants_and_to_a_new_chat(page):
    await page.ask("a forecast", query="suggestions=A%7CB")
    assert [each["value"] for each in page.suggested] == ["A", "B", "", ""]
    await page.ask("a forecast", query="lang=de")
    assert page.suggested[0]["value"] == "Und in 4 Stunden?"
    _, _, *buttons = await page.call(page.handler("click", "fresh"), query="lang=de")
    assert buttons[0]["value"] == "Wo steht BTC in einer Stunde?"


async def test_a_verdict_on_a_turn_that_was_broken_off_is_ignored(page, tmp_path):
    await page.ask("a forecast, please")
    for stop in ("Stopped.", "Angehalten."):
        broken = [*page.messages, {"role": "assistant", "content": [{"type": "text", "text": stop}], "metadata": None}]
        await page.call(page.handler("like"), broken, event_data={"index": len(broken) - 1, "liked": False})
    assert not (tmp_path / "feedback.jsonl").exists()
