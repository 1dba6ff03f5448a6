"""What a visitor can do with an answer, and with a question while another is answered."""

import asyncio
import csv
import io
import json
import struct
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, expect

from assistant.agent import Event, Token, ToolFinished, ToolStarted
from tests.support.browser.chromium import DESKTOP, PHONE, Visit, begun, hold, settles, until
from tests.support.browser.fixtures import Open
from tests.support.browser.page_alone import page_alone
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

NAMES = {  # of the buttons, in their order
    "en": "Copy|Share|Ask again|Edit question|Save as CSV|Save as picture",
    "de": "Kopieren|Teilen|Noch einmal fragen|Frage ändern|Als CSV sichern|Als Bild sichern",
    "es": "Copiar|Compartir|Preguntar otra vez|Editar la pregunta|Guardar como CSV|Guardar como imagen",
    "fr": "Copier|Partager|Redemander|Modifier la question|Enregistrer en CSV|Enregistrer l’image",
    "pt": "Copiar|Partilhar|Perguntar de novo|Editar a pergunta|Guardar como CSV|Guardar como imagem",
    "zh": "复制|分享|重新提问|修改问题|保存为 CSV|保存为图片",
}
TYPED = "what's *BTC* & <b>ETH</b> next hour?"  # with signs that the page would draw


class Turn:
    """Forecasts, or says what it was asked; one with the word "slow" in it goes on when a test says so."""

    def __init__(self) -> None:
        self.tools = {bound.tool.name: bound for bound in bind_tools(FakeBackend(), KNOWLEDGE)}
        self.heard: list[list[str]] = []
        self.goes_on = threading.Event()

    async def __call__(
        self, said: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        asked = [message["content"] for message in said if message["role"] == "user"]
        self.heard.append(asked)
        if "slow" in asked[-1]:
            await asyncio.to_thread(self.goes_on.wait, 600)
        if "next hour" in asked[-1]:
            args = {"symbol": "BTC-USD", "hours": 1}
            yield ToolStarted("1", "forecast", args)
            result = await self.tools["forecast"].call(args)
            yield ToolFinished("1", "forecast", result.ok, result.text, 0.01, result.data)
        yield Token(f"I heard **{len(asked)}** questions.")


@pytest.fixture(scope="module")
def only_turn() -> Turn:
    return Turn()


@pytest.fixture(scope="module")
def address(only_turn: Turn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with page_alone(only_turn, tmp_path_factory.mktemp("liked") / "feedback.jsonl") as address:
        yield address


@pytest.fixture
def turn(only_turn: Turn) -> Iterator[Turn]:
    only_turn.heard.clear()
    only_turn.goes_on.clear()
    yield only_turn
    only_turn.goes_on.set()


def button(chat: Visit, name: str) -> Locator:
    """Of the newest answer that has it."""
    return chat.page.get_by_role("group", name="About this answer").get_by_role("button", name=name, exact=True).last


def copied(chat: Visit) -> str:
    return chat.page.evaluate("() => navigator.clipboard.readText()")


def allowed(chat: Visit) -> Visit:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return listening(chat)


def listening(chat: Visit) -> Visit:
    """Remember what is said for some seconds only, and where all can see and hear it."""
    chat.page.evaluate(
        """() => {
            window.said = "";
            new MutationObserver(() => {
                const toast = document.querySelector("output#toast");
                if (toast?.checkVisibility()) said += `${toast.textContent} `;
            }).observe(document, { subtree: true, childList: true, characterData: true });
        }"""
    )
    return chat


def said(chat: Visit, words: str) -> None:
    until(chat.page, f"() => said.includes({json.dumps(words)})")


@pytest.mark.parametrize("language", NAMES)
def test_an_answer_has_its_buttons_in_the_visitors_language(address: str, visit: Open, language: str):
    chat = visit(f"{address}/?lang={language}")
    chat.ask("next hour")
    buttons = chat.page.locator("#chat .actions button")
    names = "all => all.map(each => each.ariaLabel)"
    settles(lambda: buttons.evaluate_all(names), NAMES[language].split("|"))
    expect(chat.page.locator("#chat .actions")).to_have_count(1)  # the greeting has none


def test_an_answer_in_words_alone_has_nothing_to_save(address: str, visit: Open):
    chat = visit(address)
    chat.ask("hello")
    expect(button(chat, "Copy")).to_be_visible()
    expect(button(chat, "Save as CSV")).to_be_hidden()
    expect(button(chat, "Save as picture")).to_be_hidden()


def test_the_words_of_an_answer_are_copied(address: str, visit: Open):
    chat = allowed(visit(address))
    chat.ask("next hour")
    button(chat, "Copy").click()
    said(chat, "Copied")
    assert copied(chat) == "I heard 1 questions."


def test_without_the_clipboards_leave_it_is_copied_as_by_hand(address: str, visit: Open):
    chat = allowed(visit(address))
    chat.ask("hello")
    chat.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()) }")
    button(chat, "Copy").focus()
    chat.page.keyboard.press("Enter")
    said(chat, "Copied")
    assert copied(chat) == "I heard 1 questions."
    expect(button(chat, "Copy")).to_be_focused()


