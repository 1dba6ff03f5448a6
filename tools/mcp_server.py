"""The registry for MCP: the same tools, the model's report and the disclaimer as resources, a briefing as a prompt.

A tool's text is its structured content too: compact facts, at most 2 kB. What fails is told in the tool's own words;
what is no call of ours at all is a protocol error without internals.
"""

import json
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any

import mcp_types as mcp
from mcp import MCPError
from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import TypeAdapter

from forecaster.errors import CryptoSenseError
from forecaster.market import BITCOIN, ETHER, is_symbol
from forecaster.serving import ForecastBackend
from tools.explanations import Knowledge
from tools.registry import bind_tools
from tools.tool import BoundTool, Tool

VERSION = "1"
REPORT = "cryptosense://report"
DISCLAIMER = "cryptosense://disclaimer"
BRIEFING = "hourly_briefing"
USUAL = (BITCOIN, ETHER)  # what a briefing is about that names no coin
INSTRUCTIONS = (
    "Prices and probabilistic forecasts of coins in US dollars (BTC-USD, SOL-USD, ...), from now to any minute of the "
    "next 24 hours, with their record beside 'no change'. Lead with the range and the chance of going up; quote "
    "numbers as the tools give them, with the time and source of the newest candle; pass warnings on. Educational, "
    "not financial advice."
)
DISCLAIMER_TEXT = (
    "CryptoSense is educational and no financial advice. At one hour the direction of a coin's price is close to a "
    "coin flip; what a forecast knows is how large the move may be. Prices come from public exchanges and may be late "
    "or wrong. Where the source is 'demo', they are simulated and not market data. Past scores promise nothing."
)
_INVALID, _INTERNAL = -32602, -32603  # JSON-RPC 2.0: invalid params, internal error

Handler = Callable[[Any, Any], Awaitable[Any]]
log = logging.getLogger(__name__)


def build_server(backend: ForecastBackend, knowledge: Knowledge | None = None) -> Server[Any]:
    """An MCP server over a backend. It keeps nothing between calls."""
    tools = {bound.tool.name: bound for bound in bind_tools(backend, knowledge)}
    return Server(
        "cryptosense",
        version=VERSION,
        title="CryptoSense",
        instructions=INSTRUCTIONS,
        on_list_tools=_answering(
            lambda params: mcp.ListToolsResult(tools=[_described(each.tool) for each in tools.values()])
        ),
        on_call_tool=_quiet(_called(tools)),
        on_list_resources=_answering(lambda params: mcp.ListResourcesResult(resources=list(_RESOURCES))),
        on_read_resource=_quiet(_read(backend)),
        on_list_prompts=_answering(lambda params: mcp.ListPromptsResult(prompts=[_PROMPT])),
        on_get_prompt=_answering(_briefing),
    )


def sessions(backend: ForecastBackend, knowledge: Knowledge | None = None) -> StreamableHTTPSessionManager:
    """The server over HTTP: every message for itself, answered as JSON, which clients of every revision take."""
    return StreamableHTTPSessionManager(build_server(backend, knowledge), json_response=True, stateless=True)


async def serve_stdio(backend: ForecastBackend, knowledge: Knowledge | None = None) -> None:
    """Answer one client on standard input and output until it goes."""
    from mcp.server.stdio import stdio_server

    # Ctrl-C ends it at once: the thread that waits for a line of input would keep Python from ending.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server = build_server(backend, knowledge)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _quiet(handler: Handler) -> Handler:
    """The handler, whose bugs go to the log and not to a client: the protocol's server would send their text."""

    async def quiet(context: object, params: Any) -> Any:
        try:
            return await handler(context, params)
        except MCPError:
            raise
        except Exception as error:
            log.exception("An MCP request failed.")
            raise MCPError(_INTERNAL, "This failed unexpectedly. Try again in a minute.") from error

    return quiet


def _answering(answer: Callable[[Any], Any]) -> Handler:
    async def handler(context: object, params: Any) -> Any:
        return answer(params)

    return handler


@cache
def _described(tool: Tool[Any]) -> mcp.Tool:
    return mcp.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        output_schema=TypeAdapter(tool.facts).json_schema(),
        annotations=mcp.ToolAnnotations(
            title=tool.title, read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
        ),
    )


def _called(tools: Mapping[str, BoundTool]) -> Handler:
    async def handler(context: object, params: mcp.CallToolRequestParams) -> mcp.CallToolResult:
        bound = tools.get(params.name)
        if bound is None:
            raise MCPError(_INVALID, f"There is no such tool. Call one of: {', '.join(tools)}.")
        result = await bound.call(params.arguments or {})
        return mcp.CallToolResult(
            content=[mcp.TextContent(type="text", text=result.text)],
            structured_content=json.loads(result.text) if result.ok else None,
            is_error=not result.ok,
        )

    return handler


def _read(backend: ForecastBackend) -> Handler:
    async def handler(context: object, params: mcp.ReadResourceRequestParams) -> mcp.ReadResourceResult:
        uri = str(params.uri)
        if uri == DISCLAIMER:
            return _contents(uri, "text/plain", DISCLAIMER_TEXT)
        if uri != REPORT:
            raise MCPError(_INVALID, f"There is no such resource. Read {REPORT} or {DISCLAIMER}.")
        try:
            report = await backend.report()
        except CryptoSenseError as error:
            raise MCPError(_INTERNAL, str(error)) from error
        return _contents(uri, "application/json", report.model_dump_json())

    return handler


def _contents(uri: str, mime_type: str, text: str) -> mcp.ReadResourceResult:
    return mcp.ReadResourceResult(contents=[mcp.TextResourceContents(uri=uri, mime_type=mime_type, text=text)])


def _briefing(params: mcp.GetPromptRequestParams) -> mcp.GetPromptResult:
    if params.name != BRIEFING:
        raise MCPError(_INVALID, f"There is no such prompt. Get {BRIEFING}.")
    symbols: Sequence[str] = USUAL
    if asked := (params.arguments or {}).get("symbol"):
        if not is_symbol(asked):
            raise MCPError(_INVALID, f"That is no symbol. Send one such as SOL-USD, or none for {' and '.join(USUAL)}.")
        symbols = (asked,)
    text = (
        f"Brief me on {' and '.join(symbols)}: call get_price, forecast for 1 and for 24 hours, detect_anomalies for "
        "24 hours, and track_record. In at most 120 words: the range and the chance of going up first, then anything "
        "unusual, then how the latest forecasts did. Give the time and source of the newest candle and every warning. "
        "No advice to trade."
    )
    message = mcp.PromptMessage(role="user", content=mcp.TextContent(type="text", text=text))
    return mcp.GetPromptResult(description=_PROMPT.description, messages=[message])


_RESOURCES = (
    mcp.Resource(
        name="report",
        title="Evaluation report",
        uri=REPORT,
        description="What the model scored on hours it never saw, beside 'no change', by symbol, horizon and input.",
        mime_type="application/json",
    ),
    mcp.Resource(
        name="disclaimer",
        title="Disclaimer",
        uri=DISCLAIMER,
        description="What these forecasts are, and what they are not.",
        mime_type="text/plain",
    ),
)
_PROMPT = mcp.Prompt(
    name=BRIEFING,
    title="Hourly briefing",
    description="Price, forecast, surprises and track record of the last hours in a few sentences.",
    arguments=[
        mcp.PromptArgument(name="symbol", description="such as SOL-USD; BTC and ETH if left out", required=False)
    ],
)
