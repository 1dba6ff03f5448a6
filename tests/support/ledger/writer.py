"""Writes a ledger as fast as it goes until it is killed, and says what it was told is kept: arguments URL HOUR."""

import sys
from itertools import count

from forecaster.ledger.ledger import Ledger
from tests.support.ledger.issued import closing, issued


def write(url: str, first: int) -> None:
    """Issue an hour's forecast, settle those before it, and so on from hour `first`."""
    ledger = Ledger(url)
    for hour in count(first):
        if ledger.record(issued(hour)):
            say("kept", hour)
        ledger.settle("BTC-USD", "bitstamp", closing(hour, hours=5))
        say("settled", hour)


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]))
