"""What a forecast says besides its numbers: whose it is, from which candles, how good, and how far to trust it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.errors import InvalidInput, UnsupportedHorizon, UnsupportedSymbol
from forecaster.inference.interpolation import Distributions, at_minutes
from forecaster.market import Candles, Snapshot, utc
from forecaster.quantiles import Floats
from forecaster.schema import (
    CALLER,
    WINDOW,
    Forecast,
    ForecastWarning,
    Horizon,
    InputKind,
    ModelFacts,
    ModelRef,
    Report,
    Skill,
    TouchFactors,
)

Record = tuple[Skill, dict[str, float]]  # skill and coverage
Flag = tuple[ForecastWarning, str]  # a warning, and the same in words
ALWAYS = (  # what any forecast may carry
    ForecastWarning.STALE_CANDLES,
    ForecastWarning.CLOCK_SKEW,
    ForecastWarning.DEMO_DATA,
    ForecastWarning.GAPS_FILLED,
    ForecastWarning.OUT_OF_DISTRIBUTION,
    ForecastWarning.UNEVALUATED_SYMBOL,
    ForecastWarning.HOURLY,
    ForecastWarning.STALE_QUOTE,
    ForecastWarning.SOURCES_DISAGREE,
)


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A forecast whose distributions are still arrays, for who writes many of them or asks for few of their numbers."""

    said: dict[str, Any]  # the fields of a Forecast, in their order, `horizons` empty
    distributions: Distributions

    def forecast(self) -> Forecast:
        """The same as an object."""
        return Forecast(**self.said | {"horizons": self.distributions.horizons()})

    def detailed(self, levels: Sequence[float] = (), threshold: float | None = None) -> "Draft":
        """See the function of that name."""
        if not levels and threshold is None:
            return self
        return replace(self, distributions=self.distributions.detailed(levels, threshold))

    def flagged(self, warning: ForecastWarning, words: str) -> "Draft":
        """The same with one more warning, also in words."""
        warnings, notes = (*self.said["warnings"], warning), (*self.said["notes"], words)
        return replace(self, said=self.said | {"warnings": warnings, "notes": notes})


