"""The one list of tools: a tool is one line of it.

Everything that offers tools (LangChain, MCP, a page) offers these.
"""

from typing import Any

from forecaster.serving import ForecastBackend
from tools.anomalies import DETECT_ANOMALIES
from tools.candles import GET_CANDLES
from tools.compare import COMPARE
from tools.forecast import FORECAST
from tools.metrics import EXPLAIN_METRICS
from tools.prices import GET_PRICE
from tools.tool import BoundTool, Tool
from tools.track_record import TRACK_RECORD

TOOLS: tuple[Tool[Any], ...] = (
    GET_PRICE,
    GET_CANDLES,
    FORECAST,
    COMPARE,
    EXPLAIN_METRICS,
    DETECT_ANOMALIES,
    TRACK_RECORD,
)
NAMES = frozenset(tool.name for tool in TOOLS)


def bind_tools(backend: ForecastBackend) -> tuple[BoundTool, ...]:
    """Every tool, asking this backend."""
    return tuple(BoundTool(tool, backend) for tool in TOOLS)
