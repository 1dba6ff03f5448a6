"""Trains the quantile recipe on all coins: three ensembles of the same recipe, each for one purpose.

hours       |------------------ 2013 ... ------------------|-- 2022-12 --|-- 2023-12 ... -->
1st         | fit                                          | calibrate   |
2nd         | fit                                                        | grade, once
3rd         | fit, and ship with the 1st one's calibration and the 2nd one's record
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

from forecaster.artifact import Headline, Manifest, save_artifact
from forecaster.calibration import METHOD
from forecaster.errors import DataFileError
from forecaster.evaluation import fixed_split, widened
from forecaster.features import CHANNELS, CONTEXT, LOOKBACK, SUBHOUR, Market, all_markets
from forecaster.inference import Progress, next_close
from forecaster.market import BITCOIN, ETHER, Candles, utc
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR, Report, Symbol
from forecaster.training.calibrate import Year, calibration_of, clock_of, familiarity_of, graded_of, others_of
from forecaster.training.export import engine_of, export, sample_of
from forecaster.training.side_by_side import on_this_machine
from forecaster.training.trainings import Trainer, kept, networks, plan, train

if TYPE_CHECKING:
    import keras

    from forecaster.training.fit import Recipe

EXPIRES = timedelta(days=400)  # after the newest hour trained on
GRADED = timedelta(days=182)  # before the end of a training that does not keep the record's split
FEWEST = 200  # hours of BTC and of ETH that every part must hold
OFFSETS = tuple(range(5, 60, 5))  # minutes past at which the hours end that are learned from besides the clock's


@dataclass(frozen=True, slots=True)
class Split:
    """Where validation begins, and where the graded hours do."""

    validation: datetime = datetime(2022, 12, 1, tzinfo=UTC)
    test: datetime = datetime(2023, 12, 4, tzinfo=UTC)

    @classmethod
    def at(cls, test: datetime) -> Self:
        """The year before that time calibrates."""
        return cls(test - timedelta(days=368), test)

    @classmethod
    def before(cls, until: datetime) -> Self:
        """For candles that end then: the last half year is graded."""
        return cls.at(until - GRADED)


@dataclass(frozen=True, slots=True)
class Ensembles:
    """Networks of one recipe, trained on hours before validation, on hours before the test, and on all."""

    validated: "list[keras.Model]"
    graded: "list[keras.Model]"
    shipped: "list[keras.Model]"


def train_quantile(
    btc: Candles,
    eth: Candles,
    out: Path,
    progress: Progress,
    recipe: "Recipe | None" = None,
    split: Split | None = None,
    keep: Path | None = None,
    coins: Mapping[Symbol, Candles] | None = None,
    fine: Mapping[Symbol, Candles] | None = None,
    until: datetime | None = None,
    trainer: Trainer | None = None,
) -> Report:
    """Train on hourly candles and write the artifact to `out`; networks that are in `keep` are not trained again.

    `coins` are other coins' hours, `fine` five-minute candles of any of them: of BTC and ETH they also tell the hours
    that end between those of the clock.

    Nothing that closes after `until` is looked at; the split is then counted back from there.

    Raises DataFileError when a part of the split has too few hours, ConfigurationError where nothing can be trained.
    """
    until, split = until_and_split(until, split)
    progress("features", 0.0)
    hours, fine = known_by(until, {**(coins or {}), BITCOIN: btc, ETHER: eth}), known_by(until, fine or {})
    markets = markets_to_learn(hours, fine)
    check(markets, split, float("inf"))
    stops = (split.validation, split.test, utc(_end(markets)))
    with kept(keep) as folder:
        plans = [plan(markets, stop, folder, recipe) for stop in stops]
        train(list(chain(*plans)), progress, trainer or on_this_machine)
        ensembles = Ensembles(*map(networks, plans))
    return assemble(markets, ensembles, out, progress, split, fine)


def until_and_split(until: datetime | None, split: Split | None) -> tuple[datetime | None, Split]:
    """With a zone, and counted back from there."""
    until = until if until is None or until.tzinfo else until.replace(tzinfo=UTC)
    return until, split or (Split.before(until) if until else Split())


def known_by(until: datetime | None, candles: Mapping[Symbol, Candles]) -> dict[Symbol, Candles]:
    """Those that had closed by then."""
    return {symbol: each.closed_at(until.timestamp()) if until else each for symbol, each in candles.items()}


def markets_to_learn(hours: Mapping[Symbol, Candles], fine: Mapping[Symbol, Candles]) -> tuple[Market, ...]:
    """Every coin's hours of the clock, and those of BTC and ETH that end at each other five-minute mark."""
    clock = all_markets(hours, fine)
    both = {symbol: fine[symbol] for symbol in (BITCOIN, ETHER) if symbol in fine}
    return (*clock, *all_markets({}, both, OFFSETS))


