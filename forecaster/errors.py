"""The whole exception tree.

    CryptoSenseError
    ├── InvalidInput            what the caller sent cannot be forecast from
    │   ├── UnsupportedSymbol
    │   └── UnsupportedHorizon
    ├── SourceError             candles or forecasts could not be had
    │   ├── ExchangeError       one exchange failed, and how
    │   ├── NoCandles           everything that was tried failed
    │   └── BackendError        the forecaster on another machine failed, and how
    ├── DataFileError           a candle file is not what it should be
    ├── ArtifactError           a saved model is missing, altered or unreadable
    └── ConfigurationError      a setting cannot work
        ├── NoRecord            no forecasts are kept
        ├── NotTrained          some of several networks could not be trained
        └── DatabaseError       the database that a setting names does not answer, or cannot be used

Foreign errors (httpx, SQLAlchemy, Arrow, ONNX Runtime) are translated into one of these where they
arise, with ``raise ... from``. Every message says what happened and ends with what to do next, and
none carries a secret or a foreign error's raw text, so that any of them may be shown to a client of the API. What a
visitor of the chat is told is `public`: the same without settings, files and commands, which are whoever runs it's.
"""

from collections.abc import Mapping
from pathlib import Path

LATER = "Please try again later."
SOON = "Please try again in a minute."


class CryptoSenseError(Exception):
    """Something this project can explain: what happened, then what to do next."""

    def __init__(self, message: str, remedy: str) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} {remedy}")

    @property
    def public(self) -> str:
        """What happened and what to do next, for whoever asks and does not run this."""
        return f"This cannot be answered right now. {LATER}"


class InvalidInput(CryptoSenseError):
    """What the caller sent cannot be forecast from."""

    @property
    def public(self) -> str:
        """All of it: it is about what was asked."""
        return str(self)


class UnsupportedSymbol(InvalidInput):
    """A symbol that is not offered. `how` says in a sentence, without its full stop, how it could be."""

    def __init__(self, symbol: str, supported: tuple[str, ...], how: str = "") -> None:
        self.symbol = symbol
        self.supported = supported
        remedy = f"Ask for {' or '.join(supported)}." + (f" {how}." if how else "")
        super().__init__(f"{symbol[:20]!r} is not supported.", remedy)


class UnsupportedHorizon(InvalidInput):
    """A horizon that the loaded model does not forecast."""

    def __init__(self, hours: int, longest: int, minutes: int | None = None) -> None:
        """`minutes` is what was asked for, where it was no whole hours."""
        self.hours = hours
        self.longest = longest
        span = "1 hour" if longest == 1 else f"1 to {longest} hours"
        asked = f"{hours} hours" if minutes is None else f"{minutes} minutes"
        super().__init__(f"The loaded model does not forecast {asked} ahead.", f"Ask for {span} ahead.")


class SourceError(CryptoSenseError):
    """Candles or forecasts could not be had."""

    @property
    def public(self) -> str:
        """What happened, and that it may pass."""
        return f"{self.message} {SOON}"


class ExchangeError(SourceError):
    """One exchange failed. ``cause`` is a few plain words, such as "timed out"."""

    def __init__(self, exchange: str, cause: str, *, retry_after: float | None = None, transient: bool = False) -> None:
        self.exchange = exchange
        self.cause = cause
        self.retry_after = retry_after  # seconds for which the exchange asked to be left alone
        self.transient = transient  # a second try at once may succeed
        super().__init__(f"{exchange} {cause}.", "Try another exchange, or again in a minute.")


class NoCandles(SourceError):
    """Everything that was tried failed. ``failures`` holds one error an exchange, in the order tried."""

    def __init__(self, symbol: str, failures: tuple[ExchangeError, ...]) -> None:
        self.symbol = symbol
        self.failures = failures
        tried = "; ".join(f"{f.exchange} {f.cause}" for f in failures) or "no exchange is configured"
        super().__init__(
            f"No exchange gave candles for {symbol} ({tried}).",
            "Check the connection and try again in a minute, or set CRYPTOSENSE_SOURCE=demo for simulated prices.",
        )


class BackendError(SourceError):
    """The forecaster on another machine failed. ``cause`` is a few plain words, such as "timed out"."""

    def __init__(self, cause: str, *, retry_after: float | None = None, transient: bool = False) -> None:
        self.cause = cause
        self.retry_after = retry_after  # seconds for which it asked to be left alone
        self.transient = transient  # a second try at once may succeed
        super().__init__(
            f"The forecaster at CRYPTOSENSE_BACKEND_URL {cause}.",
            "Try again in a minute, or unset CRYPTOSENSE_BACKEND_URL to forecast on this machine.",
        )

    @property
    def public(self) -> str:
        """How it failed."""
        return f"The forecaster {self.cause}. {SOON}"


class DataFileError(CryptoSenseError):
    """A candle file is not what it should be."""


class ArtifactError(CryptoSenseError):
    """A saved model is missing, altered or unreadable."""


class ConfigurationError(CryptoSenseError):
    """A setting cannot work."""


class NoRecord(ConfigurationError):
    """No forecasts are kept, since none is from live candles."""

    def __init__(self) -> None:
        super().__init__("No forecasts are kept here.", "Ask a server that forecasts from live candles.")

    @property
    def public(self) -> str:
        """All of it."""
        return str(self)


class NotTrained(ConfigurationError):
    """Some of several networks could not be trained, while the others were: ``why``, by each one's file."""

    def __init__(self, why: Mapping[Path, ConfigurationError]) -> None:
        self.why = why
        first = next(iter(why.values()))
        super().__init__(first.message, first.remedy)


class DatabaseError(ConfigurationError):
    """The database does not answer, or cannot be used. ``cause`` is a few plain words, such as "is read-only"."""

    retry_after = 5  # seconds: by then a database that was only busy answers again

    def __init__(self, name: str, cause: str) -> None:
        self.cause = cause
        super().__init__(
            f"The {name} {cause}.",
            "Check that CRYPTOSENSE_DATABASE_URL names a database that runs and may be written, and that its disk has "
            "room; then try again in a few seconds.",
        )
