"""``python -m benchmarks``: every measurement, one after the other, on this machine."""

import os
import platform

from benchmarks import backtest, forecast, minutes, predict, startup, turn

print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
for each in (startup, turn, predict, minutes, backtest, forecast):
    each.main()