class Issuer:
    """Issues the forecasts of one model."""

    flags: ClassVar[tuple[ForecastWarning, ...]]  # that its forecasts may carry, besides those of every recipe
    touch: TouchFactors | None = None  # where its calibration has learned it
    any_coin: bool  # whether coins that it never saw are forecast too, and say so

    def __init__(self, artifact: Artifact) -> None:
        self._manifest = artifact.manifest
        self.ref: ModelRef = artifact.ref
        self.report: Report = artifact.report
        self._parameters = artifact.parameters
        self.longest: int = artifact.manifest.horizons
        self.evaluation: bytes | None = artifact.files.get("evaluation.json")
        self._records: dict[tuple[str, InputKind, int], Record] = {}
        self._graded = {self.report.symbol, *(row.symbol for row in self.report.table)}

    @property
    def facts(self) -> ModelFacts:
        """See Predictor."""
        said = self._manifest
        return ModelFacts(
            model=self.ref,
            recipe=said.recipe,
            symbols=said.symbols,
            trained_from=said.trained_from,
            trained_to=said.trained_to,
            expires=said.expires,
            input_hours=said.input_hours,
            horizons=said.horizons,
            features=said.features,
            band_method=said.band_method,
            warnings=(*ALWAYS, *self.flags, *([ForecastWarning.MODEL_EXPIRED] if said.expires else [])),
            versions=said.versions,
            touch=self.touch and TouchFactors(up=self.touch.up, down=self.touch.down),  # as a remote one has it
            parameters=self._parameters,
        )

    def known(self, symbols: Sequence[str]) -> tuple[str, ...]:
        """See Predictor."""
        return tuple(symbol for symbol in symbols if self.any_coin or symbol in self._manifest.symbols)

    def check(self, symbol: str, hours: int) -> None:
        """Raise UnsupportedSymbol or UnsupportedHorizon for what the model never learned."""
        if not self.known((symbol,)):
            raise UnsupportedSymbol(symbol, self._manifest.symbols, "The quantile model forecasts other coins too")
        if not 1 <= hours <= self._manifest.horizons:
            raise UnsupportedHorizon(hours, self._manifest.horizons)

    def issue(
        self,
        snapshot: Snapshot,
        horizons: tuple[Horizon, ...],
        flags: Sequence[Flag] = (),
        kind: InputKind = "full",
        other: Snapshot | None = None,
    ) -> Forecast:
        """The forecast, with what is said beside its numbers."""
        return Forecast(**self.said(snapshot, horizons[-1].minutes, flags, kind, other) | {"horizons": horizons})

    def said(
        self, snapshot: Snapshot, last: int, flags: Sequence[Flag], kind: InputKind, other: Snapshot | None
    ) -> dict[str, Any]:
        """The fields of a forecast, without its horizons: its record, the source's warnings and `flags`.

        `other` is what else it was made from. The record is that of its symbol, kind of input and `last` horizon
        (minutes), or of the graded horizon nearest to that.
        """
        as_of, price = snapshot.as_of, float(snapshot.candles.close[-1])
        skill, coverage = self._record(snapshot.symbol, kind, -(-last // 60))
        flags = [*flags, *self._expired(as_of), *self._unevaluated(snapshot.symbol)]
        return {
            "id": self._id(snapshot, as_of, other),
            "symbol": snapshot.symbol,
            "source": snapshot.source,
            "quote": snapshot.quote,
            "as_of": utc(as_of),
            "age_seconds": snapshot.age,
            "last_close": price,
            "last_price": price,
            "price_time": utc(as_of),
            "horizons": (),
            "skill": skill,
            "coverage": coverage,
            "warnings": tuple(dict.fromkeys((*snapshot.warnings, *(warning for warning, _ in flags)))),
            "notes": (*snapshot.notes, *(words for _, words in flags)),
            "model": self.ref,
        }

    def ahead(self, forecast: Forecast, minutes: Sequence[int]) -> Forecast:
        """See Predictor."""
        kind: InputKind = "closes_only" if ForecastWarning.CLOSES_ONLY in forecast.warnings else "full"
        skill, coverage = self._record(forecast.symbol, kind, -(-minutes[-1] // 60))
        horizons = at_minutes(forecast, minutes, self._first_hour(forecast, kind))
        return forecast.model_copy(update={"horizons": horizons, "skill": skill, "coverage": coverage})

    def _first_hour(self, forecast: Forecast, kind: InputKind) -> Callable[[Floats, Sequence[int]], Floats] | None:
        """What is known of the minutes before the first hour, beside a straight line: nothing, unless a recipe does."""
        return None

    def _record(self, symbol: str, kind: InputKind, hours: int) -> Record:
        """Skill and coverage of such forecasts on unseen hours."""
        asked = symbol, kind, hours
        if asked not in self._records:
            row = self.report.row(symbol, kind, hours)
            of = row or self.report
            self._records[asked] = (row.mae_skill if row else self.report.skill), of.coverage
        return self._records[asked]

    def _expired(self, as_of: int) -> list[Flag]:
        expires = self._manifest.expires
        if expires is None or as_of <= expires.timestamp():
            return []
        return [(ForecastWarning.MODEL_EXPIRED, f"the model was trained to serve until {expires:%Y-%m-%d}")]

    def _unevaluated(self, symbol: str) -> list[Flag]:
        if symbol in self._graded:
            return []
        words = f"the model was not graded on {symbol}: the record is {self.report.symbol}'s"
        return [(ForecastWarning.UNEVALUATED_SYMBOL, words)]

    def _id(self, snapshot: Snapshot, as_of: int, other: Snapshot | None) -> str:
        """The same candle, source and model give the same forecast, and so the same id.

        Two callers may send different candles of the same hour: of theirs, every number counts.
        """
        text = f"{snapshot.symbol}|{snapshot.source}|{as_of}|{self.ref.sha256}".encode()
        if snapshot.source == CALLER:
            text += b"".join(_numbers(sent.candles) for sent in ((snapshot, other) if other else (snapshot,)))
        elif (
            ForecastWarning.HOURLY in snapshot.warnings
        ):  # from other candles than those that end at a five-minute mark
            text += b"|hourly"
        return f"fc_{hashlib.sha256(text).hexdigest()[:20]}"


def _numbers(candles: Candles) -> bytes:
    """What a forecast may be made from: the open is not."""
    columns = (candles.time, candles.high, candles.low, candles.close, candles.volume)
    return b"".join([column.tobytes() for column in columns])


def gaps_flag(filled: int, hours: int) -> list[Flag]:
    """The warning that some of the last `hours` hours had no trade, where there were such."""
    words = f"{filled} of the last {hours} hours had no trade and were filled forward"
    return [(ForecastWarning.GAPS_FILLED, words)] if filled else []


def checked_closes(closes: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Closes (60,). Raises InvalidInput unless there are exactly 60, each finite and positive."""
    window = np.asarray(closes, dtype=np.float64)
    if window.shape != (WINDOW,) or not 0 < window.min() <= window.max() < np.inf:  # a NaN is in none of these
        raise InvalidInput(
            f"A forecast needs exactly {WINDOW} positive closes.", "Send them oldest first, one an hour."
        )
    return window
