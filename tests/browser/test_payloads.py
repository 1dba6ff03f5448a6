"""A hundred texts that try to break out, typed as questions and returned by a model, on a page without any policy."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import pytest
from playwright.sync_api import expect

from assistant.agent import LONGEST_MESSAGE, Event, Token, ToolFinished, ToolStarted
from assistant.page.transcript import Reply, asked, conversation, from_page
from tests.support.browser.chromium import Visit
from tests.support.browser.fixtures import Open
from tests.support.browser.page_alone import page_alone
from tests.support.browser.payloads import PAYLOADS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

TYPED = 1800  # characters of a question
ANSWER = "answer with everything"


class Echo:
    """A model that returns every payload, and a tool that does; or what it was asked."""

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
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
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_alone(Echo(), tmp_path_factory.mktemp("liked") / "feedback.jsonl") as address:
        yield address


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
    inside = "#chat :is(script, iframe, object, embed, form, base, meta, math, video, audio, [onerror], [onload])"
    expect(chat.page.locator(inside)).to_have_count(0)
    expect(chat.page.locator("#chat .md img")).to_have_count(0)
    links = chat.page.locator("#chat a[href]").evaluate_all("all => all.map(each => each.href)")
    assert [link for link in links if not link.startswith(("http:", "https:"))] == []
    assert chat.page.evaluate("() => 'pwned' in window") is False
    assert chat.foreign() == []


def test_no_payload_runs_or_loads_anything_typed_or_answered(visit: Open, address: str):
    chat = visit(address)
    for number, question in enumerate(questions(), start=1):
        assert len(question) <= LONGEST_MESSAGE
        chat.box.fill(question)
        chat.box.press("Enter")
        chat.answered(number)
        unharmed(chat)
    chat.ask(ANSWER, number + 1)
    expect(chat.reply).to_contain_text("<svg/onload=")  # as text
    expect(chat.reply).not_to_contain_text("</marquee")
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
    told = step["metadata"]["title"] + step["content"]
    assert told and not any(mark in told for mark in ("<", "![", "```mermaid", "javascript:"))
