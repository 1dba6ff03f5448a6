"""Which language model answers: the embedded one, or one of LangChain's by ``provider:model``."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecaster.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OFFLINE = "offline"
PATIENCE = 8  # seconds that a provider's connection may stay silent; assistant/loop.py waits little longer
LONGEST_REPLY = 2000  # tokens, of which some models spend many on thinking
USUAL: dict[str, Any] = {"timeout": PATIENCE, "max_retries": 0, "max_tokens": LONGEST_REPLY}
BOUNDS: dict[str, dict[str, Any]] = {  # providers that name the bounds otherwise, or need more
    "openai": USUAL | {"stream_usage": True},  # else nobody learns how many tokens a reply took
    "ollama": {"client_kwargs": {"timeout": PATIENCE}, "num_predict": LONGEST_REPLY},
}
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "google_genai": "GOOGLE_API_KEY"}
EXTRAS = {"openai": "openai", "anthropic": "anthropic", "ollama": "ollama", "google_genai": "google"}  # of pyproject


def open_chat_model(llm: str) -> "BaseChatModel":
    """The chat model that the setting CRYPTOSENSE_LLM names.

    Raises ConfigurationError with the command or variable that mends it when the provider is unknown,
    its package or its key is missing, or it refuses to start.
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
    opened = _open(provider, model)
    key = getattr(opened, f"{provider}_api_key", None)
    if provider in KEYS and key is not None and not key.get_secret_value():  # some notice it only when they are asked
        raise _no_key(provider)
    return opened


def _open(provider: str, model: str) -> "BaseChatModel":
    from langchain.chat_models import init_chat_model

    try:
        opened: BaseChatModel = init_chat_model(model, model_provider=provider, **BOUNDS.get(provider, USUAL))
    except ImportError as error:
        raise ConfigurationError(
            f"CRYPTOSENSE_LLM={provider}:... needs a package that is not installed:", f"{_install(provider, error)}."
        ) from error
    except Exception as error:  # each provider raises its own, and their texts may hold anything
        if provider in KEYS:  # no other reason is known
            raise _no_key(provider) from error
        raise ConfigurationError(
            f"The language model of {provider} could not be set up.",
            f"Check its name, set {provider.upper()}_API_KEY if it needs a key, or set CRYPTOSENSE_LLM={OFFLINE}.",
        ) from error
    return opened


def _no_key(provider: str) -> ConfigurationError:
    return ConfigurationError(f"CRYPTOSENSE_LLM={provider}:... needs a key:", f"set {KEYS[provider]}.")


def _install(provider: str, error: ImportError) -> str:
    """The command that installs the package of a provider, for the interpreter that runs."""
    if provider in EXTRAS:
        return f"in the project's folder, run {_interpreter()} -m pip install '.[{EXTRAS[provider]}]'"
    named = re.search(r"langchain-[a-z0-9-]*[a-z0-9]", str(error))  # LangChain knows it, where a provider has another's
    return f"run {_interpreter()} -m pip install {named[0] if named else f'langchain-{provider}'.replace('_', '-')}"


def _interpreter() -> str:
    """This interpreter as a command: beside the working directory where it lies there."""
    path = Path(sys.executable)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
