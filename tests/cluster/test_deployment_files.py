"""What deploy/ has for Ray is what Ray's own tools take, and builds the application that the command starts."""

import os

import pytest
import yaml
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from cluster.ray_node import ENVIRONMENT, prepare
from cluster.replica import Sticky
from forecaster.errors import ConfigurationError
from forecaster.installation import ROOT

DEPLOY = ROOT / "deploy"
pytestmark = pytest.mark.filterwarnings("ignore:Using extra keyword arguments on:DeprecationWarning")  # Ray's


@pytest.fixture(scope="module")
def written():
    """The applications of both files."""
    plain = yaml.safe_load((DEPLOY / "ray-serve.yaml").read_text())
    service = yaml.safe_load((DEPLOY / "rayservice.yaml").read_text())
    return {"ray-serve.yaml": plain, "rayservice.yaml": yaml.safe_load(service["spec"]["serveConfigV2"])}


@pytest.mark.parametrize("file", ["ray-serve.yaml", "rayservice.yaml"])
def test_ray_serve_takes_the_file_and_finds_what_it_names(written, file):
    from ray.serve.schema import ServeDeploySchema

    (named,) = ServeDeploySchema.model_validate(written[file]).applications
    module, _, name = named.import_path.partition(":")
    assert callable(getattr(__import__(module), name)) and named.route_prefix == "/"


@pytest.mark.parametrize("replicas", [{"least": "0", "most": "1"}, {"least": "3", "most": "2"}])
def test_numbers_of_replicas_that_cannot_be_are_refused(replicas):
    from cluster import application

    with pytest.raises(ConfigurationError, match="at least one replica"):
        application(replicas)


def test_the_page_gives_a_browser_that_has_none_a_cookie_and_the_api_gives_none():
    async def page(scope, receive, send):
        await PlainTextResponse("page")(scope, receive, send)

    browser = TestClient(Sticky(page))
    assert "set-cookie" not in browser.post("/predict").headers
    told = browser.get("/").headers["set-cookie"]
    assert told.startswith("cryptosense_visitor=") and told.endswith("; Path=/; HttpOnly; SameSite=Lax")
    assert "set-cookie" not in browser.get("/").headers
    within = TestClient(Sticky(page)).get("/cs/", headers={"x-forwarded-proto": "https"}).headers["set-cookie"]
    assert within.endswith("SameSite=None; Secure; Partitioned")
    odd = TestClient(Sticky(page)).get("/", headers={"cookie": 'a="; [;=,'})
    assert odd.status_code == 200


def test_a_token_that_could_be_guessed_is_refused():
    from cluster import join

    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_CLUSTER_TOKEN has fewer than 32 characters"):
        join("127.0.0.1:1", "short")


def test_the_token_of_the_settings_stands_whatever_other_programs_of_the_owner_are_told(monkeypatch):
    for name, value in {"RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": "theirs", "PYTHONPATH": ""}.items():
        monkeypatch.setenv(name, value)
    with monkeypatch.context() as patch:  # what `prepare` sets is taken back with it
        for name in ENVIRONMENT:
            patch.setenv(name, ENVIRONMENT[name])
        prepare("f" * 32)
        assert (os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"]) == ("token", "f" * 32)
