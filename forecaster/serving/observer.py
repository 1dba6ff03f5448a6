"""Who is told what backends do, such as what counts it for an operator."""

from typing import Protocol, TypeVar

from forecaster.schema import CALLER, Forecast, ForecastWarning, ModelRef, Provenance
from forecaster.serving.drift import Drifts

Told = TypeVar("Told", bound=Provenance | Forecast)


class Observer(Protocol):
    """Is told at once, on the event loop or in any thread, and must not take long."""

    def forecast_issued(self, symbol: str) -> None:
        """Somebody got a forecast."""
        ...

    def serves(self, name: str, version: str, sha256: str) -> None:
        """This model answers from now on."""
        ...

    def candle_seen(self, symbol: str, age: float) -> None:
        """The newest candle that is known closed so many seconds ago, by its source's clock."""
        ...

    def database_works(self, works: bool) -> None:
        """Whether candles and forecasts can be kept and read, at each change."""
        ...

    def drifted(self, drifts: Drifts) -> None:
        """How live forecasts compare with the record of the model that answers, once an hour: all that is known."""
        ...


class Nobody:
    """An Observer that does not listen."""

    def forecast_issued(self, symbol: str) -> None:
        """See Observer."""

    def serves(self, name: str, version: str, sha256: str) -> None:
        """See Observer."""

    def candle_seen(self, symbol: str, age: float) -> None:
        """See Observer."""

    def database_works(self, works: bool) -> None:
        """See Observer."""

    def drifted(self, drifts: Drifts) -> None:
        """See Observer."""


def told(observer: Observer, answer: Told) -> Told:
    """The answer, once the observer knows of it. Simulated candles, and those of a caller, do not grow old."""
    if answer.source != CALLER and ForecastWarning.DEMO_DATA not in answer.warnings:
        observer.candle_seen(answer.symbol, answer.age_seconds)
    if isinstance(answer, Forecast):
        observer.forecast_issued(answer.symbol)
    return answer


def tell_model(observer: Observer, model: ModelRef) -> None:
    """Let the observer know which model answers."""
    observer.serves(model.name, model.version, model.sha256)
