"""Measures an artifact's record again, with the networks that were graded and the bands they were graded with."""

from collections.abc import Mapping

from forecaster.artifact import Artifact
from forecaster.calibration import Calibration
from forecaster.errors import InvalidInput
from forecaster.evaluation.fixed_split import Record, fixed_split
from forecaster.evaluation.grades import Hindcast
from forecaster.evaluation.wider_record import widened
from forecaster.features import all_markets
from forecaster.inference import OnnxEngine, Progress
from forecaster.market import Candles
from forecaster.schema import SYMBOLS, Report, Symbol, TableRow


def regrade(
    artifact: Artifact,
    hours: Mapping[Symbol, Candles],
    progress: Progress,
    fine: Mapping[Symbol, Candles] | None = None,
) -> Record:
    """The record on the hours after the artifact's split, of coins whose `hours` are given: BTC and ETH at least.

    `fine` are five-minute candles, where there are some. Raises InvalidInput for an artifact that holds no graded
    network.
    """
    if "graded.onnx" not in artifact.files:
        raise InvalidInput(
            f"The {artifact.manifest.name} model holds no graded network.",
            "Set CRYPTOSENSE_MODEL_DIR=models/quantile, or grade it on candles of yours: evaluate --data FILE.",
        )
    engine = OnnxEngine(artifact.files["graded.onnx"])
    calibration = Calibration.model_validate_json(artifact.files["calibration.json"])
    start, minutes = artifact.report.graded_from.timestamp(), fine or {}
    markets = all_markets(hours, minutes)
    pair = tuple(market for market in markets if market.symbol in SYMBOLS)
    others = (market for market in markets if market.symbol not in SYMBOLS)
    record = fixed_split(engine, calibration, pair, start, artifact.report.remarks, progress)
    return widened(record, engine, calibration, others, minutes, start, progress)


def headline(report: Report) -> Hindcast:
    """The first row of a report's table: one hour ahead, from candles."""
    row = report.table[0]
    return Hindcast(
        symbol=row.symbol,
        n=row.n,
        start=report.graded_from,
        stop=report.graded_to,
        mae=row.mae,
        mae_persistence=row.mae_persistence,
        mae_skill=row.mae_skill.value,
        direction=row.direction,
        crps=row.crps,
        crps_rolling_quantiles=row.crps_rolling_quantiles,
        coverage=row.coverage,
    )


def in_words(report: Report, committed: Report) -> str:
    """Every row of the table, and whether the committed report says the same of these coins."""
    graded = {row.symbol for row in report.table}
    rows, theirs = ([row_in_words(row) for row in each.table if row.symbol in graded] for each in (report, committed))
    same = rows == theirs and headline(report).in_words() == headline(committed).in_words()
    verdict = (
        "The committed report says the same, to the last digit printed here."
        if same
        else "The committed report says otherwise: it was made from other candles, or by other versions."
    )
    return "\n".join([headline(report).in_words(), "", *rows, "", verdict])


def row_in_words(row: TableRow) -> str:
    """A row of a table on a line."""
    held = " / ".join(f"{100 * row.coverage[name]:.1f}" for name in ("50", "80", "95"))
    kind = "candles" if row.input == "full" else "closes only"
    skill = (
        f"{100 * row.mae_skill.value:+.2f} % ({100 * row.mae_skill.ci_low:+.2f} to {100 * row.mae_skill.ci_high:+.2f})"
    )
    return (
        f"{row.symbol} {row.hours:>2} h, {kind:<11}  n {row.n:,}  MAE {row.mae:,.2f} ({row.mae_persistence:,.2f})  "
        f"skill {skill}  CRPS {row.crps:.2f} ({row.crps_rolling_quantiles:.2f})  held {held}"
    )
