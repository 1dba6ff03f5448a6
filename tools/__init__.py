"""One typed function per capability, over a forecast backend; the same for every kind of assistant."""

import forecaster  # noqa: F401  # first: it tells the libraries to be quiet
from forecaster.anomalies import LARGEST_BUDGET, MOST_HOURS, AnomalyReport, Surprise
from forecaster.inference import Odds
from forecaster.market import Coin, catalogue, decimals_of, nearest, spellings
from tools.anomalies import USUAL_HOURS
from tools.arguments import DEAREST, FARTHEST
from tools.candles import LONGEST_LOOK_BACK, SpanAnswer
from tools.coercion import understood
from tools.compare import ComparedCoin, Comparison, LeftOut
from tools.currencies import InCurrency, Rate
from tools.explanations import RECORD, Explanation, Knowledge, Metric, MetricExplanation, MetricsAnswer
from tools.forecast import ForecastAnswer
from tools.live_record import LiveRecord, live_record
from tools.prices import PriceAnswer, moment_of
from tools.registry import NAMES, TOOLS, bind_tools
from tools.tool import BoundTool, minute
from tools.track_record import MOST_LAST, USUAL_LAST, TrackRecordAnswer, TrackRecordArguments, track_record

__all__ = [
    "DEAREST",
    "FARTHEST",
    "LARGEST_BUDGET",
    "LONGEST_LOOK_BACK",
    "MOST_HOURS",
    "MOST_LAST",
    "NAMES",
    "RECORD",
    "TOOLS",
    "USUAL_HOURS",
    "USUAL_LAST",
    "AnomalyReport",
    "BoundTool",
    "Coin",
    "ComparedCoin",
    "Comparison",
    "Explanation",
    "ForecastAnswer",
    "InCurrency",
    "Knowledge",
    "LeftOut",
    "LiveRecord",
    "Metric",
    "MetricExplanation",
    "MetricsAnswer",
    "Odds",
    "PriceAnswer",
    "Rate",
    "SpanAnswer",
    "Surprise",
    "TrackRecordAnswer",
    "TrackRecordArguments",
    "bind_tools",
    "catalogue",
    "decimals_of",
    "langchain_tools",
    "live_record",
    "mcp_server",
    "minute",
    "moment_of",
    "nearest",
    "spellings",
    "track_record",
    "understood",
]
