"""docs/architecture.md and CONTRIBUTING.md name files and folders that exist, and every room of the house."""

import re

import pytest

from forecaster.settings import ROOT

PAGES = ("docs/architecture.md", "CONTRIBUTING.md")


def named(text: str) -> set[str]:
    """Paths between backticks."""
    return set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*|\w+\.py)`", text))


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page):
    rooms = ("forecaster", "assistant", "api", "tools")
    places = [ROOT, *(path for room in rooms for path in (ROOT / room).rglob("*") if path.is_dir())]
    paths = named((ROOT / page).read_text())
    assert len(paths) > 10
    for path in paths:
        assert any((place / path).exists() for place in places), path


def test_every_room_is_on_the_plan():
    text = (ROOT / "docs" / "architecture.md").read_text()
    for package in ("forecaster", "assistant", "api"):
        for room in (ROOT / package).iterdir():
            if (room / "__init__.py").exists():
                assert room.name in text, room


def test_a_path_that_does_not_exist_would_be_found():
    assert named("see `forecaster/nowhere.py` and `app.py`") == {"forecaster/nowhere.py", "app.py"}
    assert not (ROOT / "forecaster/nowhere.py").exists()
