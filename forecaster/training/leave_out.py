"""What the recipe is worth on coins that it never saw: trained again without each, and graded on that one alone.

all coins but one --1st, 2nd ensemble, as quantile.py trains them--> bands of BTC's and ETH's year --> the one, graded
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from forecaster.errors import InvalidInput
from forecaster.evaluation import coin_records
from forecaster.features import Market
from forecaster.inference import Progress
from forecaster.market import Candles
from forecaster.schema import SYMBOLS, Symbol, TableRow
from forecaster.training.calibrate import Year, calibration_of, clock_of
from forecaster.training.export import engine_of
from forecaster.training.quantile import Split, markets_to_learn
from forecaster.training.side_by_side import on_this_machine
from forecaster.training.trainings import Trainer, Training, kept, networks, plan, train

if TYPE_CHECKING:
    from forecaster.training.fit import Recipe


def leave_out(
    coins: Sequence[Symbol],
    hours: Mapping[Symbol, Candles],
    fine: Mapping[Symbol, Candles],
    split: Split,
    progress: Progress,
    trainer: Trainer | None = None,
    keep: Path | None = None,
    recipe: "Recipe | None" = None,
) -> tuple[TableRow, ...]:
    """Rows of each of `coins` after the split, by networks and bands that saw none of its candles; of few hours none.

    `hours` and `fine` (five minutes) are those of all coins; networks that are in `keep` are not trained again.
    Raises InvalidInput for a coin without hours, and for BTC and ETH, beside which every coin is forecast.
    """
    for coin in coins:
        if coin in SYMBOLS or coin not in hours:
            why = "is what others are forecast beside" if coin in SYMBOLS else "has no file of hours"
            raise InvalidInput(
                f"{coin} cannot be left out: it {why}.",
                f"Leave out some of: {', '.join(sorted(set(hours) - set(SYMBOLS))) or 'none'}.",
            )
    progress("features", 0.0)
    markets = markets_to_learn(hours, fine)
    with kept(keep) as folder:
        plans = {coin: _plans(coin, _without(coin, markets), split, folder, recipe) for coin in coins}
        train([each for pair in plans.values() for each in chain(*pair)], progress, trainer or on_this_machine)
        return tuple(row for coin in coins for row in _rows(coin, markets, plans[coin], split, progress))


def _without(coin: Symbol, markets: tuple[Market, ...]) -> tuple[Market, ...]:
    return tuple(market for market in markets if market.symbol != coin)


def _plans(
    coin: Symbol, markets: tuple[Market, ...], split: Split, keep: Path, recipe: "Recipe | None"
) -> tuple[list[Training], ...]:
    """Of the ensemble whose bands are fitted, and of the one that is graded."""
    folder, what = keep / f"without_{coin}", f"without {coin}"
    return tuple(plan(markets, stop, folder, recipe, what) for stop in (split.validation, split.test))


def _rows(
    coin: Symbol, markets: tuple[Market, ...], plans: tuple[list[Training], ...], split: Split, progress: Progress
) -> tuple[TableRow, ...]:
    rest, start = _without(coin, markets), split.test.timestamp()
    validated, graded = (engine_of(networks(each), rest)[0] for each in plans)
    progress(f"calibration without {coin}", 0.0)
    calibration = calibration_of(validated, rest, Year(split.validation.timestamp(), start))
    alone = (market for market in clock_of(markets) if market.symbol == coin)
    return tuple(chain(*(each.rows for each in coin_records(graded, calibration, alone, start, progress))))
