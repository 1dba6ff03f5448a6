"""All settings, from the environment (``CRYPTOSENSE_*``) or ``.env``. Nothing else reads the environment."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from forecaster.errors import ConfigurationError
from forecaster.installation import ROOT as ROOT
from forecaster.schema import SYMBOL

EXCHANGE_NAMES = ("bitstamp", "coinbase", "kraken", "binance")
PUBLIC_SOCKETS = {
    "bitstamp": "wss://ws.bitstamp.net",
    "coinbase": "wss://ws-feed.exchange.coinbase.com",
    "kraken": "wss://ws.kraken.com/v2",
    "binance": "wss://data-stream.binance.vision/ws",
}
LONGEST_PREFIX = 200  # characters
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[\w.~-]+)+", re.ASCII)
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


def path_prefix(text: str) -> str:
    """The beginning of every address below a path: "/cs" for "/cs/", "" for "/". Raises ValueError for what is none."""
    prefix = text.removesuffix("/")
    if prefix and (len(prefix) > LONGEST_PREFIX or not _PREFIX.fullmatch(prefix)):
        raise ValueError("write a path such as /cs, of letters, digits and . _ ~ - between slashes")
    return prefix


def _default_database_url() -> str:
    from forecaster.data_directory import data_directory

    return f"sqlite:///{data_directory() / 'cryptosense.db'}"


class Settings(BaseSettings):
    """One frozen set of settings, made once at start and handed down."""

    model_config = SettingsConfigDict(
        env_prefix="CRYPTOSENSE_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    source: str = Field(default="auto", description="auto, live, demo, or the path of a candle file")
    exchanges: CommaSeparated = Field(default=EXCHANGE_NAMES, description="exchanges to try, in this order")
    symbols: CommaSeparated = Field(
        default=("BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD", "BNB-USD", "DOGE-USD", "ADA-USD"),
        min_length=1,
        max_length=40,
        description="coins that are offered and watched, such as BTC-USD,SOL-USD; others can be asked about too",
    )
    bitstamp_url: str = "https://www.bitstamp.net"
    coinbase_url: str = "https://api.exchange.coinbase.com"
    kraken_url: str = "https://api.kraken.com"
    binance_url: str = "https://data-api.binance.vision"
    quotes: Literal["auto", "poll"] = Field(
        default="auto", description="auto: exchanges' WebSockets are listened to while somebody follows prices"
    )
    bitstamp_socket: str = ""
    coinbase_socket: str = ""
    kraken_socket: str = ""
    binance_socket: str = ""
    model_dir: Path = Field(default=ROOT / "models" / "quantile", description="directory of the model that answers")
    engine: Literal["onnx", "keras"] = Field(
        default="onnx", description="what runs the model; keras needs the extra 'train'"
    )
    data_dir: Path = Field(
        default=ROOT.parent / "shared" / "data",
        description="where btcusd_1h.parquet, ethusd_1h.parquet, coins_1h and candles_5m lie, for evaluate and retrain",
    )
    database_url: str = Field(default_factory=_default_database_url, description="where candles and forecasts are kept")
    retrain: Literal["off", "weekly"] = Field(
        default="off", description="weekly: a new model is trained on Sunday night, and answers where it is not worse"
    )
    retrain_weeks: int = Field(default=8, ge=2, le=52, description="newest weeks on which a new model is graded first")
    ledger_days: int = Field(
        default=31, ge=21, description="days for which issued forecasts are kept; their grades stay"
    )
    schedule: bool = Field(default=True, description="whether a server issues a forecast an hour by itself")
    backend_url: str = Field(default="", description="another CryptoSense that forecasts instead; none by default")
    backend_key: str = Field(default="", repr=False, description="its API key, where it asks for one")
    llm: str = Field(default="offline", description="offline, or LangChain's provider:model")
    llm_daily_turns: int = Field(default=500, ge=0, description="questions a day (UTC) that such a model answers")
    llm_site_turns: int = Field(default=100, ge=0, description="of these, for each site that the chat is framed in")
    allowed_origins: CommaSeparated = Field(default=(), description="sites that may frame the chat")
    rate_limit: str = Field(default="120/minute", description="of the API, for each address; off for none")
    key_rate_limit: str = Field(default="1200/minute", description="of the API, for each API key; off for none")
    chat_rate_limit: str = Field(default="120/minute", description="of what the chat's page posts, for each address")
    client_streams: int = Field(default=50, ge=1, description="streams that one address or API key may listen to")
    valkey_url: str = Field(
        default="",
        repr=False,
        description="a Valkey in which several replicas count limits and share what exchanges answer: valkey://host:6379/0",
    )
    cluster_token: str = Field(
        default="", repr=False, description="what machines of a cluster show each other; openssl rand -hex 32"
    )
    api_keys: CommaSeparated = Field(default=(), repr=False, description="NAME:SHA-256 of each key")
    require_api_key: bool = Field(default=False, description="whether the API answers only who sends a key")
    alert_hosts: CommaSeparated = Field(
        default=(), description="hosts in a private network, or without TLS, that webhooks of alerts may reach"
    )
    max_concurrent: int = Field(default=64, ge=1, description="requests of the API worked on at once")
    trusted_proxies: CommaSeparated = Field(default=(), description="whose X-Forwarded headers are believed")
    traces: str = Field(
        default="", repr=False, description="who collects traces by OTLP over HTTP; http://127.0.0.1:4318/v1/traces"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="json has a line for every request")
    public_url: str = Field(
        default="", description="where the service is reached from outside; https://chat.example.com"
    )
    root_path: str = Field(
        default="", validate_default=True, description="below which path a proxy serves all of it; that of public_url"
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)

    @field_validator(
        "exchanges", "symbols", "allowed_origins", "api_keys", "trusted_proxies", "alert_hosts", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("exchanges")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(names) - set(EXCHANGE_NAMES))
        if unknown or not names:
            raise ValueError(f"choose from {', '.join(EXCHANGE_NAMES)}")
        return tuple(dict.fromkeys(names))

    @field_validator("symbols")
    @classmethod
    def _coins(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        symbols = tuple(dict.fromkeys(name.upper() for name in names))
        if not all(SYMBOL.fullmatch(symbol) for symbol in symbols):
            raise ValueError("write symbols such as BTC-USD,SOL-USD")
        return symbols

    @field_validator("host")
    @classmethod
    def _bare(cls, host: str) -> str:
        return host.strip().removeprefix("[").removesuffix("]")  # IPv6 as addresses of pages have it

    @field_validator("public_url")
    @classmethod
    def _address(cls, url: str) -> str:
        found = re.fullmatch(r"(https?://(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?)(/.*)?", url, re.ASCII)
        if url and not found:
            raise ValueError("write an address such as https://chat.example.com or https://example.com/chat")
        return found[1] + path_prefix(found[2] or "") if found else ""

    @field_validator("traces")
    @classmethod
    def _collector(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("write an address such as http://127.0.0.1:4318/v1/traces")
        return url if parts.path.strip("/") or not url else f"{url.rstrip('/')}/v1/traces"

    @field_validator("root_path")
    @classmethod
    def _prefix(cls, path: str, info: ValidationInfo) -> str:
        public, prefix = urlsplit(info.data.get("public_url", "")).path, path_prefix(path)
        if public and prefix not in ("", public):
            raise ValueError(f"is not {public}, the path of CRYPTOSENSE_PUBLIC_URL; set one of them")
        return prefix or public

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_network(proxy)) for proxy in proxies)

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Read the environment. Raises ConfigurationError naming each setting that cannot be used."""
        try:
            return cls(**overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            wrong = "; ".join(f"CRYPTOSENSE_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
            raise ConfigurationError(
                f"A setting cannot be used ({wrong}).", "Correct it in the environment or .env."
            ) from error
        except (OSError, UnicodeError) as error:
            raise ConfigurationError(
                "The file .env in this directory cannot be read.", "Make it UTF-8 text that this user may read."
            ) from error

    @property
    def public_origin(self) -> str:
        """Where the service is reached from outside, without a path; empty where nobody has said."""
        public = urlsplit(self.public_url)
        return f"{public.scheme}://{public.netloc}" if public.netloc else ""

    def exchange_url(self, name: str) -> str:
        """Base URL of an exchange, without a trailing slash."""
        return str(getattr(self, f"{name}_url")).rstrip("/")

    def socket_url(self, name: str) -> str:
        """Where an exchange tells prices by itself; the public one beside its public base URL, else none or as set."""
        usual = type(self).model_fields[f"{name}_url"].default
        public = PUBLIC_SOCKETS[name] if self.exchange_url(name) == usual else ""
        return str(getattr(self, f"{name}_socket")) or public
