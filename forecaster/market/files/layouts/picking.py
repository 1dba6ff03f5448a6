"""A column that names a coin in each row: one coin's rows are read, and several are refused unless one is picked."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecaster.errors import DataFileError
from forecaster.market.files.layouts.names import Coin, coin_of
from forecaster.market.files.rows import Refusal

MOST_NAMES = 50  # that a refusal may have to tell of


class CoinColumn:
    """Picks the rows of the `wanted` coin, batch after batch; without one, all rows have to be of the same."""

    def __init__(self, wanted: Coin | None, refuse: Refusal) -> None:
        self._wanted = wanted
        self._refuse = refuse
        self._met: str | Coin | None = None  # the first coin; a name that tells none stands for itself
        self.names: set[str] = set()  # as the file writes them

    def picked(self, column: Any, first_row: int) -> NDArray[np.bool_] | None:
        """Which rows to read of an Arrow array, whose first stands at `first_row` of the file; None for all.

        Raises DataFileError at the first row of a second coin where none is wanted.
        """
        column = pc.utf8_trim_whitespace(column.cast(pa.string()).fill_null(""))
        coins = {name: coin_of([name]) for name in column.unique().to_pylist() if name}
        if len(self.names) < MOST_NAMES:
            self.names |= set(coins)
        if self._wanted:
            told = {name: coin for name, coin in coins.items() if coin}
            if not told:
                return None
            mine = [name for name, coin in told.items() if coin.base == self._wanted.base]
            picked: NDArray[np.bool_] = pc.is_in(column, value_set=pa.array(mine, pa.string())).to_numpy(False)
            return picked
        for name, coin in coins.items():  # in order of their first rows
            self._met = self._met or coin or name
            if (coin or name) != self._met:
                row = first_row + pc.index(column, name).as_py()
                names = ", ".join(sorted(self.names)[:5])
                raise DataFileError(
                    f"{self._refuse(row, 'the coin changes').message} The file holds several: {names[:80]}.",
                    "Pick one with --symbol, such as --symbol BTC-USD.",
                )
        return None
