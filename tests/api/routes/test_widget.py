"""/widget.js and /widget as their server offers them, and what it says of sites that may not frame it."""

import gzip
import logging
import re

import pytest
from rjsmin import jsmin

from api.middleware.framing import MOST_SITES
from api.routes.widget import FOLDER, is_public
from forecaster.settings import ROOT, Settings
from tests.support.service.serving import Chat, assert_problem, served, settled

SITE = "https://portfolio.example"
FRAMED = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
FILES = ("/widget.js", "/widget/panel.js", "/widget", "/widget/page.css", "/widget/page.js")


def test_the_widget_has_at_most_two_kilobytes():
    script = jsmin((FOLDER / "widget.js").read_text(encoding="utf-8")).encode()
    assert len(gzip.compress(script, 9, mtime=0)) <= 2048


async def test_the_widget_may_be_loaded_from_anywhere_and_is_kept_for_a_while():
    async with served(chat=Chat) as client:
        answer = await client.get("/widget.js", headers={"Accept-Encoding": "gzip"})
        plain = await client.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) <= 2048
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, max-age=600"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert "content-encoding" not in plain.headers
    assert answer.content == plain.content
    assert len(plain.content) < 0.9 * (FOLDER / "widget.js").stat().st_size
    assert b"// " not in plain.content
    assert b"document.currentScript" in plain.content


@pytest.mark.parametrize(
    ("origin", "given"),
    [
        (None, "panel"),
        (SITE, "panel"),
        ("https://chat.example", "panel"),
        ("https://other.example", "refused"),
        ("http://portfolio.example", "refused"),
        ("https://portfolio.example.evil.example", "refused"),
        ("null", "refused"),
    ],
)
async def test_the_panel_is_given_to_sites_that_are_listed_and_a_refusal_to_others(origin, given, caplog):
    settings = Settings(allowed_origins=(SITE,), public_url="https://chat.example/cs")
    async with served(settings=settings, chat=Chat) as client:
        own = {"Sec-Fetch-Site": "same-origin"} if origin == "https://chat.example" else {}
        answer = await client.get("/widget/panel.js", headers=own | ({"Origin": origin} if origin else {}))
    assert answer.text == jsmin((FOLDER / f"{given}.js").read_text(encoding="utf-8"))
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers.get("access-control-allow-origin") == origin  # a module is read, or does not run
    assert "access-control-allow-credentials" not in answer.headers
    assert {"accept-encoding", "origin"} <= set(answer.headers["vary"].lower().split(", "))
    assert answer.headers["cache-control"] == ("no-store" if given == "refused" else "public, max-age=600")
    named = [each.getMessage().split(" ")[0] for each in caplog.records if each.name == "api.middleware.framing"]
    assert named == ([origin] if given == "refused" and origin != "null" else [])


async def test_the_panel_is_given_to_our_own_pages_by_whatever_name_they_were_opened():
    async with served(chat=Chat) as client:
        for host in ("127.0.0.1:8000", "nas.local"):
            answer = await client.get("/widget/panel.js", headers={"Host": host, "Origin": f"http://{host}"})
            assert answer.text == jsmin((FOLDER / "panel.js").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("chat.example.com", True),
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("localhost", False),
        ("chat.localhost", False),
        ("nas", False),
        ("nas.local", False),
        ("127.0.0.1", False),
        ("192.168.1.20", False),
        ("10.0.0.1", False),
        ("::1", False),
        ("fd00::1", False),
    ],
)
async def test_the_log_says_at_start_that_sites_with_https_will_show_nothing_of_a_public_http_service(
    host, public, caplog
):
    assert is_public(host) is public
    for scheme, told in (("http", public), ("https", False)):
        caplog.clear()
        address = f"{scheme}://[{host}]" if ":" in host else f"{scheme}://{host}"
        async with served(settings=Settings(public_url=address), chat=Chat):
            pass
        assert any("shows nothing at all" in each.getMessage() for each in caplog.records) is told


