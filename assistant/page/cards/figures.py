"""The prices on a card, written as answers write them: escaped, with cents only where they matter."""

from dataclasses import dataclass
from html import escape

from assistant.page.cards.words import CardSpeech
from assistant.replies import NBSP, prices
from forecaster.schema import Forecast, Horizon

BANDS = {"95": ("0.025", "0.975"), "80": ("0.10", "0.90"), "50": ("0.25", "0.75")}  # widest first: painted over


@dataclass(frozen=True, slots=True)
class Figures:
    """The prices of one horizon."""

    speech: CardSpeech
    forecast: Forecast
    horizon: Horizon

    def band(self, name: str) -> tuple[str, str]:
        """Both ends of a band. A currency without a sign is named once, after the second."""
        first, second = (self._band(name)[end] for end in ("low", "high"))
        return first.removesuffix(f"{NBSP}{escape(self.forecast.quote)}"), second

    def spoken(self, name: str) -> str:
        """A band in words."""
        low, high = self.band(name)
        return self.speech.say("card.band", percent=self.speech.percent(int(name), 0), low=low, high=high)

    @property
    def middle(self) -> str:
        """The median, as it stands in its 80 % range."""
        return self._band("80")["median"]

    @property
    def last(self) -> str:
        """The price that the forecast starts from."""
        return escape(self.speech.price(self.forecast.last_price, self.forecast.symbol, self.forecast.quote))

    def asked(self, price: float) -> str:
        """A price that somebody named."""
        return escape(self.speech.asked_price(price, self.forecast.quote))

    def _band(self, name: str) -> dict[str, str]:
        low, high = (self.horizon.quantiles[level] for level in BANDS[name])
        told = prices(self.speech, self.forecast, low=low, high=high, median=self.horizon.median)
        return {name: escape(price) for name, price in told.items()}
