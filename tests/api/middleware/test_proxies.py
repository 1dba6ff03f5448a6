"""The path below which a proxy serves everything: who may name it, what is one, and where it is found again."""

import pytest

from api.app import create_app
from forecaster.errors import ConfigurationError
from forecaster.settings import LONGEST_PREFIX, Settings
from tests.support.service.serving import Chat, LastClose, assert_problem, client_from, served, settled

BAD = (
    *("cs", "//evil.example", "/cs//x", "/..", "/../x", "/cs/..", "/cs/./x", "/a/../b", "/cs?x", "/cs#x", "/c s"),
    *('/cs"', "/cs'", "/<b>", "/cs\\x", "/%2e%2e", "/%63s", "https://evil.example", "/cs,/x", "/cs;x", "/çs", "/cs\t"),
    *("/cs\n", "/cs\r\nx: y", "/cs\0", "//", "/" + "a" * LONGEST_PREFIX),
)


async def served_below(client, **headers):
    """The path of the OpenAPI document's server, which is the prefix."""
    answer = await client.get("/openapi.json", headers=headers)
    return answer.json().get("servers", [{"url": ""}])[0]["url"]


@pytest.mark.parametrize("written", ["/cs", "/cs/", "/a/b-c_d.e~f", "/" + "a" * (LONGEST_PREFIX - 1)])
async def test_a_path_may_be_set_or_named_by_a_trusted_proxy(written):
    async with served(settings=Settings(root_path=written)) as client:
        assert await served_below(client) == written.removesuffix("/")
    async with served(settings=Settings(trusted_proxies="127.0.0.1")) as client:
        assert await served_below(client, **{"x-forwarded-prefix": written}) == written.removesuffix("/")


@pytest.mark.parametrize("written", BAD)
def test_what_is_no_path_is_refused_in_a_setting(written):
    with pytest.raises(ConfigurationError, match=r"CRYPTOSENSE_ROOT_PATH: .*write a path such as /cs"):
        Settings.load(root_path=written)
    if written.startswith("/"):
        with pytest.raises(ConfigurationError, match=r"CRYPTOSENSE_PUBLIC_URL: .*write an? "):
            Settings.load(public_url=f"https://example.com{written}")


async def test_what_is_no_path_is_ignored_in_a_header_and_the_log_says_so_once(caplog):
    async with served(settings=Settings(trusted_proxies="127.0.0.1")) as client:
        for written in BAD:
            assert await served_below(client, **{"x-forwarded-prefix": written.encode()}) == "", written
    assert [record.getMessage() for record in caplog.records if "Prefix" in record.getMessage()] == [
        "A proxy sends an X-Forwarded-Prefix that is no path such as /cs. It is ignored."
    ]


async def test_two_paths_in_two_headers_are_none():
    async with served(settings=Settings(trusted_proxies="127.0.0.1")) as client:
        twice = [("x-forwarded-prefix", "/cs"), ("x-forwarded-prefix", "/evil")]
        assert "servers" not in (await client.get("/openapi.json", headers=twice)).json()


@pytest.mark.parametrize(
    ("trusted", "address", "believed"),
    [
        ("", "127.0.0.1", False),
        ("10.0.0.1", "127.0.0.1", False),
        ("10.0.0.0/8", "10.2.3.4", True),
        ("10.0.0.1", "::ffff:10.0.0.1", True),  # IPv4, seen by who listens on IPv6
        ("10.0.0.1", "::ffff:10.0.0.2", False),
        ("fd00::/8", "fd00::1", True),
        ("fd00::/8", "unix", False),
    ],
)
async def test_only_a_trusted_proxy_may_name_a_path(trusted, address, believed):
    app = create_app(LastClose, Settings(trusted_proxies=trusted))
    async with client_from(app, address) as client:
        named = await served_below(client, **{"x-forwarded-prefix": "/cs", "x-forwarded-for": "10.0.0.1"})
    assert named == ("/cs" if believed else "")


