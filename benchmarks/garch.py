"""GARCH(1,1) with Student's t, as the package `arch` fits it: a baseline like those in forecaster/baselines."""

import numpy as np
from numpy.typing import NDArray

from forecaster.features.dataset import YEAR, Market
from forecaster.quantiles import HORIZONS, LEVELS, Floats
from forecaster.schema import HOUR

YEARS = 4  # newest that are learned from: of 1, 2, 4, 6 and all, the best in the validation year
PERCENT = 100  # the optimiser wants returns near 1
STARTS = (None, (0.01, 0.08, 0.91, 4.0), (0.02, 0.15, 0.83, 3.0))  # from arch's own it sometimes does not move


class Garch:
    """The variance of the next hours is what GARCH(1,1) expects of it, summed over them.

    Bollerslev (1987), "A conditionally heteroskedastic time series model for speculative prices and rates of return".
    The sum of t-distributed returns has no t distribution, so each horizon has the quantiles that returns in units of
    its forecast had in the fitting hours, as Barone-Adesi, Giannopoulos, Vosper (1999) do it.
    """

    name = "garch_t"

    def fit(self, market: Market, start: float, stop: float) -> None:
        """Learn from hours since `start` whose 24 targets close before `stop` (Unix s), the newest four years."""
        rows = market.issued(max(start, stop - YEARS * YEAR), stop - (HORIZONS - 1) * HOUR)
        returns = _returns(market)[rows]
        self._first = returns.var()
        self._omega, self._alpha, self._beta = _likeliest(returns)
        self._shape = np.empty((HORIZONS, len(LEVELS)))
        for ahead in range(1, HORIZONS + 1):
            sigma = self._volatility(market, rows, ahead)
            self._shape[ahead - 1] = np.quantile(market.target[rows, ahead - 1] / sigma, LEVELS)

    def quantiles(self, market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
        """Quantiles (m, Q) of the `ahead`-hour log return."""
        return self._volatility(market, rows, ahead)[:, None] * self._shape[ahead - 1]

    def _volatility(self, market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
        """Of the `ahead`-hour log return, (m,), from the returns up to each row."""
        from scipy.signal import lfilter

        news = self._omega + self._alpha * _returns(market) ** 2
        next_hour = lfilter([1.0], [1.0, -self._beta], news, zi=[self._beta * self._first])[0][rows]  # percent squared
        total, expected = np.zeros(len(rows)), next_hour
        for _ in range(ahead):
            total += expected
            expected = self._omega + (self._alpha + self._beta) * expected
        return np.sqrt(total) / PERCENT


def _returns(market: Market) -> Floats:
    """Hourly log returns in percent, (n,); 0 for the first hour."""
    return PERCENT * np.diff(np.log(market.close), prepend=np.log(market.close[0]))


def _likeliest(returns: Floats) -> tuple[float, float, float]:
    """Omega, alpha and beta of the best of several fits."""
    from arch import arch_model

    model = arch_model(returns, mean="Zero", vol="GARCH", p=1, q=1, dist="t", rescale=False)
    scale = np.array([returns.var(), 1, 1, 1])
    fits = [
        model.fit(disp="off", show_warning=False, starting_values=None if start is None else scale * start)
        for start in STARTS
    ]
    best = max(fits, key=lambda fit: fit.loglikelihood)
    return tuple(best.params[["omega", "alpha[1]", "beta[1]"]])
