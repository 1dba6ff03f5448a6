"""Tells the libraries that we use to be quiet: none reports to anybody, none leaves its files in the home directory.

They read these variables while they are imported, some in child processes; so `forecaster/__init__.py` calls this, and
every package of ours imports that one first. What is meant for other programs of the same owner, such as
LANGSMITH_TRACING=true, does not hold for this one: conversations and prices go where a setting of ours sends them.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SILENT = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime, which otherwise keeps a device id and asks for its maker's collector
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",  # Hugging Face's hub, which Gradio brings
    "LANGSMITH_TRACING_V2": "false",  # LangSmith: each of its names, in the order in which it looks
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING": "false",
    "LANGSMITH_GATEWAY": "false",  # would take a provider's place
    "OTEL_SDK_DISABLED": "true",  # OpenTelemetry, which FastAPI, MCP and LangSmith use where it is installed
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "DO_NOT_TRACK": "1",  # whoever else heeds it
}
UNLESS_TOLD = {
    "HF_HUB_OFFLINE": "1",  # 0 for a CRYPTOSENSE_LLM of Hugging Face's
}
# requests, which LangSmith brings, silences this itself while it is imported; another thread's import may undo that.
NO_SOCKS = "SOCKS support in urllib3"
FOLDERS = {"GRADIO_TEMP_DIR": "gradio", "KERAS_HOME": "keras", "MPLCONFIGDIR": "matplotlib"}


def be_quiet() -> None:
    """Set the variables, for this process and those that it starts."""
    warnings.filterwarnings("ignore", message=NO_SOCKS)
    os.environ.update(SILENT)
    folder = _data_directory()
    theirs = {name: str(folder / own) for name, own in FOLDERS.items()} if folder else {}
    for name, value in (UNLESS_TOLD | theirs).items():
        os.environ.setdefault(name, value)


@contextmanager
def without(prefix: str) -> Iterator[None]:
    """While no variable that begins so can be seen: what is built then is as our own settings say."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(prefix)}
    try:
        yield
    finally:
        os.environ.update(taken)


def _data_directory() -> Path | None:
    """Where our database lies by default; None where that cannot be: each library then finds a place itself."""
    from platformdirs import user_data_path

    try:
        folder = user_data_path("cryptosense")
    except RuntimeError:  # nobody's home, as in some containers
        return None
    there = next((each for each in (folder, *folder.parents) if os.path.exists(each)), None)
    return folder if there and os.access(there, os.W_OK) else None