@pytest.mark.parametrize("path", FILES)
async def test_what_has_not_changed_is_not_sent_again(path):
    async with served(chat=Chat) as client:
        tag = (await client.get(path)).headers["etag"]
        again = await client.get(path, headers={"If-None-Match": tag})
        other = await client.get(path, headers={"If-None-Match": '"another"'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert other.status_code == 200


@pytest.mark.parametrize("path", FILES)
async def test_without_the_chat_there_is_no_widget(path):
    async with served() as client:
        assert_problem(await client.get(path), 404)


async def test_no_api_key_is_asked_for():
    settings = Settings(api_keys=("me:" + "0" * 64,), require_api_key=True)
    async with served(settings=settings, chat=Chat) as client:
        assert [(await client.get(path)).status_code for path in FILES] == [200] * len(FILES)


async def test_every_answer_says_who_may_frame_it():
    settings = Settings(allowed_origins=(SITE,))
    async with served(settings=settings, chat=Chat) as client:
        await settled(client)
        for path in (*FILES, "/", "/assets/a1b2.js", "/gradio_api/x", "/docs", "/healthz", "/nowhere", "/predict"):
            policy = (await client.get(path)).headers["content-security-policy"]
            assert f"frame-ancestors 'self' {SITE}" in policy, path


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (FRAMED | {"Referer": "https://other.example/page?x=1"}, ["https://other.example"]),
        (FRAMED | {"Referer": f"{SITE}/page"}, []),
        (FRAMED | {"Referer": "https://other.example/", "Sec-Fetch-Site": "same-origin"}, []),
        ({"Sec-Fetch-Dest": "document", "Referer": "https://other.example/"}, []),
        (FRAMED, []),
        (FRAMED | {"Referer": "https://a.example\\n2026 ERROR forged"}, []),
        (FRAMED | {"Referer": f"https://{'a' * 300}.example/"}, []),
        (FRAMED | {"Referer": "https://[nonsense/"}, []),
    ],
)
async def test_a_site_that_may_not_frame_the_page_is_named_in_the_log_once(headers, told, caplog):
    settings = Settings(allowed_origins=(SITE,))
    async with served(settings=settings, chat=Chat) as client:
        for _ in range(3):
            await client.get("/", headers=headers)
    named = [each.getMessage() for each in caplog.records if each.name == "api.middleware.framing"]
    assert [each.split(" ")[0] for each in named] == told
    assert all("CRYPTOSENSE_ALLOWED_ORIGINS" in each for each in named)


async def test_the_log_names_a_bounded_number_of_sites(caplog):
    caplog.set_level(logging.WARNING)
    async with served(chat=Chat) as client:
        for number in range(MOST_SITES + 20):
            await client.get("/healthz", headers=FRAMED | {"Referer": f"https://site{number}.example/"})
    assert sum(each.name == "api.middleware.framing" for each in caplog.records) == MOST_SITES


def written() -> list[str]:
    """How the panel checks each option, as regular expressions."""
    (block,) = re.findall(r'new RegExp\("\^\(\?:" \+ \[(.*?)\]\.join', (FOLDER / "panel.js").read_text(), re.DOTALL)
    return [each.replace("\\\\", "\\") for each in re.findall(r'"(.*?)",', block)]


def options() -> set[str]:
    """Their names, as attributes have them after ``data-``."""
    found = [re.match(r"\(?([A-Za-z|]+)\)?=", each)[1] for each in written()]
    return {re.sub("[A-Z]", lambda sign: f"-{sign[0].lower()}", name) for names in found for name in names.split("|")}


def test_the_widget_takes_any_coin_in_dollars():
    valid = re.compile(f"^(?:{'|'.join(written())})", re.IGNORECASE | re.ASCII)
    offered = Settings.model_fields["symbols"].default
    assert all(valid.search(f"symbol={symbol}") for symbol in (*offered, "PEPE-USD", "1INCH-USD", "sol-usd"))
    wrong = ("SOL", "SOL-EUR", "-USD", "A-B-USD", "X" * 13 + "-USD")
    assert not any(valid.search(f"symbol={each}") for each in wrong)


def test_the_options_in_the_documentation_and_on_the_page_are_those_of_the_widget():
    documented, page = (ROOT / "docs" / "widget.md").read_text(), (FOLDER / "index.html").read_text()
    named = {
        name
        for line in re.findall(r"^\| (`data-.*?) \|", documented, re.M)
        for name in re.findall("data-([a-z-]+)", line)
    }
    assert named == options()
    assert set(re.findall(r'name="([a-z-]+)"', page)) - {"viewport"} == options()


def test_the_bubble_and_the_panel_agree_on_what_is_usual():
    bubble, panel = ((FOLDER / name).read_text() for name in ("widget.js", "panel.js"))
    documented = (ROOT / "docs" / "widget.md").read_text()
    for name, value in (("offsetX", "20"), ("offsetY", "20")):
        assert f'get("{name}", {value})' in bubble and f'get("{name}", {value})' in panel
    for name, value in (
        ("offset-x", "20"),
        ("accent", "#006677"),
        ("z-index", "999999999"),
        ("title", "Ask me anything"),
    ):
        assert re.search(f"data-{name}`.* \\| `?{value}", documented), name
    for name, value in re.findall(r"used\.(width|height) \?\? (\d+)", panel):
        assert re.search(f"data-{name}`.*{value}", documented), name
