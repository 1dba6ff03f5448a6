"""The picture that a link to the page shows elsewhere: the newest forecast's ranges as a bar, drawn once a minute.

PNG, since most previews know no SVG. It is in English: who fetches it is a machine, which asks for all readers.
"""

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from assistant.page.words import Words
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
    """The route's endpoint. However many ask, there is one forecast and one picture a minute."""

    def __init__(
        self,
        forecast: Callable[[Symbol, int], Awaitable[Forecast]] | None,
        symbol: Symbol,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`forecast` takes hours and may raise CryptoSenseError; without one, or where it fails, none is drawn."""
        self._forecast, self._symbol, self._clock = forecast, symbol, clock
        self._drawn: asyncio.Task[bytes] | None = None
        self._end = 0.0

    async def answer(self, request: Request) -> Response:
        """The picture."""
        now = self._clock()
        if self._drawn is None or (self._drawn.done() and (now >= self._end or self._drawn.cancelled())):
            self._drawn, self._end = asyncio.get_running_loop().create_task(self._draw()), now + FRESH
        png = await asyncio.shield(self._drawn)
        return Response(png, media_type="image/png", headers={"Cache-Control": f"public, max-age={FRESH:.0f}"})

    async def _draw(self) -> bytes:
        newest = None
        try:
            async with asyncio.timeout(PATIENCE):
                newest = await self._forecast(self._symbol, 1) if self._forecast else None
        except (CryptoSenseError, TimeoutError) as error:
            log.warning("The picture of links shows no forecast. %s", error)
        return await asyncio.to_thread(picture, newest)


def picture(forecast: Forecast | None) -> bytes:
    """The picture as PNG, 1200 x 630."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH, HEIGHT), BACK)
    draw = ImageDraw.Draw(image)
    _text(draw, (LEFT, 60), "CryptoSense", 44)
    if forecast is None:
        _text(draw, (LEFT, 240), "Forecasts of coins that say how sure they are", 48)
        _text(draw, (LEFT, 320), "and how good they have been, misses included", 40, PALE)
    else:
        _ranges(draw, forecast)
    _text(draw, (LEFT, 550), "Educational, not financial advice", 28, PALE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _ranges(draw: "ImageDraw", forecast: Forecast) -> None:
    words, horizon = Words(), forecast.horizons[-1]
    quantiles, last = horizon.quantiles, forecast.last_price
    low, high = min(quantiles["0.025"], last), max(quantiles["0.975"], last)

    def at(price: float) -> float:
        return LEFT + (RIGHT - LEFT) * (price - low) / (high - low or 1.0)

    def money(price: float) -> str:
        digits = 0 if quantiles["0.90"] - quantiles["0.10"] >= WIDE else 2 if price >= 1 else 5
        return words.money(price, forecast.quote, digits).replace("\u00a0", " ")

    name, until = words.coin(forecast.symbol), words.world(horizon.target_time)
    _text(draw, (LEFT, 150), f"{name} at {until}", 36, PALE)
    _text(draw, (LEFT, 205), f"{money(quantiles['0.10'])} to {money(quantiles['0.90'])}", 76)
    for _, lower, upper, shade in SHADES:
        draw.rectangle((at(quantiles[lower]), BAR[0], at(quantiles[upper]), BAR[1]), fill=shade)
    draw.rectangle((at(last) - 3, BAR[0] - 16, at(last) + 3, BAR[1] + 16), fill=HAPPENED)
    told = f"80 % range; last price {money(last)}, {words.world(forecast.price_time)}"
    if ForecastWarning.DEMO_DATA in forecast.warnings:
        told = f"{words.say('ticker.simulated')}. {told}"
    _text(draw, (LEFT, 475), told, 30, PALE)


def _text(draw: "ImageDraw", at: tuple[int, int], text: str, size: int, ink: str = INK) -> None:
    from PIL import ImageFont

    font: Any = ImageFont.load_default(size)
    draw.text(at, text, fill=ink, font=font)
