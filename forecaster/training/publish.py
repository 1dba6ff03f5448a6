"""Renews an artifact's record by a walk-forward, and the page and pictures that show it."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from forecaster.artifact import Artifact, load_artifact, save_artifact
from forecaster.evaluation import Evaluation, Record, refits, walk_forward
from forecaster.features import Market
from forecaster.inference import Progress
from forecaster.market import Candles, utc
from forecaster.report import Material, report_page
from forecaster.report.png import pictures
from forecaster.schema import HOUR, Report, Symbol
from forecaster.training.calibrate import Year, calibration_of, clock_of, graded_of
from forecaster.training.export import engine_of
from forecaster.training.quantile import markets_to_learn
from forecaster.training.side_by_side import on_this_machine
from forecaster.training.trainings import Trainer, kept, networks, plan, train


def publish(
    artifact: Artifact,
    record: Record,
    hours: Mapping[Symbol, Candles],
    directory: Path,
    pages: Path,
    others: dict[str, Path],
    keep: Path | None,
    progress: Progress,
    fine: Mapping[Symbol, Candles] | None = None,
    trainer: Trainer | None = None,
) -> Evaluation:
    """Refit for each year, write the whole evaluation into the artifact at `directory`, and page and PNGs to `pages`.

    `record` is the fixed split's. `others` says where, if anywhere, the classic artifact lies ("classic") and the
    scores that benchmarks/competitors.py wrote ("competitors"). `hours` are those of every coin, BTC and ETH among
    them, `fine` five-minute candles. Networks that are in `keep` are not trained again.
    """
    fine = fine or {}
    markets = markets_to_learn(hours, fine)
    pair, clock = graded_of(markets), clock_of(markets)
    last = utc(int(pair[0].time[-1])).year
    with kept(keep) as folder:
        plans = {stop: plan(markets, utc(stop), folder) for stop in refits(last)}
        train(list(chain(*plans.values())), progress, trainer or on_this_machine)
        years = walk_forward(
            lambda stop: engine_of(networks(plans[stop]), pair)[0],
            lambda engine, start, stop: calibration_of(engine, markets, Year(start, stop), fine),
            clock,
            fine,
            last,
            progress,
        )
    evaluation = record.evaluation + years + _competitors(others)
    progress("saving", 1.0)
    save_artifact(directory, {**artifact.files, "evaluation.json": evaluation.compact()}, artifact.manifest)
    classic = load_artifact(others["classic"]).report if others["classic"].exists() else None
    write_pages(pages, record, evaluation, pair[0], classic)
    return evaluation


def write_pages(
    pages: Path, record: Record, evaluation: Evaluation, market: Market, classic: Report | None = None
) -> None:
    """index.html and the PNGs, from the fixed split's forecasts of `market` and every score."""
    rows = market.issued(record.report.graded_from.timestamp(), float("inf"))
    material = Material.of(market.symbol, market.time[rows] + HOUR, market.close[rows], record.issued)
    pages.mkdir(parents=True, exist_ok=True)
    (pages / "index.html").write_bytes(report_page(record.report, evaluation, material, classic))
    for name, body in pictures(evaluation, material).items():
        (pages / name).write_bytes(body)


def _competitors(others: dict[str, Path]) -> Evaluation:
    file = others["competitors"]
    return Evaluation.expanded(file.read_bytes()) if file.exists() else Evaluation()
