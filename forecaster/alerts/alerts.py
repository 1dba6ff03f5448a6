"""An alert: what is asked for, how it is told, and how it stands."""

import re
import secrets
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from forecaster.alerts.addresses import is_address, is_public
from forecaster.alerts.conditions import AnomalyHour, Condition, LeavesRange, PriceCrosses, Range, Whole
from forecaster.schema import Frozen, Symbol

LONGEST_URL, LONGEST_NOTE = 2000, 200  # characters
NO_URL = "Give an address such as https://example.com/hooks/7, without a name and password, and without #."
PORTS = {"https": 443, "http": 80}
PRINTED = re.compile(r"[^\x00-\x1f\x7f]*")

Format = Literal["cryptosense", "alertmanager"]


def address(text: str) -> str:
    """A webhook's address, as it will be asked. Raises PydanticCustomError for what is none."""
    try:
        url = httpx.URL(text)
        host, port = url.raw_host.decode("ascii"), url.port
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise PydanticCustomError("url", NO_URL) from error
    if url.scheme not in PORTS or not host or url.userinfo or url.fragment or port == 0 or len(str(url)) > LONGEST_URL:
        raise PydanticCustomError("url", NO_URL)
    return str(url)


def place_of(url: str) -> tuple[str, int]:
    """Host, in lower case and without brackets, and port."""
    found = urlsplit(url)
    return (found.hostname or "").lower(), found.port or PORTS[found.scheme]


def receiver_of(url: str) -> str:
    """Whose queue a webhook's deliveries stand in: HOST:PORT, which a log may tell, unlike the address."""
    host, port = place_of(url)
    return f"{host[:240]}:{port}"


def new_id(prefix: str, now: float) -> str:
    """An id; they are in the order of time (Unix s), so that a page can go on after one."""
    return f"{prefix}_{int(1000 * now):012x}{secrets.token_hex(6)}"


def may_be_asked(url: str) -> bool:
    """Whether it is https, and not to an address of a private network; a name is looked up when something is told."""
    host, _ = place_of(url)
    return url.startswith("https:") and (not is_address(host) or is_public(host))


def _printed(text: str) -> str:
    if not PRINTED.fullmatch(text):
        raise PydanticCustomError("note", "Write a note on one line.")
    return text


class Wanted(Frozen):
    """What somebody wants to be told, and how. Without a webhook it is told on GET /v1/stream."""

    symbol: Symbol
    condition: Condition
    webhook: Annotated[str, AfterValidator(address), Field(max_length=LONGEST_URL)] | None = Field(
        default=None,
        description="https address that is told by POST; none: on the stream",
        examples=["https://example.com/hooks/7"],
    )
    format: Format = Field(
        default="cryptosense", description="of the webhook's body; alertmanager: its webhook payload, version 4"
    )
    repeat_minutes: Annotated[int, Field(strict=True, ge=5, le=24 * 60), Whole] | None = Field(
        default=None, description="told again after so many while it holds; by default only after it went back"
    )
    note: Annotated[str, AfterValidator(_printed), Field(max_length=LONGEST_NOTE)] = Field(
        default="", description="comes back with what is told"
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.format == "alertmanager" and self.webhook is None:
            raise PydanticCustomError("format", "Give a webhook with the format alertmanager.")
        return self


class Standing(Frozen):
    """How an alert stands; each change of it is written down by whoever comes first."""

    firing: bool = False
    since: float | None = None  # Unix s, when it began to hold
    last: float | None = None  # Unix s, when it was last told
    count: int = 0  # times that it was told
    range: Range | None = None  # of LeavesRange
    version: int = 0


class Asked(Frozen):
    """An alert as it is kept."""

    id: str
    owner: str
    wanted: Wanted
    paused: bool
    created: float  # Unix s
    standing: Standing

    def needs_trades(self) -> bool:
        """Whether each new price may change it."""
        return isinstance(self.wanted.condition, PriceCrosses | LeavesRange)

    def needs_forecast(self) -> bool:
        """Whether a forecast is read for it."""
        return not isinstance(self.wanted.condition, PriceCrosses | AnomalyHour)


class Alert(Wanted):
    """An alert as its owner sees it."""

    id: str
    created: AwareDatetime
    paused: bool
    firing: bool = Field(description="whether it holds now")
    since: AwareDatetime | None = Field(description="when it began to hold")
    last_told: AwareDatetime | None
    count: int = Field(ge=0, description="times that it was told")
    waiting: int = Field(default=0, ge=0, description="deliveries that its webhook has not taken yet")


class Fresh(Alert):
    """An alert that was just made, with what is never shown again."""

    secret: str | None = Field(description="of the webhook's signatures; shown once, keep it")
    stream_token: str | None = Field(description="for ?alerts= of GET /v1/stream; shown once")


class Listing(Frozen):
    """Alerts, oldest first."""

    alerts: tuple[Alert, ...]
    next_cursor: str | None = Field(description="send it as cursor for the next page; none at the end")
