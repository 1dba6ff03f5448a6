"""A market that is made up: hours, five minutes and prices of every coin, for when there is none to ask."""

from forecaster.market.simulated.hours import BLOCK, MOST_HOURS, simulated
from forecaster.market.simulated.minutes import simulated_minutes
from forecaster.market.simulated.source import NOTE, DemoSource

__all__ = ["BLOCK", "MOST_HOURS", "NOTE", "DemoSource", "simulated", "simulated_minutes"]
