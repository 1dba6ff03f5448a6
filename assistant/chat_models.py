"""Which language model answers: the embedded one, or one of LangChain's by ``provider:model``."""

import re
from typing import TYPE_CHECKING

from forecaster.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OFFLINE = "offline"
SILENCE = 8  # seconds that a provider may stay silent before the embedded model takes over
LONGEST_REPLY = 2000  # tokens, of which some models spend many on thinking
KEYS = {"google_genai": "GOOGLE_API_KEY"}  # the variable that holds a provider's key, where it is not the usual


def open_chat_model(llm: str) -> "BaseChatModel":
    """The chat model that the setting CRYPTOSENSE_LLM names.

    Raises ConfigurationError with the command or variable that mends it when the provider is unknown,
    its package is missing, or it refuses to start, which mostly means that its key is missing.
    """
    if llm == OFFLINE:
        from assistant.offline_model import OfflineModel

        return OfflineModel()
    provider, _, model = llm.partition(":")
    if not (re.fullmatch(r"[a-z0-9_]+", provider) and model):
        raise ConfigurationError(
            "CRYPTOSENSE_LLM names no language model.",
            f"Set it to {OFFLINE} or to provider:model, such as openai:gpt-4.1-mini.",
        )
    return _open(provider, model)


def _open(provider: str, model: str) -> "BaseChatModel":
    from langchain.chat_models import init_chat_model

    try:
        return init_chat_model(model, model_provider=provider, timeout=SILENCE, max_retries=0, max_tokens=LONGEST_REPLY)
    except ImportError as error:
        raise ConfigurationError(
            f"The language model of {provider} needs a package that is not installed.",
            f"Run: pip install langchain-{provider.replace('_', '-')}",
        ) from error
    except Exception as error:  # each provider raises its own, and their texts may hold anything
        key = KEYS.get(provider, f"{provider.upper()}_API_KEY")
        raise ConfigurationError(
            f"The language model of {provider} could not be set up.",
            f"Check its name, set {key} if it needs a key, or set CRYPTOSENSE_LLM={OFFLINE}.",
        ) from error
