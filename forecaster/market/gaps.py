"""Hours without a trade: how many a window may have, and filling them forward.

Candles of another step are counted in that step.
"""

import numpy as np

from forecaster.errors import InvalidInput
from forecaster.market.candles import Candles

LONGEST_GAP = 6  # hours in a row that may be filled before a window says nothing about the present


def gapless(candles: Candles, needed: int) -> tuple[Candles, int]:
    """The newest `needed` hours without a hole, and how many of them had to be filled forward.

    Raises InvalidInput when there are fewer hours, or more than 6 in a row without a trade.
    """
    whole = candles.filled()[0][-needed:]
    if len(whole) < needed:
        raise InvalidInput(f"The model needs {needed} hours of candles and got {len(whole)}.", "Send more history.")
    traded = (candles.since(int(whole.time[0])).time - whole.time[0]) // candles.step  # (k,) positions in the window
    if np.diff(traded, prepend=-1).max() > LONGEST_GAP + 1:
        raise InvalidInput(
            f"More than {LONGEST_GAP} hours in a row have no candle.", "Try again later, or use another source."
        )
    return whole, needed - len(traded)
