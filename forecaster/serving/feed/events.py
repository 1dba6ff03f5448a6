"""What is told on the stream, each kind as its own JSON, which is made once however many listen."""

from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime, Field

from forecaster.anomalies import AnomalyReport, Surprise
from forecaster.ledger import Outcome
from forecaster.market import Candles, Quote, Snapshot, utc
from forecaster.schema import Forecast, ForecastWarning, Frozen, Horizon, Symbol

Kind = Literal["quote", "candle", "forecast", "settled", "anomaly", "alert"]
PLAIN_HOUR = 60  # minutes ahead of the horizon that a forecast is announced with


class _Told(Frozen):
    """Of which coin, and from where."""

    symbol: Symbol
    source: str = Field(description="an exchange's name, 'demo' (simulated, not market data), or 'file'")


class QuoteTold(_Told):
    """The last trade, when it is another one."""

    quote: str = Field(description="quote currency, such as USD or USDT")
    price: float = Field(gt=0)
    time: AwareDatetime = Field(description="of that trade, by the source's clock")
    warnings: tuple[ForecastWarning, ...] = ()

    @classmethod
    def of(cls, quote: Quote) -> "QuoteTold":
        """What a quote says."""
        return cls(
            symbol=quote.symbol,
            source=quote.source,
            quote=quote.quote,
            price=quote.price,
            time=utc(int(quote.time)),
            warnings=quote.warnings,
        )


class CandleTold(_Told):
    """A candle that has closed, named by its opening time."""

    quote: str
    step_minutes: int
    open_time: AwareDatetime
    open: float
    high: float
    low: float
    close: float
    volume: float = Field(description="in the base currency")

    @classmethod
    def all_of(cls, snapshot: Snapshot, candles: Candles) -> "list[CandleTold]":
        """Some of a snapshot's candles, oldest first."""
        return [
            cls(
                symbol=snapshot.symbol,
                source=snapshot.source,
                quote=snapshot.quote,
                step_minutes=candles.step // 60,
                open_time=utc(int(time)),
                open=open_,
                high=high,
                low=low,
                close=close,
                volume=volume,
            )
            for time, open_, high, low, close, volume in candles.rows()
        ]


class ForecastTold(_Told):
    """A forecast that was issued, with what it says of the next hour. All of it is at /v1/forecasts/{id}."""

    id: str
    quote: str
    as_of: AwareDatetime
    last_close: float
    horizon: Horizon
    warnings: tuple[ForecastWarning, ...] = ()

    @classmethod
    def of(cls, issued: Forecast) -> "ForecastTold":
        """What is announced of a forecast: the horizon that is nearest to an hour."""
        return cls(
            symbol=issued.symbol,
            source=issued.source,
            id=issued.id,
            quote=issued.quote,
            as_of=issued.as_of,
            last_close=issued.last_close,
            horizon=min(issued.horizons, key=lambda each: abs(each.minutes - PLAIN_HOUR)),
            warnings=issued.warnings,
        )


class SettledTold(_Told):
    """What became of horizons of one forecast."""

    id: str
    as_of: AwareDatetime
    outcomes: tuple[Outcome, ...] = Field(description="those that are new")


class AnomalyTold(Surprise):
    """An hour that moved as almost none does. It stands for the six hours after it too."""

    symbol: Symbol
    source: str
    quote: str
    budget_days: float = Field(description="about one false alarm in so many days")

    @classmethod
    def of(cls, report: AnomalyReport, found: Surprise) -> "AnomalyTold":
        """One of a report's hours."""
        said = {name: getattr(found, name) for name in Surprise.model_fields}
        return cls(
            **said, symbol=report.symbol, source=report.source, quote=report.quote, budget_days=report.budget_days
        )


Told = QuoteTold | CandleTold | ForecastTold | SettledTold | AnomalyTold
KINDS: dict[type[Told], Kind] = {
    QuoteTold: "quote",
    CandleTold: "candle",
    ForecastTold: "forecast",
    SettledTold: "settled",
    AnomalyTold: "anomaly",
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something told: its place among all that is, and its JSON."""

    id: str  # empty where it is told again to one listener, whose place stays what it was
    kind: Kind
    symbol: str
    data: bytes

    @classmethod
    def of(cls, told: Told, id_: str = "") -> "Event":
        """An event with what is told as JSON on one line."""
        return cls(id_, KINDS[type(told)], told.symbol, told.model_dump_json().encode())
