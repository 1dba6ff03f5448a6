"""The page's HTML as it is sent: in the visitor's language, with our own previews, and readable without scripts."""

import json
import re
from html import unescape
from io import BytesIO

import pytest
from PIL import Image
from starlette.datastructures import Headers
from starlette.requests import Request

from assistant.page.document.document import Document, Page
from assistant.page.document.head import known_origin
from assistant.page.document.letters import font_with
from assistant.page.document.preview import FRESH, HEIGHT, RIGHT, WIDTH, Preview, picture
from assistant.page.document.words_in_config import CONFIG
from assistant.page.visitor import Visitor
from assistant.page.words import Words
from assistant.understanding import Language
from forecaster.errors import BackendError
from forecaster.schema import ForecastWarning
from tests.assistant.page.test_app import ScriptedTurn, behind, opened
from tests.support.fakes import Clock, FakeBackend
from tests.support.ledger.issued import issued

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*")  # of what it uses of pandas

GERMAN = {"accept-language": "de-DE,de;q=0.9,en;q=0.5"}


@pytest.fixture
async def page(backend, tmp_path):
    async with opened(behind(ScriptedTurn(backend), backend, tmp_path)) as page:
        yield page


async def html(page, address="/", **headers):
    answer = await page.client.get(address, headers=headers)
    assert int(answer.headers["content-length"]) == answer.num_bytes_downloaded
    assert {"Accept-Language", "Accept-Encoding"} <= set(answer.headers["vary"].split(", "))
    return answer.text


def metas(document):
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', document)
    return {name: unescape(content) for name, content in found}


def props(document, name):
    config, _ = json.JSONDecoder().raw_decode(document[document.index(CONFIG) + len(CONFIG) :])
    return next(part["props"] for part in config["components"] if part["props"].get("elem_id") == name)


async def test_a_link_to_the_page_is_shown_with_our_words_and_picture(page):
    document = await html(page)
    told = metas(document)
    assert told["og:title"] == "CryptoSense" and "<title>CryptoSense</title>" in document
    assert told["og:image"] == "http://testserver/preview.png?lang=en" and told["og:url"] == "http://testserver/"
    assert told["og:description"] == told["description"] == Words().say("page.description")
    head = document[: document.index("<body")]
    assert not re.search(r"{url}|Click to try|gradio\.app|@Gradio|githubusercontent|manifest", head)
    assert document.count("og:title") == document.count('og:image"') == document.count("twitter:card") == 1