def test_a_shared_link_asks_the_same_question(address: str, visit: Open, turn: Turn):
    chat = allowed(visit(f"{address}/?symbol=ETH-USD"))
    chat.ask(TYPED)
    button(chat, "Share").click()
    said(chat, "Link copied")
    link = copied(chat)
    assert link.startswith(f"{address}/?")
    assert parse_qs(urlsplit(link).query) == {"q": [TYPED]}
    other = visit(link)
    other.answered()
    assert turn.heard == [[TYPED], [TYPED]]


def test_a_link_shared_from_a_page_in_german_opens_in_german(address: str, visit: Open):
    chat = allowed(visit(f"{address}/?lang=de"))
    chat.ask(TYPED)
    share = {"role": "button", "name": "Teilen", "exact": True}
    chat.page.get_by_role(**share).last.click()
    said(chat, "Link kopiert")
    link = copied(chat)
    assert parse_qs(urlsplit(link).query) == {"q": [TYPED], "lang": ["de"]}
    expect(visit(link).page.get_by_role(**share).last).to_be_visible()


def test_where_the_system_can_share_it_does(address: str, visit: Open):
    chat = visit(address)
    chat.page.evaluate("() => { navigator.share = async (what) => { window.shared = what.url } }")
    chat.ask("hello")
    button(chat, "Share").click()
    settles(lambda: chat.page.evaluate("() => window.shared"), f"{address}/?q=hello")
    expect(chat.page.locator("#toast")).to_be_hidden()


def test_a_question_is_asked_again(address: str, visit: Open, turn: Turn):
    chat = visit(address)
    chat.ask(TYPED)
    button(chat, "Ask again").click()
    chat.answered(2)
    assert turn.heard == [[TYPED], [TYPED, TYPED]]


@pytest.mark.parametrize("before", [[], ["first"]], ids=["the only one", "after another"])
def test_the_last_question_is_replaced_by_what_is_made_of_it(address: str, visit: Open, turn: Turn, before: list[str]):
    chat = visit(address)
    for number, question in enumerate([*before, "secnd"], start=1):
        chat.ask(question, number)
    button(chat, "Edit question").click()
    expect(chat.box).to_have_value("secnd")
    expect(chat.box).to_be_focused()
    expect(chat.page.get_by_text("You are changing your last question")).to_be_visible()
    chat.box.fill("second")
    chat.box.press("Enter")
    expect(chat.questions).to_have_text([*before, "second"], use_inner_text=True)
    hold(lambda: turn.heard[-1] == [*before, "second"])
    chat.answered(len(before) + 1)
    expect(chat.page.get_by_text("You are changing your last question")).to_have_count(0)
    expect(chat.box).to_have_value("")
    chat.page.reload()
    expect(chat.questions).to_have_text([*before, "second"], use_inner_text=True)


def test_a_change_of_mind_brings_the_draft_back(address: str, visit: Open):
    chat = visit(address)
    chat.ask("first")
    chat.type("half a")
    button(chat, "Edit question").click()
    chat.box.press("Escape")
    expect(chat.box).to_have_value("half a")
    button(chat, "Edit question").click()
    chat.page.get_by_role("button", name="Cancel", exact=True).click()
    expect(chat.box).to_have_value("half a")
    chat.box.press("Enter")
    chat.answered(2)
    expect(chat.questions).to_have_text(["first", "half a"], use_inner_text=True)


def test_an_earlier_question_is_only_put_into_the_box(address: str, visit: Open):
    chat = visit(address)
    chat.ask("first")
    chat.ask("second", 2)
    chat.page.get_by_role("button", name="Edit question").first.click()
    expect(chat.box).to_have_value("first")
    expect(chat.page.locator("#editing")).to_have_count(0)
    chat.box.press("Enter")
    chat.answered(3)
    expect(chat.questions).to_have_text(["first", "second", "first"], use_inner_text=True)


def saved(chat: Visit, name: str) -> tuple[str, bytes]:
    with chat.page.expect_download() as download:
        button(chat, name).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_a_forecast_is_saved_as_csv_in_utc(address: str, visit: Open):
    chat = visit(address, timezone_id="America/New_York")
    chat.ask("next hour")
    told = json.loads(chat.cards.locator("[content*=target_time]").get_attribute("content") or "")
    name, content = saved(chat, "Save as CSV")
    assert name == "cryptosense-BTC-USD-2026-03-19T1300Z.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == len(told.get("horizons", [told]))
    assert (rows[-1]["symbol"], rows[-1]["target_time"][:16]) == ("BTC-USD", "2026-03-19T13:00")
    assert rows[-1]["target_time"].endswith("Z")
    assert float(rows[-1]["median"]) == told.get("horizons", [told])[-1]["median"]


