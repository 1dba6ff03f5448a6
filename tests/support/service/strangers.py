"""Programs run as in a container: by a user that the system does not know, without HOME."""

import os
import shutil
import subprocess
import sys

import pytest

from forecaster.settings import ROOT

UID = 12_345
AS_STRANGER = ("unshare", "--user", f"--map-user={UID}", f"--map-group={UID}")


def need_strangers() -> None:
    """Skip a test where Linux does not let us be somebody else; with CI=true, fail."""
    known = shutil.which("unshare") is not None
    if known and subprocess.run([*AS_STRANGER, "true"], capture_output=True, check=False).returncode == 0:
        return
    told = "This needs util-linux's unshare and user namespaces that a user may make."
    pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)


def surroundings(**more: object) -> dict[str, str]:
    """What finds Python and our settings, and nothing else but `more`."""
    kept = {
        name: value for name, value in os.environ.items() if name.startswith(("CRYPTOSENSE_", "PATH", "PYTHONPATH"))
    }
    return kept | {name: str(value) for name, value in more.items()}


def python(*arguments: str) -> list[str]:
    """The command of a Python that a stranger runs."""
    return [*AS_STRANGER, sys.executable, *arguments]


def app(*arguments: str) -> list[str]:
    """The command of app.py as a stranger runs it."""
    return python(str(ROOT / "app.py"), *arguments)
