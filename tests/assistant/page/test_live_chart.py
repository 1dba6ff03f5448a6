"""The chart's files: the library from where it is installed, checked, and our own; and nothing without it."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from assistant.page.live_chart.library import FILE, LARGEST, SHA256, VERSION, library
from assistant.page.live_chart.routes import FOLDER, LIBRARY, chart_routes
from assistant.understanding import Language

ROOT = Path(__file__).resolve().parents[3]


def client(routes):
    return httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://page")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A package of another name whose file a test writes."""
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "chart_library_for_a_test" / FILE
    path.parent.mkdir(parents=True)
    return path


def test_the_installed_library_is_the_one_that_we_know():
    script = library()
    assert hashlib.sha256(script).hexdigest() == SHA256
    assert f"Lightweight Charts™ v{VERSION}".encode() in script[:200]
    assert not any(evil in script for evil in (b"eval(", b"new Function", b"<script"))


@pytest.mark.parametrize("content", [b"", b"alert(1)", library() + b"\n", b"x" * (LARGEST + 1)])
def test_another_file_is_not_served_and_the_log_says_what_to_do(elsewhere, caplog, content):
    elsewhere.write_bytes(content)
    assert library("chart_library_for_a_test") is None
    assert "Install requirements.lock again" in caplog.text


def test_without_the_package_there_is_none(caplog):
    assert library("no_such_package_at_all") is None
    assert "Install requirements.lock" in caplog.text


def test_the_package_is_not_imported_nor_pandas_with_it():
    code = (
        "import sys; from assistant.page.live_chart.routes import chart_routes; assert chart_routes();"
        "print(sorted(set(sys.modules) & {'akquant_lwc', 'pandas'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


async def test_the_library_holds_for_a_year_and_is_compressed():
    async with client(chart_routes()) as page:
        plain = await page.get(LIBRARY, headers={"accept-encoding": "identity"})
        packed = await page.get(LIBRARY, headers={"accept-encoding": "gzip"})
        again = await page.get(LIBRARY, headers={"if-none-match": plain.headers["etag"]})
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["content-type"].startswith("text/javascript")
    assert plain.content == packed.content == library()
    assert int(packed.headers["content-length"]) < 70_000
    assert (again.status_code, again.content) == (304, b"")


async def test_without_the_library_its_address_is_not_found_and_the_rest_is_there():
    routes = chart_routes(lambda: None)
    async with client(routes) as page:
        found = {each.path: (await page.get(each.path)).status_code for each in routes}
    assert found.pop(LIBRARY) == 404
    assert set(found.values()) == {200}


async def test_every_file_of_ours_is_served_and_asks_for_those_alone():
    routes = chart_routes()
    addresses = {route.path for route in routes}
    async with client(routes) as page:
        for path in sorted(FOLDER.iterdir()):
            answer = await page.get(f"/chart/{path.name}")
            assert answer.content == path.read_bytes()
            assert answer.headers["cache-control"] == "public, max-age=600"
            for line in path.read_text(encoding="utf-8").splitlines():
                if line.startswith("import "):
                    assert "/chart/" + Path(line.split('"')[1]).name in addresses
        assert (await page.get("/chart/..%2Fchat.js")).status_code == 404
        assert (await page.get("/chart/nothing.js")).status_code == 404


def test_our_files_are_small():
    whole = b"".join(path.read_bytes() for path in FOLDER.iterdir())
    assert len(gzip.compress(whole)) < 14_000


async def test_the_words_of_the_chart_are_the_pages_texts_in_each_language():
    async with client(chart_routes()) as page:
        script = (await page.get("/chart/words.js")).text
    words = json.loads(script.removeprefix("export const WORDS = ").removesuffix(";\n"))
    assert set(words) == {language.value for language in Language}
    assert words["de"]["high"] == "Hoch"
    used = set(re.findall(r"\bwords\.(\w+)\b(?!\")", "".join(path.read_text() for path in FOLDER.glob("*.js"))))
    for said in words.values():
        assert used <= set(said)