async def test_the_document_is_packed_for_who_can_unpack_it_and_for_nobody_else(page):
    packed = await page.client.get("/", headers={"accept-encoding": "gzip"})
    plain = await page.client.get("/", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert packed.num_bytes_downloaded < plain.num_bytes_downloaded / 3
    assert metas(packed.text) == metas(plain.text) != {}


async def test_a_public_address_stands_in_previews_and_a_made_up_host_does_not(page):
    assert (
        metas(await html(page, host="chat.example:8000"))["og:image"] == "http://chat.example:8000/preview.png?lang=en"
    )
    for made_up in ('x"><script>', "a b", "", "x" * 300, "host:99999999", "u@host"):
        assert known_origin({"scheme": "https"}, Headers({"host": made_up})) == ""
    assert known_origin({"scheme": "https"}, Headers({"host": "[::1]:8000"})) == "https://[::1]:8000"


@pytest.mark.parametrize("language", Language)
async def test_the_document_speaks_the_visitors_language_before_any_script_runs(page, language):
    words = Words(Visitor(language=language))
    document = await html(page, f"/?lang={language}")
    assert f'<html\n\tlang="{"zh-Hans" if language is Language.CHINESE else language}"' in document
    assert props(document, "fresh")["value"] == words.say("page.fresh")
    assert props(document, "tab-record")["label"] == words.say("page.record")
    assert props(document, "box")["placeholder"].count("BTC") == 1
    assert props(document, "chat")["value"][0]["content"][0]["text"] == words.say("page.greeting")
    assert props(document, "suggestion-0")["value"] == words.say("suggestions.forecast", coin="BTC")
    spoken = json.loads(metas(document)["cryptosense-words"])
    assert (spoken["lang"], spoken["stop"]) == (language, words.say("script.stop"))


async def test_the_browsers_languages_count_where_the_address_names_none(page):
    assert props(await html(page, **GERMAN), "fresh")["value"] == "Neuer Chat"
    assert props(await html(page, "/?lang=fr", **GERMAN), "fresh")["value"] == "Nouvelle discussion"


async def test_what_the_address_wants_is_there_at_once_and_marks_nothing_up(page):
    wanted = "title=%3C%2Fscript%3E%3Cb%3E&greeting=**Hi**%3C%2Fscript%3E&suggestions=A%7C%3C%2Ftitle%3E"
    address = f"/?symbol=ETH-USD&{wanted}"
    document = await html(page, address)
    assert "</script><b>" not in document and "<title>&lt;/script&gt;&lt;b&gt;" in document
    assert props(document, "name")["value"] == "# &#60;&#47;script&#62;&#60;b&#62;"
    assert props(document, "chat")["value"][0]["content"][0]["text"].startswith("&#42;&#42;Hi")
    assert [props(document, f"suggestion-{n}")["visible"] for n in range(4)] == [True, True, False, False]


async def test_without_scripts_the_page_says_what_it_is_and_shows_the_newest_prices(page):
    ticking = next(each for each in page.config["dependencies"] if "tick" in {name for _, name in each["targets"]})
    await page.call(ticking)
    document = await html(page, **GERMAN)
    shown = re.search(r"<body[^>]*><noscript>(.*?)</noscript>", document, re.DOTALL)
    assert shown is not None
    assert "braucht JavaScript" in shown[1]
    assert "BTC 69.930,25" in unescape(shown[1]) and "UTC" in shown[1]
    links = re.findall(r'href="([^"]+)"', shown[1])
    assert [link.partition("?")[0] for link in links] == ["v1/price", "v1/forecasts", "v1/track-record", "docs"]
    assert not any(link.startswith(("/", "http")) for link in links)


async def test_a_document_that_is_not_understood_goes_in_english_and_no_other_answer_is_touched():
    sent = []

    async def app(scope, receive, send):
        kind, body = scope["answer"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": body[5:]})

    async def keep(message):
        sent.append(message)

    page = Page(("BTC-USD",), "https://chat.example", lambda symbols: [])
    whole = b'<html lang="en"><head></head><body>window.gradio_config = {"components": 1};</body>'
    scope = {"type": "http", "query_string": b"lang=de", "headers": []}
    await Document(app, page)(scope | {"answer": (b"text/html; charset=utf-8", whole)}, None, keep)
    assert b'"components": 1' in sent[1]["body"] and b'<html lang="de">' in sent[1]["body"]
    assert b"https://chat.example/preview.png?lang=de" in sent[1]["body"]
    sent.clear()
    await Document(app, page)(scope | {"answer": (b"application/json", b'{"a": "</head>"}')}, None, keep)
    assert [each.get("body") for each in sent] == [None, b'{"a":', b' "</head>"}']


async def test_the_picture_is_made_once_a_minute_however_many_ask(page, backend):
    answers = [await page.client.get("/preview.png") for _ in range(3)]
    assert {each.headers["content-type"] for each in answers} == {"image/png"}
    assert Image.open(BytesIO(answers[0].content)).size == (1200, 630)
    assert [name for name, _ in backend.calls].count("forecast") == 1
    clock = Clock()
    preview = Preview(backend.forecast, "BTC-USD", clock)
    for _ in range(2):
        await preview.answer(asking())
        clock.now += FRESH
    assert [name for name, _ in backend.calls].count("forecast") == 3


def asking(query: str = "") -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


async def test_links_and_their_picture_are_in_the_pages_language(page, backend):
    told = metas(await html(page, "/?lang=de"))
    assert told["og:image"].endswith("/preview.png?lang=de") and told["og:url"].endswith("/?lang=de")
    pictures = {
        lang: (await page.client.get(f"/preview.png?lang={lang}")).content for lang in ("de", "pt-BR", "no", "")
    }
    assert pictures["no"] == pictures[""] and len(set(pictures.values())) == 3
    assert [name for name, _ in backend.calls].count("forecast") == 1
    for language in Language:
        words = Words(Visitor(language=language))
        for forecast in (None, issued(0)):
            here = picture(forecast, words)
            has_letters = font_with(words.say("preview.what")) is not None
            assert (here != picture(forecast)) is (has_letters and language is not Language.ENGLISH), language
            assert has_letters or language is Language.CHINESE  # which few systems have a font for


def test_no_line_of_the_picture_runs_over_its_edge():
    for language in Language:
        shown = Image.open(BytesIO(picture(issued(0), Words(Visitor(language=language))))).convert("L")
        assert shown.crop((RIGHT + 4, 0, WIDTH, HEIGHT)).getextrema()[1] < 32


async def test_without_a_forecast_the_picture_says_what_the_page_is():
    failing = FakeBackend()
    failing.failure["forecast"] = BackendError("timed out")
    answer = await Preview(failing.forecast, "BTC-USD").answer(asking())
    assert bytes(answer.body) == picture(None) == bytes((await Preview(None, "BTC-USD").answer(asking())).body)
    assert picture(issued(0)) != picture(None)
    demo = issued(0).model_copy(update={"warnings": (ForecastWarning.DEMO_DATA,)})
    assert picture(demo) != picture(issued(0))