async def test_a_path_that_is_set_is_not_asked_for():
    async with served(settings=Settings(root_path="/cs", trusted_proxies="127.0.0.1")) as client:
        assert await served_below(client, **{"x-forwarded-prefix": "/evil"}) == "/cs"


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/v1", "/v1/chat", "/predict", "/widget", "/mcp"])
def test_a_path_that_is_an_address_of_the_service_is_refused(path):
    with pytest.raises(ConfigurationError, match=r"an address of the service itself\. Choose another path"):
        create_app(LastClose, Settings(root_path=path), Chat, protocol=object)


@pytest.mark.parametrize(
    ("public_url", "root_path", "origin", "prefix"),
    [
        ("https://example.com/cs/", "", "https://example.com", "/cs"),
        ("https://example.com/cs", "/cs/", "https://example.com", "/cs"),
        ("https://example.com:8443", "/cs", "https://example.com:8443", "/cs"),
        ("http://cs", "/cs", "http://cs", "/cs"),
        ("http://[::1]:80/a/b", "", "http://[::1]:80", "/a/b"),
        ("", "/cs", "", "/cs"),
        ("", "", "", ""),
    ],
)
def test_the_path_of_the_public_address_is_the_one(public_url, root_path, origin, prefix):
    settings = Settings(public_url=public_url, root_path=root_path)
    assert (settings.public_origin, settings.root_path) == (origin, prefix)


def test_two_paths_that_differ_are_refused():
    with pytest.raises(ConfigurationError, match=r"ROOT_PATH: .*is not /a, the path of CRYPTOSENSE_PUBLIC_URL"):
        Settings.load(public_url="https://example.com/a", root_path="/b")


@pytest.mark.parametrize("before", ["", "/cs"])
async def test_with_and_without_the_path_in_front_the_same_answers(before):
    async with served(settings=Settings(root_path="/cs"), chat=Chat) as client:
        await settled(client)
        assert (await client.get(f"{before}/healthz")).json() == {"status": "ok"}
        assert (await client.get(f"{before}/")).text == "chat"
        assert "immutable" in (await client.get(f"{before}/assets/a1b2.js")).headers["cache-control"]
        for path in ("/cs/nothing", "/csx", "/cs/cs/healthz"):
            assert_problem(await client.get(f"/cs{path}"), 404)


@pytest.mark.parametrize("before", ["", "/cs", "/%63s", "/cs/.", "/cs/"])
async def test_no_spelling_gets_past_keys_and_limits(before):
    settings = Settings(root_path="/cs", api_keys=f"a:{'0' * 64}", require_api_key=True)
    async with served(settings=settings) as client:
        answer = await client.post(f"{before}/predict", json={})
        assert answer.status_code in (401, 404)
        assert answer.status_code == 401 or before.endswith((".", "/"))


async def test_metrics_and_errors_name_the_routes_of_the_service():
    async with served(settings=Settings(root_path="/cs", trusted_proxies="127.0.0.1")) as client:
        await settled(client)
        await client.post("/cs/predict", json={})
        await client.get("/cs/docs/static/swagger-ui.css")
        counted = (await client.get("/metrics")).text
        assert 'route="/predict"' in counted and 'route="/docs"' in counted and "/cs" not in counted
        assert (await client.get("/cs/predict")).headers["allow"] == "POST"
        assert "/cs/docs lists" in assert_problem(await client.get("/cs/nothing"), 404)["detail"]


@pytest.mark.parametrize("chat", [None, Chat])
async def test_the_path_without_its_slash_leads_to_the_one_with_it(chat):
    async with served(settings=Settings(root_path="/cs"), chat=chat) as client:
        await settled(client)
        answer = await client.get("/cs?embed=1")
        assert (answer.status_code, answer.headers["location"]) == (307, "/cs/?embed=1")
        if chat is None:
            assert (await client.get("/cs/")).headers["location"] == "/cs/docs"
        assert "x-request-id" in answer.headers and "content-security-policy" in answer.headers


async def test_a_redirect_names_neither_scheme_nor_port(settings):
    async with served(settings=settings) as client:
        assert (await client.get("/docs/")).headers["location"] == "/docs"
