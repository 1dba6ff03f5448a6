"""``GET /llms.txt``: what the service offers, for an agent that was given nothing but its address."""

from fastapi import APIRouter, FastAPI
from starlette.responses import PlainTextResponse

from api.addresses import prefix
from api.wire import MODEL

ADDRESS = "/llms.txt"

TEXT = """# CryptoSense

> Probabilistic forecasts of the hourly closes of coins in US dollars, 1 to 24 hours ahead, with their record
> beside "no change". A range and a chance of going up, not a tip.

Educational, not financial advice. At one hour the direction is close to a coin flip; the range is what to use.
Pass on the time and source of the newest candle and every warning. Where the source is "demo", prices are simulated.

## For agents

{agents}

## REST

JSON; errors are RFC 9457 problems. [OpenAPI]({base}/openapi.json), [to try in a browser]({base}/docs).

- POST {base}/v1/forecast: the distribution of the next 1 to 24 closes, such as {{"symbol": "BTC-USD", "hours": 6}}
- POST {base}/v1/forecast/batch: the same after up to 1,024 windows of yours
- GET {base}/v1/price?symbol=BTC-USD: the last trade, the newest hourly close, the change over 24 hours
- GET {base}/v1/candles?symbol=BTC-USD&hours=48: the newest closed candles; step=5m, 1h or 1d
- GET {base}/v1/stream?symbols=BTC-USD: prices, candles, forecasts and outcomes as they happen, Server-Sent Events
- GET {base}/v1/anomalies?symbol=BTC-USD&hours=24: how surprising the newest hours were; POST: in candles of yours
- GET {base}/v1/forecasts, GET {base}/v1/track-record: live forecasts, and what became of them
- GET {base}/v1/forecasts/ranges: the ranges of live forecasts alone, in under 500 bytes each
- POST {base}/v1/evaluate: the model graded on closes of yours
- GET {base}/v1/model, GET {base}/v1/metrics-report: which model answers, and what it scored on unseen hours
- POST {base}/predict: 60 hourly closes in, the next one out
"""
MCP = """- [MCP]({base}/mcp): Model Context Protocol, streamable HTTP; read-only tools for prices, candles, forecasts,
  surprises, and how past forecasts turned out; the record and the disclaimer as resources; a briefing as a prompt
"""
ASSISTANT = """- [OpenAI-compatible]({base}/v1): the assistant as the model "{model}", POST {base}/v1/chat/completions
- POST {base}/v1/chat: the same assistant as Server-Sent Events with its tools and forecast
"""
WIDGET = """
## On a web site

- One line gives a page the chat: <script src="{base}/widget.js" defer></script>
"""


def install(app: FastAPI, origin: str, *, mcp: bool, assistant: bool, page: bool) -> None:
    """Serve it from `app`, naming what there is at `origin`; where that is empty, without it."""
    agents = (MCP if mcp else "") + (ASSISTANT if assistant else "")
    text = TEXT.replace("{agents}", agents.rstrip()) + (WIDGET if page else "")
    headers = {"Cache-Control": "max-age=3600", "Vary": "X-Forwarded-Prefix"}
    router = APIRouter()

    @router.get(ADDRESS, include_in_schema=False)
    async def llms() -> PlainTextResponse:
        return PlainTextResponse(text.format(base=origin + prefix(), model=MODEL), headers=headers)

    app.include_router(router)
