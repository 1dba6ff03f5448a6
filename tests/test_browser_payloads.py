"""A hundred texts that try to break out, typed as questions and returned by a model, on a page without any policy."""

import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import pytest
import uvicorn
from playwright.sync_api import Browser

from assistant.agent import LONGEST_MESSAGE, Event, Token, ToolFinished, ToolStarted
from assistant.behind import Behind
from assistant.feedback import Feedback
from assistant.model_record import ModelRecord
from assistant.transcript import Reply, asked, conversation, defused, from_page
from assistant.ui import chat_app
from forecaster.errors import ConfigurationError
from tests.browser import Visit, chromium, visits
from tests.fakes import FakeBackend
from tests.payloads import PAYLOADS
from tools.track_record import TrackRecordAnswer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

TYPED = 1800  # characters of a question
ANSWER = "answer with everything"


class Echo:
    """A model that returns every payload, and a tool that does; or what it was asked."""

    async def __call__(self, said: Sequence[Mapping[str, str]], /, *, site: str = "") -> AsyncIterator[Event]:
        question = said[-1]["content"]
        if question != ANSWER:
            yield Token(question)
            return
        for number, payload in enumerate(PAYLOADS[:5]):
            yield ToolStarted(str(number), payload, {"symbol": payload})
            yield ToolFinished(str(number), payload, True, f"```\n{payload}", 0.01, None)
        for payload in PAYLOADS:
            yield Token(f"{payload}\n\n")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    backend = FakeBackend()

    async def record() -> ModelRecord:
        return ModelRecord(await backend.report())

    async def outcomes(symbol: str) -> TrackRecordAnswer:
        raise ConfigurationError("There is no ledger.", "None is needed here.")

    feedback = Feedback(tmp_path_factory.mktemp("liked") / "feedback.jsonl")
    app = chat_app(Behind(Echo(), backend.price, record, outcomes, feedback))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def questions() -> list[str]:
    """Every payload in as few questions as they fit into."""
    found = [""]
    for payload in PAYLOADS:
        if len(found[-1]) + len(payload) > TYPED:
            found.append("")
        found[-1] += f"{payload}\n\n"
    return found


def unharmed(chat: Visit) -> None:
    """No script ran, nothing that the payloads name is an element, nothing was asked of anybody else."""
    page = chat.page
    assert page.evaluate("window.pwned") is None
    inside = "#chat :is(script, iframe, object, embed, form, base, meta, math, video, audio, [onerror], [onload])"
    assert page.locator(inside).count() == 0
    links = page.locator("#chat a[href]").evaluate_all("all => all.map(each => each.href)")
    assert [link for link in links if not link.startswith(("http:", "https:"))] == []
    assert page.locator("#chat .md img").count() == 0
    assert chat.foreign() == []


def test_no_payload_runs_or_loads_anything_typed_or_answered(browser: Browser, address: str):
    with visits(browser) as visit:
        chat = visit(address)
        for number, question in enumerate(questions(), start=1):
            assert len(question) <= LONGEST_MESSAGE
            chat.page.locator("#box textarea").fill(question)
            chat.page.keyboard.press("Enter")
            chat.answered(number)
            unharmed(chat)
        chat.ask(ANSWER)
        chat.answered(number + 1)
        assert "</marquee" not in chat.reply() and "<svg/onload=" in chat.reply()  # as text
        unharmed(chat)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_shown_as_text_and_heard_as_it_was(payload: str):
    reply = Reply()
    reply.add(Token(payload))
    (shown,) = reply.messages()
    for message in (shown, asked(payload)):
        assert not any(mark in message["content"] for mark in ("<", "![", "```mermaid"))
    sent_back = [{"role": "user", "content": [{"type": "text", "text": asked(payload)["content"]}]}]
    assert conversation(from_page(sent_back)) == [{"role": "user", "content": payload.strip()}]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_as_a_tools_name_or_argument_is_text(payload: str):
    reply = Reply()
    reply.add(ToolStarted("1", payload, {"symbol": payload}))
    reply.add(ToolFinished("1", payload, False, payload, 0.1, None))
    (step,) = reply.messages()
    title = step["metadata"]["title"]
    assert "<" not in title and "![" not in title
    assert step["content"].count("```") == 2  # nothing gets out of the block of code
    assert defused(payload) in title or len(payload) > 40
