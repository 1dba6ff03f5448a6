"""API keys: who is let in, who is not, and that a key itself is kept nowhere."""

import hashlib
import shlex
import subprocess
import sys

import pytest

from api.app import create_app
from api.middleware.keys import NEW_KEY, Keys, sent_key
from api.routes.predict import EXAMPLE_PRICES
from forecaster.errors import ConfigurationError
from forecaster.settings import ROOT, Settings
from tests.support.service.serving import Chat, LastClose, assert_problem, served, settled

PREDICTION = {"prices": EXAMPLE_PRICES}
KEY = "pT3-secret-of-alice"
OTHER = "another-secret"


def entry(name, key):
    return f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"


ENTRIES = (entry("alice", KEY), entry("bob.2", OTHER))
OPEN = Settings(api_keys=ENTRIES)
CLOSED = Settings(api_keys=ENTRIES, require_api_key=True)


async def answer_to(headers, settings):
    async with served(settings=settings) as client:
        await settled(client)
        return await client.post("/predict", json=PREDICTION, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY} "},
        {"x-api-key": KEY},
        {"x-api-key": OTHER},
    ],
)
@pytest.mark.parametrize("settings", [OPEN, CLOSED], ids=["open", "closed"])
async def test_a_key_lets_in(headers, settings):
    answer = await answer_to(headers, settings)
    assert answer.status_code == 200
    assert answer.headers["ratelimit-policy"] == '"key-60";q=1200;w=60'


@pytest.mark.parametrize("wrong", ["guess", KEY[:-1], KEY + "x", KEY.upper(), "alice", entry("", KEY)[1:], "x" * 5000])
@pytest.mark.parametrize("settings", [OPEN, CLOSED], ids=["open", "closed"])
async def test_a_wrong_key_does_not_even_where_none_is_needed(wrong, settings):
    answer = await answer_to({"authorization": f"Bearer {wrong}"}, settings)
    problem = assert_problem(answer, 401)
    assert answer.headers["www-authenticate"] == 'Bearer realm="CryptoSense", error="invalid_token"'
    assert wrong not in problem["detail"]


async def test_no_key_is_fine_unless_one_is_needed():
    assert (await answer_to({}, OPEN)).status_code == 200
    refused = await answer_to({}, CLOSED)
    assert "X-API-Key" in assert_problem(refused, 401)["detail"]
    assert refused.headers["www-authenticate"] == 'Bearer realm="CryptoSense"'


@pytest.mark.parametrize("headers", [{"authorization": "Basic YTpi"}, {"authorization": KEY}, {"x-api-key": ""}])
async def test_another_scheme_or_nothing_is_no_key(headers):
    assert (await answer_to(headers, OPEN)).status_code == 200
    assert (await answer_to(headers, CLOSED)).status_code == 401


async def test_where_there_are_no_keys_a_sent_one_means_nothing():
    assert (await answer_to({"authorization": "Bearer of-the-proxy"}, Settings())).status_code == 200


async def test_all_of_the_api_needs_the_key_and_nothing_else_does():
    async with served(settings=CLOSED, chat=Chat) as client:
        await settled(client)
        for path in ("/predict", "/predict/", "/%70redict", "/v1", "/v1/nothing"):
            assert_problem(await client.get(path), 401)
        for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/", "/gradio_api/x"):
            assert (await client.get(path)).status_code == 200, path


async def test_keys_are_counted_by_holder_and_guesses_by_address():
    settings = Settings(api_keys=ENTRIES, rate_limit="2/hour", key_rate_limit="1/hour")
    async with served(settings=settings) as client:

        async def status(key):
            return (await client.get("/v1/nothing", headers={"x-api-key": key})).status_code

        assert [await status(KEY), await status(KEY), await status(OTHER)] == [404, 429, 404]
        assert [await status("guess 1"), await status("guess 2"), await status("guess 3")] == [401, 401, 429]
        assert (await client.get("/v1/nothing")).status_code == 429


def test_a_key_is_kept_nowhere_and_its_hash_is_not_shown():
    digest = ENTRIES[0].partition(":")[2]
    assert KEY not in repr(vars(Keys(ENTRIES)))
    assert digest not in repr(OPEN) + str(OPEN)


def test_a_name_may_have_two_keys_while_one_replaces_the_other():
    keys = Keys([entry("alice", KEY), entry("alice", OTHER)])
    assert keys.holder(KEY.encode()) == keys.holder(OTHER.encode()) == "alice"


def test_the_first_key_of_several_counts():
    assert sent_key([(b"host", b"x"), (b"x-api-key", b"one"), (b"authorization", b"Bearer two")]) == b"one"
    assert sent_key([]) is None


@pytest.mark.parametrize("bad", ["alice", f"alice:{KEY}", f":{'0' * 64}", f"a b:{'0' * 64}", f"alice:{'G' * 64}"])
def test_what_is_not_a_name_and_a_hash_is_refused_without_repeating_it(bad):
    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_API_KEYS") as refused:
        create_app(LastClose, Settings(api_keys=(ENTRIES[0], bad)))
    assert bad not in str(refused.value)


def test_needing_a_key_where_there_is_none_is_refused():
    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_REQUIRE_API_KEY"):
        create_app(LastClose, Settings(require_api_key=True))


def test_keys_come_from_the_environment_separated_by_commas(monkeypatch):
    monkeypatch.setenv("CRYPTOSENSE_API_KEYS", ", ".join(ENTRIES))
    monkeypatch.setenv("CRYPTOSENSE_REQUIRE_API_KEY", "true")
    assert Settings.load().api_keys == ENTRIES
    assert Settings.load().require_api_key


def test_the_documented_command_makes_a_key_that_works():
    assert NEW_KEY in (ROOT / ".env.example").read_text()
    command = [sys.executable, *shlex.split(NEW_KEY)[1:]]
    key, digest = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert Keys([f"carol:{digest}"]).holder(key.encode()) == "carol"


async def test_the_documentation_says_how_a_key_is_sent_where_there_are_keys():
    async def documented(settings):
        async with served(settings=settings) as client:
            return (await client.get("/openapi.json")).json()

    without, optional, needed = [await documented(settings) for settings in (Settings(), OPEN, CLOSED)]
    assert "securitySchemes" not in without["components"]
    assert set(needed["components"]["securitySchemes"]) == {"bearer", "header"}
    assert optional["paths"]["/predict"]["post"]["security"] == [{}, {"bearer": []}, {"header": []}]
    assert needed["paths"]["/predict"]["post"]["security"] == [{"bearer": []}, {"header": []}]
    assert "security" not in needed["paths"]["/healthz"]["get"]
