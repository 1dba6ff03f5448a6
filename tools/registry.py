"""The one list of tools: a tool is one line of it.

Everything that offers tools (LangChain, MCP, a page) offers these.
"""

from typing import Any

from forecaster.serving import ForecastBackend
from tools.anomalies import DETECT_ANOMALIES
from tools.candles import GET_CANDLES
from tools.compare import COMPARE
from tools.explanations import EXPLAIN, Knowledge, explaining
from tools.forecast import FORECAST
from tools.prices import GET_PRICE
from tools.tool import BoundTool, Tool
from tools.track_record import TRACK_RECORD

TOOLS: tuple[Tool[Any], ...] = (
    GET_PRICE,
    GET_CANDLES,
    FORECAST,
    COMPARE,
    EXPLAIN,
    DETECT_ANOMALIES,
    TRACK_RECORD,
)
NAMES = frozenset(tool.name for tool in TOOLS)


def bind_tools(backend: ForecastBackend, knowledge: Knowledge | None = None) -> tuple[BoundTool, ...]:
    """Every tool, asking this backend; `explain` where there is knowledge that it tells."""
    told = () if knowledge is None else (explaining(knowledge),)
    tools = (each for tool in TOOLS for each in (told if tool is EXPLAIN else (tool,)))
    return tuple(BoundTool(tool, backend) for tool in tools)
