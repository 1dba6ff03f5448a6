"""The endpoint: which coins, and after which event.

quote      {"symbol", "source", "quote", "price", "time", "warnings"}      another price, every 2 s at most
candle     {"open_time", "open", "high", "low", "close", "volume", ...}    five minutes that have closed
forecast   {"id", "as_of", "last_close", "horizon", ...}                   one that was issued
settled    {"id", "as_of", "outcomes", ...}                                what became of one
anomaly    {"time", "move_pct", "once_in_days", "rarity", ...}             an hour that moved as almost none does
alert      {"id", "alert_id", "text", "value", "condition", ...}           one of the caller's own: key or token needed
"""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import AfterValidator, Field

from api.middleware import HOLDER, client_of, counted
from api.routes.alerts import watched
from api.routes.stream.response import EventStream, Heard
from api.routes.stream.streams import Streams
from api.wire import Given, GivenRoute, QueryWhole, documented
from forecaster.alerts import TOKENS, Alerts
from forecaster.errors import UnsupportedSymbol
from forecaster.schema import SYMBOL

router = APIRouter(prefix="/v1", tags=["market"], route_class=GivenRoute)

LIST = rf"^{SYMBOL.pattern}(,{SYMBOL.pattern}){{0,39}}$"
LONGEST = 24 * 3600  # seconds
ONE = {  # event, as OpenAPI 3.2 describes it
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("event", "id", "data")} | {"retry": {"type": "integer"}},
}
OFFERED = "It is listed among CRYPTOSENSE_SYMBOLS where it is to be told"
TOKEN = "st_[A-Za-z0-9_-]{43}"
TOKEN_LIST = rf"^({TOKEN}(,{TOKEN}){{0,{TOKENS - 1}}})?$"


def _each(text: str) -> str:
    return ",".join(dict.fromkeys(text.split(",")))


class StreamQuery(Given):
    """Which coins, and how long."""

    symbols: Annotated[str, AfterValidator(_each)] = Field(
        pattern=LIST, max_length=720, description="coins that this service offers", examples=["BTC-USD,ETH-USD"]
    )
    seconds: QueryWhole = Field(default=LONGEST, ge=1, le=LONGEST, description="end after so many: a day at most")
    after: str = Field(
        default="", max_length=40, description="as the header Last-Event-ID, which comes first, for who cannot send one"
    )
    alerts: str = Field(
        default="", pattern=TOKEN_LIST, description="stream_token of alerts that are told too, ten at most"
    )


async def streams(request: Request) -> Streams:
    """What every stream is fed from."""
    return cast(Streams, request.app.state.streams)


async def _streams(query: Annotated[StreamQuery, Query()], found: Annotated[Streams, Depends(streams)]) -> Streams:
    """The streams, once the query is one."""
    return found


@router.get(
    "/stream",
    summary="Prices, candles, forecasts and anomalies as they happen",
    response_class=Response,
    responses={200: {"content": {EventStream.media_type: {"itemSchema": ONE}}}, **documented(422, 429, 503)},
)
async def stream(
    request: Request,
    query: Annotated[StreamQuery, Query()],
    found: Annotated[Streams, Depends(_streams)],
    alerts: Annotated[Alerts | None, Depends(watched)],
    last_event_id: Annotated[str, Header(description="id of the last event that you know")] = "",
) -> EventStream:
    """Server-Sent Events: `quote`, `candle`, `forecast`, `settled` and `anomaly`, each a JSON object on one line.

    And `alert`, for who holds the API key of an alert without a webhook, or sends its `stream_token` in `alerts`.
    A browser's `EventSource` reads it, and goes on after the last event that it got.
    """
    symbols = query.symbols.split(",")
    feed = found.feed()
    for symbol in symbols:
        if symbol not in feed.symbols:
            raise UnsupportedSymbol(symbol, feed.symbols, OFFERED)
    client = request.scope.get(HOLDER) or counted(client_of(request.scope))
    tokens = tuple(filter(None, query.alerts.split(",")))
    heard = Heard(alerts.on_stream, request.scope.get(HOLDER), tokens) if alerts else None
    return EventStream(found.place(client), symbols, last_event_id or query.after, query.seconds, heard)
