"""LightGBM, HAR and GARCH(1,1)-t beside our networks, on the hours that the record is about.

    python -m benchmarks.competitors --data BTC --other ETH [--five-minutes DIR] [--model DIR] [--out FILE]

Nothing about them was chosen on those hours. GARCH is refitted once a year there; our networks and LightGBM are not.
With five-minute candles there are a LightGBM of one hour ahead and a HAR that are given what the last minutes were
like, and that LightGBM learns and is graded at every quarter of an hour. Needs LightGBM and arch (pip install -e
'.[dev]'), and some ten minutes, with five-minute candles half an hour.
"""

import argparse
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.boosting import boosted
from benchmarks.figures import table
from benchmarks.garch import Garch
from forecaster.artifact.loading import load_artifact
from forecaster.artifact.manifest import Artifact
from forecaster.calibration.adaptive import tracked
from forecaster.calibration.conformal import Calibration
from forecaster.evaluation import panel
from forecaster.evaluation.baselines.empirical import rolling_quantiles
from forecaster.evaluation.baselines.volatility import Har
from forecaster.evaluation.metrics import score
from forecaster.evaluation.panel import SHOWN
from forecaster.evaluation.random_minute import at_offset
from forecaster.evaluation.record import ALL, OURS, Against, Evaluation, Graded, Lead
from forecaster.evaluation.significance import diebold_mariano, skill
from forecaster.features.dataset import YEAR, Market, all_markets
from forecaster.inference.backtest import backtest
from forecaster.inference.engine import OnnxEngine
from forecaster.market.candles import Candles
from forecaster.market.companions import companion
from forecaster.market.files.reader import read_candles
from forecaster.quantiles import MEDIAN, Floats, crps
from forecaster.schema import FIVE_MINUTES, HOUR, SYMBOLS, Symbol
from forecaster.settings import ROOT
from forecaster.training.calibrate import QUARTERS
from forecaster.training.quantile import Split


def main() -> None:
    """Forecast with all three, grade, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.competitors", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="hourly candles of BTC-USD")
    parser.add_argument("--other", type=Path, required=True, metavar="FILE", help="hourly candles of ETH-USD")
    parser.add_argument(
        "--five-minutes", type=Path, metavar="DIR", help="files of five-minute candles, theirs among them"
    )
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "quantile", metavar="DIR", help="ours")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the scores as JSON")
    options = parser.parse_args()
    model, split = load_artifact(options.model), Split()
    if "graded.onnx" not in model.files:
        parser.error(f"{options.model} holds no graded.onnx: train it again with: python app.py train")
    hours = {
        symbol: read_candles(file).candles for symbol, file in zip(SYMBOLS, (options.data, options.other), strict=True)
    }
    fine = _five_minutes(options.five_minutes) if options.five_minutes else {}
    markets = all_markets(hours, fine)
    issued = [  # for each market, by forecaster and horizon: (n, Q) log returns
        {OURS: _ours(model, market, split), "lightgbm": _shown(trees), Garch.name: _garch(market, split)}
        for market, trees in zip(markets, boosted(markets, split), strict=True)
    ]
    by_mark = []
    if fine:
        every = (*markets, *all_markets({}, fine, QUARTERS[1:]))
        trees = boosted(every, split, (1,), minutes=True)
        for market, each, theirs in zip(markets, issued, trees, strict=False):
            each |= {"lightgbm_minutes": {1: theirs[:, 0]}, "har_minutes": _har(market, split)}
        by_mark = _by_mark(model, every, trees, fine, split)
    found = [_compared(market, each, split) for market, each in zip(markets, issued, strict=True)]
    evaluation = sum(found, Evaluation())
    _print(evaluation)
    if by_mark:
        head = ("", "forecasts", "CRPS x 1e4, ours", "LightGBM", "ours is less by", "DM p")
        table("LightGBM given the last minutes, at every quarter", head, by_mark, "one hour ahead")
    if options.out:
        theirs = tuple(row for row in evaluation.graded if row.forecaster != OURS)  # ours are in evaluation.json
        options.out.write_bytes(evaluation.model_copy(update={"graded": theirs}).compact())


def _five_minutes(folder: Path) -> dict[Symbol, Candles]:
    """Of BTC and ETH, from the files in a folder."""
    files = [read_candles(path, step=FIVE_MINUTES) for path in sorted(folder.iterdir()) if path.is_file()]
    return {file.known_symbol(): file.candles for file in files if file.known_symbol() in SYMBOLS}


def _shown(issued: Floats) -> dict[int, Floats]:
    """(n, 3, Q) by horizon."""
    return {ahead: issued[:, place] for place, ahead in enumerate(SHOWN)}


def _ours(model: Artifact, market: Market, split: Split) -> dict[int, Floats]:
    """As served: calibrated, with widths that follow the coverage."""
    rows = market.issued(split.test.timestamp(), float("inf"))
    calibration = Calibration.model_validate_json(model.files["calibration.json"])
    raw = backtest(OnnxEngine(model.files["graded.onnx"]), market, rows, "full")
    return _shown(tracked(calibration.full.apply(raw), market.target[rows])[:, np.array(SHOWN) - 1])


def _garch(market: Market, split: Split) -> dict[int, Floats]:
    """Fitted on the hours before the test and again on those before each later year of it."""
    garch, issued = Garch(), []
    for start in np.arange(split.test.timestamp(), market.time[-1], YEAR):
        garch.fit(market, 0.0, start)
        rows = market.issued(start, start + YEAR)
        issued.append(np.stack([garch.quantiles(market, rows, ahead) for ahead in SHOWN], axis=1))
    return _shown(np.concatenate(issued))


def _har(market: Market, split: Split) -> dict[int, Floats]:
    """Given the volatilities of the last minutes too."""
    har, rows = Har(minutes=True), market.issued(split.test.timestamp(), float("inf"))
    har.fit(market, 0.0, split.test.timestamp())
    return {ahead: har.quantiles(market, rows, ahead) for ahead in SHOWN}


def _by_mark(
    model: Artifact,
    markets: tuple[Market, ...],
    trees: list[Floats],
    fine: dict[Symbol, Candles],
    split: Split,
) -> list[tuple[str, ...]]:
    """Ours and LightGBM's one-hour forecasts (n, 1, Q) at each quarter of the hour: rows to print."""
    calibration = Calibration.model_validate_json(model.files["calibration.json"]).fresh
    engine, start, printed = OnnxEngine(model.files["graded.onnx"]), split.test.timestamp(), []
    for symbol, minutes in product(SYMBOLS, QUARTERS):
        ours = at_offset(engine, calibration, symbol, minutes, fine[symbol], fine.get(companion(symbol)), start)
        theirs: dict[int, Floats] = {}  # by time, quantiles (Q,)
        for market, issued in zip(markets, trees, strict=True):
            if market.symbol == symbol and market.time[0] % HOUR == 60 * minutes:
                as_of = market.time[market.issued(start, float("inf"))] + HOUR
                theirs |= dict(zip(as_of.tolist(), issued[:, 0], strict=True))
        both = np.array([each in theirs for each in ours.as_of.tolist()])
        ours = ours[both]
        losses = (
            crps(ours.quantiles, ours.outcome),
            crps(np.array([theirs[each] for each in ours.as_of.tolist()]), ours.outcome),
        )
        lead = _lead(*losses, 1)
        numbers = (f"{len(ours):,}", *(f"{1e4 * each.mean():.3f}" for each in losses), f"{100 * lead.skill:+.2f} %")
        printed.append((f"{symbol} :{minutes:02d}", *numbers, "" if lead.p is None else f"{lead.p:.1g}"))
    return printed


