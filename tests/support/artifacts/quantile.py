"""A quantile artifact trained in seconds on two made-up markets: it answers, and knows nothing."""

from datetime import timedelta
from pathlib import Path

from forecaster.inference.backtest import Progress
from forecaster.market.candles import utc
from forecaster.schema import Report
from forecaster.training.fit import Recipe
from forecaster.training.quantile import Split, train_quantile
from tests.support.artifacts.markets import five_minutes, market
from tests.support.fakes import NOON

HOURS = 1_600
SPLIT = Split(validation=utc(NOON) - timedelta(hours=600), test=utc(NOON) - timedelta(hours=300))
BTC, ETH = market(HOURS, seed=1), market(HOURS - 50, seed=2, start=1_500.0)
FINE = {"BTC-USD": five_minutes(40, seed=25), "ETH-USD": five_minutes(40, seed=26, start=1_500.0)}


def train(out: Path, progress: Progress = lambda doing, share: None, seeds: int = 1) -> Report:
    return train_quantile(BTC, ETH, out, progress, Recipe(seeds=seeds, epochs=1, batch=128), SPLIT, fine=FINE)
