"""The pictures in docs/screenshots, taken from the whole product over fake exchanges that serve a file of candles.

    python -m tests.support.browser.screenshots FILE [--hours 30]

The last hours of the file are moved to now and replayed first, so that the track record holds forecasts with outcomes.
"""

import argparse
import io
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from forecaster.market.files.reader import read_candles
from forecaster.schema import HOUR
from forecaster.settings import ROOT
from tests.support.browser.chromium import DESKTOP, PHONE, Visit, at_rest, chromium, product, visits

OUT = ROOT / "docs" / "screenshots"
KEPT = 1000  # hours that the exchanges know
COLOURS = 96  # of a picture: enough for text and flat colours, and a quarter of the bytes
TALL = DESKTOP | {"height": 1500}
PANEL = {"width": 400, "height": 620}
QUESTION = "what's BTC next hour?"


def take(browser: Browser, address: str, out: Path) -> None:
    """Every picture."""
    with visits(browser) as visit:
        for name, viewport, options in (
            ("chat-light", DESKTOP, {"color_scheme": "light"}),
            ("chat-dark", DESKTOP, {"color_scheme": "dark"}),
            ("chat-phone", PHONE | {"height": 1100}, {"color_scheme": "light"}),
        ):
            chat = visit(address, viewport, **options)
            chat.ask(QUESTION)
            _drawn(chat)
            _shot(chat, out / f"{name}.png")
        for tab in ("Model report", "Track record"):
            for name, viewport, scheme in (("", TALL, "light"), ("-dark", TALL, "dark"), ("-phone", PHONE, "light")):
                chat = visit(address, viewport, color_scheme=scheme)
                chat.page.get_by_role("tab", name=tab).click()
                chat.page.locator("article.page").wait_for()
                _shot(chat, out / f"{tab.lower().replace(' ', '-')}{name}.png")
        chat = visit(f"{address}/?embed=1&symbol=ETH-USD&theme=dark&title=Ask%20me", PANEL, color_scheme="light")
        chat.ask("what's ETH in 6 hours?")
        _shot(chat, out / "embed.png")


def _drawn(chat: Visit) -> None:
    """Wait until the chart has taken the place of the card's picture."""
    chart = chat.page.locator(".chart").last
    chart.scroll_into_view_if_needed()
    chart.locator(".reading b").wait_for()
    chat.questions.last.scroll_into_view_if_needed()
    at_rest(chart)


def _shot(chat: Visit, file: Path) -> None:
    picture = Image.open(io.BytesIO(chat.page.screenshot(animations="disabled")))
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", type=Path)
    options.add_argument("--hours", type=int, default=30)
    options.add_argument("--out", type=Path, default=OUT)
    chosen = options.parse_args()
    candles = read_candles(chosen.file).candles[-KEPT:]
    now = time.time()
    candles = replace(candles, time=candles.time + int(now) // HOUR * HOUR - candles.end)  # or two clocks would differ
    with (
        tempfile.TemporaryDirectory() as directory,
        chromium() as browser,
        product(Path(directory), candles, now, chosen.hours) as address,
    ):
        take(browser, address, chosen.out)
    sys.stdout.write(f"{chosen.out}\n")


if __name__ == "__main__":
    main()
