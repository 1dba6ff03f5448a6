"""The record of a fixed split, widened by every other coin and by what is asked between full hours."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from forecaster.calibration import Calibration
from forecaster.errors import InvalidInput
from forecaster.evaluation.coins import coin_records
from forecaster.evaluation.fixed_split import Record
from forecaster.evaluation.random_minute import at_random_learning
from forecaster.evaluation.record import Evaluation
from forecaster.features import KINDS, Market
from forecaster.inference import Engine, Progress
from forecaster.market import Candles, companion
from forecaster.schema import SYMBOLS, Symbol


def widened(
    record: Record,
    engine: Engine,
    calibration: Calibration,
    others: Iterable[Market],
    fine: Mapping[Symbol, Candles],
    start: float,
    progress: Progress,
) -> Record:
    """The same record with rows of `others` and, of the pair, the forecasts at every five-minute mark of `fine`.

    `engine` runs networks that saw no hour from `start` (Unix s) on; bands begin there knowing nothing. Of a coin with
    too few five-minute candles after it, nothing is said of minutes.
    """
    coins = list(coin_records(engine, calibration, others, start, progress))
    widths = {kind: record.widths[kind] | {coin.symbol: coin.widths[kind] for coin in coins} for kind in KINDS}
    table = (*record.report.table, *(row for coin in coins for row in coin.rows))
    fresh = calibration.fresh
    within, graded = fresh.within, []
    for symbol in SYMBOLS:
        if symbol in fine:
            progress(f"grading {symbol} at every five minutes", 0.0)
            try:
                asked = symbol, fine[symbol], fine.get(companion(symbol)), start
                found, learned = at_random_learning(engine, fresh, *asked)
            except InvalidInput:
                continue
            graded.append(found)
            if within is not None and learned is not None:
                within = within.model_copy(update={"widths": {**within.widths, symbol: learned.widths[symbol]}})
    return replace(
        record,
        report=record.report.model_copy(update={"table": table}),
        evaluation=record.evaluation + Evaluation(random_minute=tuple(graded)),
        widths=widths,
        within=within,
    )