def assemble(
    markets: tuple[Market, ...],
    ensembles: Ensembles,
    out: Path,
    progress: Progress,
    split: Split | None = None,
    fine: Mapping[Symbol, Candles] | None = None,
) -> Report:
    """Calibrate, grade and save networks that are trained already, such as on a machine with a GPU."""
    from forecaster.networks.quantile import ensemble

    split = split or Split()
    progress("calibration", 0.0)
    validated, _ = engine_of(ensembles.validated, markets)
    start, remarks = split.test.timestamp(), remarks_of(split)
    year = Year(split.validation.timestamp(), start)
    calibration = calibration_of(validated, markets, year, fine)
    graded, graph = engine_of(ensembles.graded, markets)
    record = fixed_split(graded, calibration, graded_of(markets), start, remarks, progress)
    record = widened(record, graded, calibration, others_of(markets), fine or {}, start, progress)
    progress("saving", 1.0)
    learned = {"widths": record.widths, "within": record.within, "detectors": record.detectors}
    followed = calibration.model_copy(update=learned)
    shipped = ensemble(ensembles.shipped)
    files = export(shipped, sample_of(markets))
    files["graded.onnx"] = graph
    files[next_close.NAME] = next_close.next_close(shipped)
    files["scaling.json"] = familiarity_of(markets, year).model_dump_json().encode()
    files["calibration.json"] = followed.model_dump_json().encode()
    files["report.json"] = (record.report.model_dump_json(indent=2) + "\n").encode()
    files["evaluation.json"] = record.evaluation.compact()
    save_artifact(out, files, _manifest(markets, record.report))
    return record.report


def remarks_of(split: Split) -> tuple[str, ...]:
    """What the record does and does not say."""
    return (
        f"The graded networks saw no hour from {split.test:%Y-%m-%d} on; the bands were fitted on the hours from "
        f"{split.validation:%Y-%m-%d} until then, with networks that saw none of those.",
        "The networks in this artifact are the same recipe, trained on all hours: their own record is yet to come.",
        "Hours without a trade repeat the close before them.",
    )


def _end(markets: tuple[Market, ...]) -> int:
    """Close of the newest hour, Unix s."""
    return max(int(market.time[-1]) for market in markets) + HOUR


def check(markets: tuple[Market, ...], split: Split, *after: float) -> None:
    """Raise DataFileError where a part of the split, or between it and times `after` it, has too few hours."""
    edges = (0.0, split.validation.timestamp(), split.test.timestamp(), *after)
    for market in graded_of(markets):
        for start, stop in pairwise(edges):
            if len(market.issued(start, stop)) < FEWEST:
                raise DataFileError(
                    f"{market.symbol} has fewer than {FEWEST} hours to train, calibrate or grade on.",
                    f"Give files with a year before {split.validation:%Y-%m-%d}, with the hours until "
                    f"{split.test:%Y-%m-%d}, and with some months after it.",
                )


def _manifest(markets: tuple[Market, ...], report: Report) -> Manifest:
    packages = ("tensorflow", "keras", "tf2onnx", "onnxruntime", "numpy")
    trained_to = utc(_end(markets))
    return Manifest(
        format=1,
        name="quantile",
        version="2.0",
        recipe="quantile",
        symbols=tuple(market.symbol for market in clock_of(markets)),
        trained_from=utc(min(int(market.time[0]) for market in markets)),
        trained_to=trained_to,
        expires=trained_to + EXPIRES,
        features=(*CHANNELS, *CONTEXT, *SUBHOUR),
        input_hours=LOOKBACK,
        horizons=HORIZONS,
        band_method=METHOD,
        versions={"python": platform.python_version(), **{name: version(name) for name in packages}},
        headline=Headline(
            mae=report.model.mae, mae_persistence=report.persistence.mae, skill=report.skill.value, n=report.n
        ),
        files={},
    )