HORIZONS = {
    "id": "a",
    "symbol": "BTC-USD",
    "source": '=evil("x")',
    "as_of": "2026-03-19T12:00Z",
    "horizons": [
        {"minutes": 15, "target_time": "2026-03-19T12:15Z", "median": 1.5, "quantiles": {"0.10": 1, "0.90": 2}},
        {"minutes": 30, "target_time": "2026-03-19T12:30Z", "median": -1.5, "quantiles": {"0.10": -3, "0.90": 2.5}},
    ],
}


def test_every_horizon_of_a_card_is_a_line_and_none_a_formula(address: str, visit: Open):
    chat = visit(address)
    chat.ask("next hour")
    chat.cards.locator("[content*=target_time]").evaluate(
        "(part, told) => part.setAttribute('content', told)", json.dumps(HORIZONS)
    )
    name, content = saved(chat, "Save as CSV")
    assert name == "cryptosense-BTC-USD-2026-03-19T1230Z.csv"
    header, *rows = content.decode("utf-8-sig").splitlines()
    assert header == "symbol,source,as_of,minutes,target_time,median,quantiles_0.10,quantiles_0.90"
    formula = '"\'=evil(""x"")"'
    assert rows == [
        f"BTC-USD,{formula},2026-03-19T12:00Z,15,2026-03-19T12:15Z,1.5,1,2",
        f"BTC-USD,{formula},2026-03-19T12:00Z,30,2026-03-19T12:30Z,-1.5,-3,2.5",
    ]


def test_a_picture_is_saved_with_the_fan_in_it(address: str, visit: Open):
    chat = visit(address)
    chat.ask("next hour")
    name, content = saved(chat, "Save as picture")
    assert name == "cryptosense-BTC-USD-2026-03-19T1300Z.png"
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (1200, 720)
    orange = chat.page.evaluate(
        """async (bytes) => {
            const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
            const pen = new OffscreenCanvas(1200, 720).getContext("2d");
            pen.drawImage(bitmap, 0, 0);
            const { data } = pen.getImageData(0, 0, 1200, 720);
            let found = 0;
            for (let at = 0; at < data.length; at += 4) if (data[at] - data[at + 2] > 60) found += 1;
            return found;
        }""",
        list(content),
    )
    assert orange > 2000


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_is_asked_meanwhile_waits_and_is_asked_in_order(
    address: str, visit: Open, turn: Turn, viewport: dict[str, int]
):
    chat = listening(visit(address, viewport))
    chat.type("slow, please")
    chat.box.press("Enter")
    expect(chat.page.get_by_test_id("stop-button")).to_be_visible()
    waiting = chat.page.get_by_role("list", name="Waiting").get_by_role("listitem").locator("span")
    for question in ("one", "two", "three"):
        chat.type(question)
        chat.box.press("Enter")
        expect(chat.box).to_have_value("")
    expect(waiting).to_have_text(["one", "two", "three"])
    chat.type("four")
    chat.box.press("Enter")
    expect(chat.box).to_have_value("four")
    said(chat, "Three questions wait already")
    chat.page.get_by_role("button", name="Remove: two").press("Enter")
    expect(waiting).to_have_text(["one", "three"])
    expect(chat.page.get_by_role("button", name="Remove: three")).to_be_focused()
    turn.goes_on.set()
    chat.answered(3)
    expect(chat.questions).to_have_text(["slow, please", "one", "three"], use_inner_text=True)
    expect(waiting).to_have_count(0)
    expect(chat.box).to_have_value("four")
    assert turn.heard[-1] == ["slow, please", "one", "three"]


def test_a_suggestion_that_is_clicked_meanwhile_waits_too(address: str, visit: Open, turn: Turn):
    chat = visit(f"{address}/?suggestions=One?%7CTwo?")
    chat.type("slow, please")
    chat.box.press("Enter")
    expect(chat.page.get_by_test_id("stop-button")).to_be_visible()
    chat.page.get_by_role("button", name="Two?", exact=True).click()
    expect(chat.page.get_by_role("list", name="Waiting")).to_contain_text("Two?")
    turn.goes_on.set()
    chat.answered(2)
    assert turn.heard[-1] == ["slow, please", "Two?"]


def test_what_waits_survives_a_reload(address: str, browser: Browser, turn: Turn):
    chat = Visit(browser.new_page(viewport=DESKTOP), address)  # type: ignore[arg-type]
    chat.type("slow, please")
    chat.box.press("Enter")
    expect(chat.page.get_by_test_id("stop-button")).to_be_visible()
    chat.type("later")
    chat.box.press("Enter")
    expect(chat.page.get_by_role("list", name="Waiting")).to_contain_text("later")
    begun(chat.page)
    chat.page.reload()  # in the middle of a turn, of which Gradio complains
    turn.goes_on.set()
    chat.answered(2)
    expect(chat.questions).to_have_text(["slow, please", "later"], use_inner_text=True)
    chat.page.close()
