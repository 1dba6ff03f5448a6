"""What a forecast says besides its numbers: whose it is, from which candles, how good, and how far to trust it."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.candles import utc
from forecaster.data.source import Snapshot
from forecaster.errors import InvalidInput, UnsupportedHorizon, UnsupportedSymbol
from forecaster.features import WINDOW
from forecaster.schema import Forecast, ForecastWarning, Horizon, InputKind, ModelRef, Report, Skill

Flag = tuple[ForecastWarning, str]  # a warning, and the same in words


class Issuer:
    """Issues the forecasts of one model."""

    def __init__(self, artifact: Artifact) -> None:
        self._manifest = artifact.manifest
        self.ref: ModelRef = artifact.ref
        self.report: Report = artifact.report
        self.longest: int = artifact.manifest.horizons

    def check(self, symbol: str, hours: int) -> None:
        """Raise UnsupportedSymbol or UnsupportedHorizon for what the model never learned."""
        if symbol not in self._manifest.symbols:
            raise UnsupportedSymbol(symbol, self._manifest.symbols)
        if not 1 <= hours <= self._manifest.horizons:
            raise UnsupportedHorizon(hours, self._manifest.horizons)

    def issue(
        self, snapshot: Snapshot, horizons: tuple[Horizon, ...], flags: Sequence[Flag] = (), kind: InputKind = "full"
    ) -> Forecast:
        """The forecast, with its record, the source's warnings and `flags`.

        The record is that of its symbol, kind of input and last horizon, or of the graded horizon nearest to that.
        """
        skill, coverage = self._record(snapshot.symbol, kind, horizons[-1].hours)
        flags = [*flags, *self._expired(snapshot), *self._unevaluated(snapshot)]
        return Forecast(
            id=self._id(snapshot),
            symbol=snapshot.symbol,  # type: ignore[arg-type]  # checked against the model's symbols before
            source=snapshot.source,
            quote=snapshot.quote,
            as_of=utc(snapshot.as_of),
            age_seconds=snapshot.age,
            last_close=float(snapshot.candles.close[-1]),
            horizons=horizons,
            skill=skill,
            coverage=coverage,
            warnings=(*snapshot.warnings, *(warning for warning, _ in flags)),
            notes=(*snapshot.notes, *(words for _, words in flags)),
            model=self.ref,
        )

    def shortened(self, forecast: Forecast, hours: int) -> Forecast:
        """See Predictor."""
        kind: InputKind = "closes_only" if ForecastWarning.CLOSES_ONLY in forecast.warnings else "full"
        skill, coverage = self._record(forecast.symbol, kind, hours)
        return forecast.model_copy(update={"horizons": forecast.horizons[:hours], "skill": skill, "coverage": coverage})

    def _record(self, symbol: str, kind: InputKind, hours: int) -> tuple[Skill, dict[str, float]]:
        """Skill and coverage of such forecasts on unseen hours."""
        row = self.report.row(symbol, kind, hours)
        return (row.mae_skill, row.coverage) if row else (self.report.skill, self.report.coverage)

    def _expired(self, snapshot: Snapshot) -> list[Flag]:
        expires = self._manifest.expires
        if expires is None or snapshot.as_of <= expires.timestamp():
            return []
        return [(ForecastWarning.MODEL_EXPIRED, f"the model was trained to serve until {expires:%Y-%m-%d}")]

    def _unevaluated(self, snapshot: Snapshot) -> list[Flag]:
        if snapshot.symbol in (self.report.symbol, *(row.symbol for row in self.report.table)):
            return []
        return [(ForecastWarning.UNEVALUATED_SYMBOL, f"the record is {self.report.symbol}'s, not {snapshot.symbol}'s")]

    def _id(self, snapshot: Snapshot) -> str:
        """The same candle, source and model give the same forecast, and so the same id."""
        text = f"{snapshot.symbol}|{snapshot.source}|{snapshot.as_of}|{self.ref.sha256}"
        return f"fc_{hashlib.sha256(text.encode()).hexdigest()[:20]}"


def gaps_flag(filled: int, hours: int) -> list[Flag]:
    """The warning that some of the last `hours` hours had no trade, where there were such."""
    words = f"{filled} of the last {hours} hours had no trade and were filled forward"
    return [(ForecastWarning.GAPS_FILLED, words)] if filled else []


def checked_closes(closes: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Closes (60,). Raises InvalidInput unless there are exactly 60, each finite and positive."""
    window = np.asarray(closes, dtype=np.float64)
    if window.shape != (WINDOW,) or not np.isfinite(window).all() or (window <= 0).any():
        raise InvalidInput(
            f"A forecast needs exactly {WINDOW} positive closes.", "Send them oldest first, one an hour."
        )
    return window
