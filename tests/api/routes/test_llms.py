"""GET /llms.txt: what there is, at addresses that answer."""

import re

import pytest

from api.app import create_app
from forecaster.settings import Settings
from tests.support.browser.whole_service import turn
from tests.support.fakes import FakeBackend
from tests.support.service.serving import Chat, client_from
from tools.mcp_server import sessions


async def told(chat=None, assistant=None, protocol=None, **settings):
    app = create_app(FakeBackend, Settings(**settings), chat, turn=assistant, protocol=protocol)
    async with client_from(app, "127.0.0.1") as client:
        return app, await client.get("/llms.txt")


async def test_it_is_plain_text_that_names_all_that_is_served():
    _, answer = await told(Chat, turn, lambda: sessions(FakeBackend()), public_url="https://chat.example.com")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("# CryptoSense\n") and "not financial advice" in answer.text
    for part in ("/mcp)", "/v1)", "/v1/chat/completions", "/openapi.json)", "/widget.js", "/v1/forecast"):
        assert f"https://chat.example.com{part}" in answer.text


async def test_without_a_public_address_its_addresses_are_relative():
    _, answer = await told(Chat, turn)
    assert "](/v1)" in answer.text and "http" not in answer.text


@pytest.mark.parametrize(
    ("parts", "there", "not_there"),
    [
        ({}, "/v1/forecast", "/mcp /v1/chat widget.js"),
        ({"protocol": lambda: sessions(FakeBackend())}, "/mcp", "/v1/chat widget.js"),
        ({"assistant": turn}, "/v1/chat/completions", "/mcp widget.js"),
    ],
)
async def test_what_is_not_served_is_not_named(parts, there, not_there):
    _, answer = await told(**parts)
    assert there in answer.text
    assert not [each for each in not_there.split() if each in answer.text]


async def test_every_address_of_rest_that_it_names_exists_and_none_is_forgotten():
    app, answer = await told(Chat, turn)
    document = app.openapi()["paths"]
    named = set(re.findall(r"(GET|POST) (/[\w/-]+)", answer.text))
    assert {path for _, path in named} <= set(document)
    assert all(method.lower() in document[path] for method, path in named)
    forgotten = {path for path in document if path.startswith(("/v1", "/predict"))} - {path for _, path in named}
    assert forgotten == {"/v1/forecasts/{forecast_id}", "/v1/models", "/v1/models/cryptosense"}


async def test_the_openapi_document_points_to_all_of_it():
    app, _ = await told()
    description = app.openapi()["info"]["description"]
    assert all(each in description for each in ("/mcp", "`/v1`", "/llms.txt"))
