"""What the browser tests share: one Chromium while they run one after another, and one product for the whole session.

Each test opens pages in contexts of its own. None of them changes what the product does for the next.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.support.browser.chromium import DESKTOP, Visit, chromium, product, visits
from tests.support.browser.guests import Go, Guest
from tests.support.browser.sites import Site, site
from tests.support.fakes import NOON, candles_ending
from tests.support.needs import require

Open = Callable[..., Visit]
LIVED = 3  # hours whose forecasts have an outcome
DENYING = "--test-third-party-cookie-phaseout"  # no cookies and no storage for frames of other sites


class Shared:
    """A browser that is opened when it is needed first."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._browser: Browser | None = None

    def browser(self) -> Browser:
        self._browser = self._browser or self._open.enter_context(chromium(DENYING))
        return self._browser

    def close(self) -> None:
        self._browser = None
        self._open.close()


SHARED = Shared()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """Close the browser before a test that does without it: beside its event loop no async test can run."""
    try:
        yield
    finally:
        if "browser" not in getattr(nextitem, "fixturenames", ()):
            SHARED.close()


def pytest_sessionfinish() -> None:
    SHARED.close()


@pytest.fixture
def browser() -> Browser:
    return SHARED.browser()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    with visits(browser) as visit:
        yield visit


@pytest.fixture
def go(browser: Browser) -> Iterator[Go]:
    """Opens a page of a site in a fresh context, as a guest."""
    contexts: list[BrowserContext] = []

    def visit(address: str, viewport: dict[str, int] = DESKTOP, **options: Any) -> Guest:
        contexts.append(browser.new_context(viewport=viewport, **options))  # type: ignore[arg-type]
        return Guest(contexts[-1].new_page(), address)

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def friend() -> Iterator[Site]:
    """A site that may embed the chat, under two names: to a browser, localhost is another site than 127.0.0.1."""
    with site() as found:
        yield found


@pytest.fixture(scope="session")
def stranger() -> Iterator[Site]:
    """A site that may not."""
    with site() as found:
        yield found


@pytest.fixture(scope="session")
def served(friend: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the product, some hours after its first forecast."""
    require("chromium")  # or all this would be for nothing
    origins = f"{friend.address},{friend.elsewhere}"  # all tests come from one address, and a fast machine asks much
    settings = {"ALLOWED_ORIGINS": origins, "CHAT_RATE_LIMIT": "off", "RATE_LIMIT": "off"}
    directory = tmp_path_factory.mktemp("product")
    with product(directory, candles_ending(), NOON + 240, LIVED, **settings) as address:
        yield address
