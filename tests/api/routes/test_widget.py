"""/widget.js and /widget as their server offers them, and what it says of sites that may not frame it."""

import gzip
import logging
import re

import pytest

from api.middleware.framing import MOST_SITES
from api.routes.widget import FOLDER
from forecaster.settings import ROOT, Settings
from tests.support.service.serving import Chat, assert_problem, served, settled

SITE = "https://portfolio.example"
FRAMED = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
FILES = ("/widget.js", "/widget", "/widget/page.css", "/widget/page.js")


def test_the_widget_has_at_most_two_kilobytes():
    script = (FOLDER / "widget.js").read_bytes()
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
    assert answer.content == plain.content == (FOLDER / "widget.js").read_bytes()


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


def test_the_widget_takes_any_coin_in_dollars():
    (written,) = re.findall(r"const valid = /(.*)/i;", (FOLDER / "widget.js").read_text())
    valid = re.compile(written, re.IGNORECASE | re.ASCII)
    offered = Settings.model_fields["symbols"].default
    assert all(valid.search(f"symbol={symbol}") for symbol in (*offered, "PEPE-USD", "1INCH-USD", "sol-usd"))
    wrong = ("SOL", "SOL-EUR", "-USD", "A-B-USD", "X" * 13 + "-USD")
    assert not any(valid.search(f"symbol={each}") for each in wrong)


def test_the_options_in_the_readme_and_on_the_page_are_those_of_the_widget():
    (valid,) = re.findall(r"const valid = /\^\((.*)\)/i;", (FOLDER / "widget.js").read_text())
    options = {name for names in re.findall(r"\(?([a-z|]+)\)?=", valid) for name in names.split("|") if name}
    readme, page = (ROOT / "docs" / "widget.md").read_text(), (FOLDER / "index.html").read_text()
    assert set(re.findall(r"^\| `data-([a-z]+)` ", readme, re.M)) == options
    assert set(re.findall(r'name="([a-z]+)"', page)) - {"viewport"} == options


def test_the_usual_values_in_the_readme_are_those_of_the_widget():
    readme = (ROOT / "docs" / "widget.md").read_text()
    (line,) = re.findall(r"const \{ (.*) \} = set;", (FOLDER / "widget.js").read_text())
    usual = re.findall(r'(\w+) = "([^"]+)"', line)
    assert len(usual) == 4
    for name, value in usual:
        assert f"| `data-{name}` | {value} |".replace("`", "") in readme.replace("`", ""), name
