"""``python -m benchmarks``: every measurement, one after the other, on this machine."""

import os
import platform

from benchmarks import (
    backtest,
    batch,
    forecast,
    microbatch,
    minutes,
    page,
    predict,
    replicas,
    scale,
    startup,
    throughput,
    turn,
    understanding,
    v1_forecast,
    visitors,
    what_a_forecast_needs,
    widget,
)

print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
for each in (
    startup,
    turn,
    visitors,
    understanding,
    predict,
    throughput,
    replicas,
    scale,
    v1_forecast,
    batch,
    minutes,
    what_a_forecast_needs,
    backtest,
    microbatch,
    forecast,
    page,
    widget,
):
    each.main()
