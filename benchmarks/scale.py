"""Up to 1,000 replicas and 100 coins, simulated by the rules of the code: what they ask of what they share.

No server is started. Each second of five minutes, requests for forecasts fall on replicas and coins by chance; from
what each replica and Valkey hold already follows what has to be asked for.

    a price     held by a replica for QUOTE_SERVES s, else by Valkey for as long, else asked of an exchange
    candles     one page a coin and five-minute mark: from an exchange once, from the store at each other replica
    a forecast  made and told to the ledger once by each replica, coin and mark; the ledger keeps one
"""

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import table
from forecaster.database.engines import CONNECTIONS
from forecaster.market.sources import QUOTE_SERVES
from forecaster.schema import FIVE_MINUTES

CASES = ((1, 7), (4, 7), (4, 100), (20, 15), (20, 100), (100, 100), (1000, 100))  # replicas, coins
ENGINES = 3  # of a replica: candles, ledger, alerts; and the leader's connection
ASKED = 10.0  # requests for a forecast a second, at each replica


def main() -> None:
    """Simulate and print."""
    rows = [_row(replicas, coins) for replicas, coins in CASES]
    head = ("", "exchange calls/min", "Valkey looks/s", "ledger writes/s", "of them kept/h", "connections at most")
    note = f"{ASKED:.0f} forecasts a second at each replica, each coin as often; no server was measured"
    table("Simulated: replicas x coins", head, rows, note)


def _row(replicas: int, coins: int) -> tuple[str, ...]:
    asked = _asked(replicas, coins)  # (seconds, replicas, coins) bool
    any_replica = asked.any(axis=1)  # (seconds, coins)
    minutes, seconds = FIVE_MINUTES / 60, FIVE_MINUTES
    pages = any_replica.any(axis=0).sum()  # one of five minutes for each coin
    calls = _renewed(any_replica).sum() + pages
    looks = _renewed(asked).sum() + asked.any(axis=0).sum()
    writes, kept = asked.any(axis=0).sum(), any_replica.any(axis=0).sum() * 3600 / FIVE_MINUTES
    figures = (calls / minutes, looks / seconds, writes / seconds, kept, replicas * (ENGINES * CONNECTIONS + 1))
    return f"{replicas:,} x {coins}", *(f"{each:,.0f}" if each >= 10 else f"{each:.1f}" for each in figures)


def _asked(replicas: int, coins: int) -> NDArray[np.bool_]:
    random = np.random.default_rng(0)
    return random.random((FIVE_MINUTES, replicas, coins), dtype=np.float32) < -np.expm1(-ASKED / coins)


def _renewed(asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a price is asked for that nobody holds any more; times on the first axis."""
    renewed = np.zeros_like(asked)
    last = np.full(asked.shape[1:], -np.inf)
    for second, now in enumerate(asked):
        renewed[second] = now & (second - last >= QUOTE_SERVES)
        last[renewed[second]] = second
    return renewed


if __name__ == "__main__":
    main()
