"""The picture that a link to the page shows elsewhere: the newest forecast's ranges as a bar, drawn once a minute.

PNG, since most previews know no SVG. Its language is the one that the page's address names to who asks for previews;
English where no font at hand has the language's letters.
"""

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from assistant.page.document.letters import font_of, font_with
from assistant.page.options import TITLE
from assistant.page.visitor import USUAL, Visitor, language_of
from assistant.page.words import Words
from assistant.replies import NBSP
from assistant.understanding import Language
from forecaster.errors import CryptoSenseError
from forecaster.schema import Forecast, ForecastWarning, Symbol

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

ADDRESS = "/preview.png"
WIDTH, HEIGHT = 1200, 630  # pixels, as previews want them
FRESH = 60.0  # seconds
PATIENCE = 5.0  # seconds until a forecast is given up
LEFT, RIGHT, BAR = 80, 1120, (360, 440)
BACK, INK, PALE, HAPPENED = "#0c1017", "#f3f6fa", "#9aa7b8", "#35c7de"
SHADES = (("95", "0.025", "0.975", "#5a3d1e"), ("80", "0.10", "0.90", "#a8682f"), ("50", "0.25", "0.75", "#ffa14a"))
WIDE = 20  # a range at least this wide needs no cents

log = logging.getLogger(__name__)


class Preview:
    """The route's endpoint. However many ask, there is one forecast a minute, and one picture of it a language."""

    def __init__(
        self,
        forecast: Callable[[Symbol, int], Awaitable[Forecast]] | None,
        symbol: Symbol,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`forecast` takes hours and may raise CryptoSenseError; without one, or where it fails, none is drawn."""
        self._forecast, self._symbol, self._clock = forecast, symbol, clock
        self._newest: asyncio.Task[Forecast | None] | None = None
        self._drawn: dict[Language, asyncio.Task[bytes]] = {}
        self._end = 0.0

    async def answer(self, request: Request) -> Response:
        """The picture in the language of `?lang=`."""
        language, now = language_of(request.query_params, ""), self._clock()
        newest = self._newest
        if newest is None or (newest.done() and (now >= self._end or newest.cancelled())):
            self._newest = newest = asyncio.create_task(self._ask())
            self._drawn, self._end = {}, now + FRESH
        drawn = self._drawn.get(language)
        if drawn is None or (drawn.done() and drawn.cancelled()):
            self._drawn[language] = drawn = asyncio.create_task(_drawn(newest, language))
        png = await asyncio.shield(drawn)
        return Response(png, media_type="image/png", headers={"Cache-Control": f"public, max-age={FRESH:.0f}"})

    async def _ask(self) -> Forecast | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._forecast(self._symbol, 1) if self._forecast else None
        except (CryptoSenseError, TimeoutError) as error:
            log.warning("The picture of links shows no forecast. %s", error)
        return None


async def _drawn(newest: asyncio.Task[Forecast | None], language: Language) -> bytes:
    forecast = await asyncio.shield(newest)
    return await asyncio.to_thread(picture, forecast, Words(Visitor(language=language)))


class Line(NamedTuple):
    """A line of text below others."""

    top: int  # pixels
    text: str
    size: int  # pixels; less where it would be too long
    ink: str = INK


def picture(forecast: Forecast | None, words: Words | None = None) -> bytes:
    """The picture as PNG, 1200 x 630, in a visitor's words; in English where no font has their letters."""
    from PIL import Image, ImageDraw

    words = words or Words()
    lines = [Line(60, TITLE, 44), *_told(forecast, words), Line(550, words.say("page.advice"), 28, PALE)]
    font = font_with("".join(sorted(set("".join(line.text for line in lines)))))
    if font is None and words.visitor.language is not USUAL:
        return picture(forecast)
    image = Image.new("RGB", (WIDTH, HEIGHT), BACK)
    draw = ImageDraw.Draw(image)
    for line in lines:
        _write(draw, line, font)
    if forecast is not None:
        _ranges(draw, forecast)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _told(forecast: Forecast | None, words: Words) -> list[Line]:
    """What it forecasts, or where there is nothing to tell, what the page is."""
    if forecast is None:
        return [Line(240, words.say("preview.what"), 48), Line(320, words.say("preview.record"), 40, PALE)]
    horizon, eighty = forecast.horizons[-1], words.percent(80, 0)
    quantiles = horizon.quantiles

    def money(price: float) -> str:
        digits = 0 if quantiles["0.90"] - quantiles["0.10"] >= WIDE else 2 if price >= 1 else 5
        return words.money(price, forecast.quote, digits)

    coin, until = words.coin(forecast.symbol), words.world(horizon.target_time)
    ends = {"low": money(quantiles["0.10"]), "high": money(quantiles["0.90"])}
    known = words.say("preview.known", range=eighty, price=money(forecast.last_price),
                      time=words.world(forecast.price_time))  # fmt: skip
    simulated = [Line(515, words.say("ticker.simulated"), 28, PALE)]
    return [
        Line(150, words.say("preview.at", coin=coin, time=until), 36, PALE),
        Line(205, words.say("record.interval", **ends), 76),
        Line(475, known, 30, PALE),
        *(simulated if ForecastWarning.DEMO_DATA in forecast.warnings else []),
    ]


def _ranges(draw: "ImageDraw", forecast: Forecast) -> None:
    quantiles, last = forecast.horizons[-1].quantiles, forecast.last_price
    low, high = min(quantiles["0.025"], last), max(quantiles["0.975"], last)

    def at(price: float) -> float:
        return LEFT + (RIGHT - LEFT) * (price - low) / (high - low or 1.0)

    for _, lower, upper, shade in SHADES:
        draw.rectangle((at(quantiles[lower]), BAR[0], at(quantiles[upper]), BAR[1]), fill=shade)
    draw.rectangle((at(last) - 3, BAR[0] - 16, at(last) + 3, BAR[1] + 16), fill=HAPPENED)


def _write(draw: "ImageDraw", line: Line, name: str | None) -> None:
    text = line.text.replace(NBSP, " ").replace("\u202f", " ")  # which few fonts have
    font = font_of(name, line.size)
    if (wide := draw.textlength(text, font)) > RIGHT - LEFT:
        font = font_of(name, int(line.size * (RIGHT - LEFT) / wide))
    draw.text((LEFT, line.top), text, fill=line.ink, font=font)
