import pytest

from assistant.chat_models import open_chat_model
from assistant.offline_model import OfflineModel
from forecaster.errors import ConfigurationError


def test_offline_is_the_embedded_model():
    assert isinstance(open_chat_model("offline"), OfflineModel)


@pytest.mark.parametrize("llm", ["", "gpt", "openai:", ":gpt", "open ai:gpt", "OFFLINE", "../x:y"])
def test_what_names_no_model_is_refused_with_the_form_that_does(llm):
    with pytest.raises(ConfigurationError, match="provider:model, such as openai:"):
        open_chat_model(llm)


def test_a_missing_package_is_named_with_the_command_that_installs_it():
    with pytest.raises(ConfigurationError, match="Run: pip install langchain-mistralai"):
        open_chat_model("mistralai:mistral-small")


def test_an_unknown_provider_is_refused_in_our_words():
    with pytest.raises(
        ConfigurationError, match=r"nonsense could not be set up\. Check its name, set NONSENSE_API_KEY"
    ):
        open_chat_model("nonsense:model")