def _compared(market: Market, issued: dict[str, dict[int, Floats]], split: Split) -> Evaluation:
    """Each forecaster's scores, and ours against each other's."""
    rows = market.issued(split.test.timestamp(), float("inf"))
    year = market.close[max(0, rows[0] - panel.YEAR) : rows[0] + 1]
    scale = float(np.abs(np.diff(year)).mean())
    graded, against = [], []
    for ahead in SHOWN:
        known = np.isfinite(market.target[rows, ahead - 1])
        outcome, last = market.target[rows, ahead - 1][known], market.close[rows][known]
        rolling = crps(rolling_quantiles(market.close, rows[known], ahead), outcome)
        row = partial(Graded, method="fixed_split", symbol=market.symbol, input="full", hours=ahead, period=ALL)
        losses = {}
        for name, each in issued.items():
            if ahead not in each:
                continue
            quantiles = each[ahead][known]
            graded.append(row(forecaster=name, scores=score(quantiles, outcome, last, rolling, scale, ahead)))
            point = np.abs(last * np.exp(quantiles[:, MEDIAN]) - last * np.exp(outcome))
            losses[name] = crps(quantiles, outcome), point
        ours = losses.pop(OURS)
        for name, its in losses.items():
            shape, point = (_lead(*pair, ahead) for pair in zip(ours, its, strict=True))
            against.append(
                Against(method="fixed_split", forecaster=name, symbol=market.symbol, hours=ahead, crps=shape, mae=point)
            )
    return Evaluation(graded=tuple(graded), against=tuple(against))


def _lead(ours: Floats, its: Floats, ahead: int) -> Lead:
    value, low, high = skill(ours, its)
    return Lead(skill=value, low=low, high=high, p=diebold_mariano(ours, its, ahead))


def _print(found: Evaluation) -> None:
    rows = []
    for row in found.graded:
        against = found.lead(row.forecaster, row.symbol, row.hours)
        better = "" if against is None else f"{100 * against.crps.skill:+.2f} %"
        p = "" if against is None or against.crps.p is None else f"{against.crps.p:.1g}"
        scores = (f"{row.scores.mae:.2f}", f"{row.scores.crps:.3f}", f"{100 * row.scores.coverage['80']:.1f} %")
        rows.append((f"{row.symbol}, {row.hours} h: {row.forecaster}", *scores, better, p))
    head = ("", "MAE", "CRPS x 1e4", "80 % band holds", "CRPS of ours is less by", "DM p")
    table("Competitors on the same hours", head, rows, f"{found.graded[0].scores.n:,} forecasts of BTC one hour ahead")


if __name__ == "__main__":
    main()
