import subprocess
import sys
from importlib.util import find_spec

import pytest

from assistant.chat_models import EXTRAS, KEYS, LONGEST_REPLY, PATIENCE, open_chat_model
from assistant.offline_model import OfflineModel
from forecaster.errors import ConfigurationError
from forecaster.settings import ROOT
from tests.support.conversations.fake_chat_model import embedded

PACKAGES = {
    "openai": "langchain_openai",
    "anthropic": "langchain_anthropic",
    "ollama": "langchain_ollama",
    "google_genai": "langchain_google_genai",
}
missing = [name for name, package in PACKAGES.items() if find_spec(package) is None]
present = [name for name in PACKAGES if name not in missing]


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in (*KEYS.values(), "GEMINI_API_KEY", "OPENAI_ADMIN_KEY", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)


def test_offline_is_the_embedded_model():
    assert isinstance(open_chat_model("offline"), OfflineModel) and isinstance(embedded(), OfflineModel)


@pytest.mark.parametrize("llm", ["", "gpt", "openai:", ":gpt", "open ai:gpt", "OFFLINE", "../x:y"])
def test_what_names_no_model_is_refused_with_the_form_that_does(llm):
    with pytest.raises(ConfigurationError, match="provider:model, such as openai:"):
        open_chat_model(llm)


@pytest.mark.parametrize("provider", missing)
def test_a_missing_package_is_one_sentence_with_the_command_that_installs_it(provider):
    with pytest.raises(ConfigurationError) as error:
        open_chat_model(f"{provider}:some-model")
    told = str(error.value)
    assert told.startswith(f"CRYPTOSENSE_LLM={provider}:... needs a package that is not installed: in the project's")
    assert f"{sys.executable} -m pip install '.[{EXTRAS[provider]}]'" in told


def test_every_extra_that_is_named_is_one_of_the_project():
    text = (ROOT / "pyproject.toml").read_text()
    assert all(f'\n{extra} = ["langchain-{extra}' in text for extra in EXTRAS.values())


def test_the_interpreter_is_named_as_it_is_called_from_the_project(monkeypatch):
    monkeypatch.chdir(sys.prefix)
    with pytest.raises(ConfigurationError, match=r"run bin/python\S* -m pip install langchain-mistralai\."):
        open_chat_model("mistralai:mistral-small")


@pytest.mark.parametrize("provider", [name for name in present if name in KEYS])
def test_a_missing_key_is_one_sentence_that_names_its_variable(provider):
    with pytest.raises(ConfigurationError) as error:
        open_chat_model(f"{provider}:some-model")
    assert str(error.value) == f"CRYPTOSENSE_LLM={provider}:... needs a key: set {KEYS[provider]}."


@pytest.mark.parametrize("provider", present)
def test_a_model_of_a_provider_is_bounded(provider, monkeypatch):
    if provider in KEYS:
        monkeypatch.setenv(KEYS[provider], "sk-test")
    set_to = dict(open_chat_model(f"{provider}:some-model"))
    assert LONGEST_REPLY in set_to.values()
    assert PATIENCE in set_to.values() or {"timeout": PATIENCE} in set_to.values()
    if provider == "openai":
        assert set_to["stream_usage"] is True and set_to["max_retries"] == 0


def test_an_unknown_provider_is_refused_in_our_words():
    with pytest.raises(
        ConfigurationError, match=r"nonsense could not be set up\. Check its name, set NONSENSE_API_KEY"
    ):
        open_chat_model("nonsense:model")


def test_the_command_line_ends_with_that_sentence(tmp_path):
    surroundings = {"CRYPTOSENSE_LLM": "openai:gpt-4.1-mini", "CRYPTOSENSE_SOURCE": "demo", "HOME": str(tmp_path)}
    command = [sys.executable, str(ROOT / "app.py"), "ask", "btc price"]
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True)
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr.strip().endswith("CRYPTOSENSE_LLM=openai:... needs a key: set OPENAI_API_KEY.")
