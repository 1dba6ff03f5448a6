"""Serves the quantile recipe: 24 distributions at once from candles of both symbols, or from 60 closes alone.

    window --reading.py--> inputs --engine--> quantiles --calibration, tracker--> horizons --annotate.py--> forecast

One forecast and a thousand go the same way; many are cheaper together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from math import exp, inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.calibration import Calibration, Tracker, tracked
from forecaster.errors import InvalidInput
from forecaster.features import KINDS, Familiarity, bare_inputs, read_closes
from forecaster.inference.annotate import Draft, Issuer, checked_closes
from forecaster.inference.engine import Engine, OnnxEngine
from forecaster.inference.interpolation import between, distributions_of, mark_of, standard
from forecaster.inference.microbatch import BatchingEngine
from forecaster.inference.next_close import NAME
from forecaster.inference.one_ahead import in_order, one_ahead
from forecaster.inference.predictor import Detection
from forecaster.inference.window import Inputs, Reading, Window, inputs_of
from forecaster.market import Snapshot
from forecaster.quantiles import HORIZONS, MEDIAN, Floats
from forecaster.schema import MINUTES, WINDOW, Forecast, ForecastWarning, InputKind

BATCH = 128  # windows that one run of the network takes: of up to 1024, the fastest by a tenth
NO_PRICE = "The model has no forecast after moves like these.", "Send hourly prices of one coin in one currency."


class QuantilePredictor(Issuer):
    """A Predictor of 1 to 24 hours ahead, at any price level.

    With fewer than 289 hours of candles a forecast is made from the newest 60 closes alone, which is what the
    network was trained and graded on where candles are missing, and says `closes_only`.
    """

    reads_companion = True
    any_coin = True
    flags = (ForecastWarning.CLOSES_ONLY,)

    def __init__(self, artifact: Artifact, engine: Engine) -> None:
        super().__init__(artifact)
        self._engine = engine
        self.gathers = isinstance(engine, BatchingEngine)
        self._familiarity = Familiarity.model_validate_json(artifact.files["scaling.json"])
        self._calibration = Calibration.model_validate_json(artifact.files["calibration.json"])
        self.touch = self._calibration.touch
        self._fresh: dict[str, dict[InputKind, Tracker]] = {}
        shortcut = artifact.files.get(NAME)
        self._next_close = OnnxEngine(shortcut) if shortcut else None
        self._trust = self._calibration.closes_only.trust[0]  # the rest of a calibration moves no median

    def predict_next_close(self, closes: Sequence[float] | NDArray[np.float64]) -> float:
        """See Predictor."""
        [price] = self.predict_next_closes([closes])
        if isinstance(price, InvalidInput):
            raise price
        return price

    def predict_next_closes(
        self, windows: Sequence[Sequence[float] | NDArray[np.float64]]
    ) -> list[float | InvalidInput]:
        """See Predictor."""
        given = [_closes(each) for each in windows]
        good = [each for each in given if not isinstance(each, InvalidInput)]
        medians = iter(self._next_medians(np.array(good)).tolist() if good else ())
        return [each if isinstance(each, InvalidInput) else self._price(each, next(medians)) for each in given]

    def _price(self, closes: Floats, median: float) -> float | InvalidInput:
        """The price after closes (60,) at a log return before calibration, where that is one."""
        try:
            price: float = closes.item(WINDOW - 1) * exp(self._trust * median)
        except OverflowError:
            price = inf
        return price if 0 < price < inf else InvalidInput(*NO_PRICE)

    def _next_medians(self, closes: Floats) -> NDArray[np.float32]:
        """The medians (n,) of the log returns after closes (n, 60), before calibration."""
        if self._next_close is None:
            return self._engine.run(bare_inputs(closes))[:, 0, MEDIAN]  # of the first hour
        returns, context = read_closes(closes)
        return self._next_close.run({"returns": returns, "context": context})

    def trackers(self, symbol: str) -> dict[InputKind, Tracker]:
        """See Predictor."""
        return {kind: self._calibration.tracker(kind, symbol) for kind in KINDS}

    def _untaught(self, symbol: str) -> dict[InputKind, Tracker]:
        """Trackers that nobody teaches anything, made once."""
        known = symbol if symbol in self._manifest.symbols else ""  # others begin with the same widths
        if known not in self._fresh:
            self._fresh[known] = self.trackers(known)
        return self._fresh[known]

    def forecast(
        self,
        snapshot: Snapshot,
        hours: int,
        other: Snapshot | None = None,
        trackers: Mapping[InputKind, Tracker] | None = None,
    ) -> Forecast:
        """See Predictor."""
        self.check(snapshot.symbol, hours)
        return self._one(Window(snapshot, other), hours, trackers)

    def standing(self, window: Window, trackers: Mapping[InputKind, Tracker] | None = None) -> Forecast:
        """See Predictor."""
        self.check(window.snapshot.symbol, self.longest)
        return self._one(window, self.longest, trackers, minutes=True)

    def _one(
        self,
        window: Window,
        hours: int,
        trackers: Mapping[InputKind, Tracker] | None,
        minutes: bool = False,
    ) -> Forecast:
        reading = Reading.of(window)
        tracker = trackers[reading.kind] if trackers else self._untaught(window.snapshot.symbol)[reading.kind]
        part = Part((0,), (reading,), inputs_of((reading,)))
        [answer] = self._answers(part, self._run(part)[:, :hours], tracker, minutes)
        if isinstance(answer, InvalidInput):
            raise answer
        return answer.forecast()

    def forecasts(self, windows: Sequence[Window], hours: int) -> list[Forecast | InvalidInput]:
        """See Predictor."""
        return [each.forecast() if isinstance(each, Draft) else each for each in self.drafts(windows, hours)]

    def drafts(self, windows: Sequence[Window], hours: int) -> Iterator[Draft | InvalidInput]:
        """See Predictor."""
        for window in windows:
            self.check(window.snapshot.symbol, hours)
        return in_order(self._numbered(windows, hours))

    def _numbered(self, windows: Sequence[Window], hours: int) -> Iterator[tuple[int, Draft | InvalidInput]]:
        """The number of each window with its answer, group by group."""
        readings: list[tuple[int, Reading]] = []
        for number, window in enumerate(windows):
            try:
                readings.append((number, Reading.of(window)))
            except InvalidInput as error:
                yield number, error
        parts = _parts(readings)
        ran = ((part, self._run(part)) for part in parts) if len(readings) <= BATCH else one_ahead(self._run, parts)
        for part, raw in ran:
            kind, symbol = part.alike[0].group
            answers = self._answers(part, raw[:, :hours], self._untaught(symbol)[kind])
            yield from zip(part.numbers, answers, strict=True)

    def next_hours(self, symbol: str, closes: NDArray[np.float64]) -> Floats:
        """See Predictor."""
        self.check(symbol, 1)
        windows = np.lib.stride_tricks.sliding_window_view(closes[:-1], WINDOW)  # (n - 60, 60)
        parts = (windows[start : start + BATCH] for start in range(0, len(windows), BATCH))
        raw = np.concatenate([self._engine.run(bare_inputs(part)) for part in parts])
        issued = self._calibration.closes_only.apply(raw.astype(np.float64))
        outcome = np.full((len(issued), HORIZONS), np.nan)
        outcome[:, 0] = np.diff(np.log(closes[WINDOW - 1 :]))
        return tracked(issued, outcome, self.trackers(symbol)["closes_only"])[:, 0]

    @property
    def detection(self) -> Detection | None:
        """See Predictor."""
        detectors = self._calibration.detectors
        return Detection(self._engine, self._calibration, detectors) if detectors else None

    def _run(self, part: "Part") -> NDArray[np.float32]:
        """Quantiles of the log return (n, 24, Q) as the network gives them."""
        return self._engine.run(part.inputs)

    def _answers(
        self, part: "Part", raw: NDArray[np.float32], tracker: Tracker, minutes: bool = False
    ) -> Iterator[Draft | InvalidInput]:
        """The forecast from each reading, or why there is none, from what the network said (n, hours, Q).

        With `minutes`, those before the first hour stand before it.
        """
        kind = part.alike[0].kind
        as_of = [each.window.snapshot.as_of for each in part.alike]
        marks = np.array([mark_of(each) for each in as_of])
        returns = tracker.apply(self._calibration.apply(kind, raw.astype(np.float64), marks))
        ahead = standard(raw.shape[1])[0 if minutes else len(MINUTES) :]
        if minutes:
            hour = returns[:, 0]
            returns = between(ahead[len(MINUTES) :], returns, ahead)
            if self._calibration.within and kind == "full":
                symbol = part.alike[0].window.snapshot.symbol
                returns[:, : len(MINUTES)] = self._calibration.within.apply(hour, marks, MINUTES, symbol)
        foreign = self._familiarity.distance(part.inputs["context"], kind) > self._familiarity.limit[kind]
        last = np.array([each.candles.close[-1] for each in part.alike])
        distributions = distributions_of(as_of, last, ahead, returns)
        for reading, told, odd in zip(part.alike, distributions, foreign.tolist(), strict=True):
            if told is None:
                yield InvalidInput(*NO_PRICE)
            else:
                window, flags = reading.window, reading.flags(odd)
                yield Draft(self.said(window.snapshot, ahead[-1], flags, reading.kind, window.other), told)

    def _first_hour(self, forecast: Forecast, kind: InputKind) -> Callable[[Floats, Sequence[int]], Floats] | None:
        """See Issuer."""
        within, mark = self._calibration.within, np.array([mark_of(forecast.as_of.timestamp())])
        if within is None or kind != "full":
            return None
        return lambda hour, minutes: within.apply(hour[None], mark, minutes, forecast.symbol)[0]


class Part(NamedTuple):
    """Readings of one group, and what the network is given for them."""

    numbers: Sequence[int]  # of their windows
    alike: Sequence[Reading]
    inputs: Inputs


def _parts(readings: Iterable[tuple[int, Reading]]) -> Iterator[Part]:
    """Numbered readings, group by group, as many together as one run takes."""
    for _, group in groupby(sorted(readings, key=_group), key=_group):
        while some := list(islice(group, BATCH)):
            numbers, alike = zip(*some, strict=True)
            yield Part(numbers, alike, inputs_of(alike))


def _closes(given: Sequence[float] | NDArray[np.float64]) -> Floats | InvalidInput:
    try:
        return checked_closes(given)
    except InvalidInput as error:
        return error


def _group(numbered: tuple[int, Reading]) -> tuple[InputKind, str]:
    return numbered[1].group
