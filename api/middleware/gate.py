"""Who may come in, and how often: API keys and rate limits, before anything of a request's body is read."""

from enum import Enum
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.addresses import Surface, route_path, surface_of
from api.middleware.clients import client_of, counted
from api.middleware.keys import CHALLENGE, HOLDER, Keys, sent_key
from api.middleware.limits import OFF, Limiter, SharedCounters
from api.middleware.metrics import Metrics
from api.wire import problem
from forecaster.errors import ConfigurationError
from forecaster.settings import Settings

WRONG_KEY = "This API key is not known. Send a valid one, or none where none is needed."


class Entry(Enum):
    """Whether a request may come in, apart from how often."""

    ALLOWED = "allowed"
    NO_KEY = "no key"
    WRONG_KEY = "wrong key"


class Visit(NamedTuple):
    """How a request is treated."""

    entry: Entry
    limiter: Limiter | None = None  # what counts it
    client: str = ""  # under which name


class Rules:
    """The API is guarded. Of the chat, what its page posts is counted; health, metrics and documentation pass."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError for keys and limits that cannot work."""
        self._keys, self._key_needed = Keys(settings.api_keys), settings.require_api_key
        if self._key_needed and not self._keys:
            raise ConfigurationError(
                "CRYPTOSENSE_REQUIRE_API_KEY is set, but there is no key.", "List keys in CRYPTOSENSE_API_KEYS."
            )
        self._shared = shared = SharedCounters(settings.valkey_url) if settings.valkey_url else None
        self._by_address = _limiter("ip", settings.rate_limit, "RATE_LIMIT", shared)
        self._by_key = _limiter("key", settings.key_rate_limit, "KEY_RATE_LIMIT", shared)
        self._by_page = _limiter("chat", settings.chat_rate_limit, "CHAT_RATE_LIMIT", shared)

    async def close(self) -> None:
        """Give back what is shared with other replicas."""
        if self._shared:
            await self._shared.close()

    def visit(self, scope: Scope) -> Visit:
        """What holds for an HTTP request. Notes in its scope whose key it carries."""
        surface = surface_of(route_path(scope))
        if surface is Surface.API:
            return self._api_visit(scope)
        if surface is Surface.CHAT and scope["method"] == "POST":
            return Visit(Entry.ALLOWED, self._by_page, counted(client_of(scope)))
        return Visit(Entry.ALLOWED)

    def _api_visit(self, scope: Scope) -> Visit:
        key = sent_key(scope["headers"]) if self._keys else None
        if holder := self._keys.holder(key) if key else None:
            scope[HOLDER] = holder
            return Visit(Entry.ALLOWED, self._by_key, holder)
        missing = Entry.NO_KEY if self._key_needed else Entry.ALLOWED
        # a wrong key is counted against the address that guesses
        return Visit(Entry.WRONG_KEY if key else missing, self._by_address, counted(client_of(scope)))


class Gate:
    """Holds the rules: 429 for who asks too often, 401 for who lacks a key."""

    def __init__(self, app: ASGIApp, rules: Rules, metrics: Metrics) -> None:
        self.app = app
        self._rules, self._metrics = rules, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it. Its answer says how much of the limit is left."""
        visit = self._rules.visit(scope) if scope["type"] == "http" else Visit(Entry.ALLOWED)
        limiter = visit.limiter
        if limiter is None:
            await self._admitted(visit.entry)(scope, receive, send)
            return
        standing = await limiter.hit(visit.client)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                message["headers"] = [*own, (b"ratelimit-policy", limiter.policy), (b"ratelimit", standing.header)]
            await send(message)

        app = self._admitted(visit.entry) if standing.passes else self._too_many(standing.seconds)
        await app(scope, receive, told)

    def _admitted(self, entry: Entry) -> ASGIApp:
        """What answers a request that is not one too many."""
        if entry is Entry.ALLOWED:
            return self.app
        self._metrics.refused("key")
        if entry is Entry.NO_KEY:
            return problem(401, headers={"WWW-Authenticate": CHALLENGE})
        return problem(401, WRONG_KEY, headers={"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'})

    def _too_many(self, seconds: int) -> ASGIApp:
        self._metrics.refused("rate_limit")
        wait = f"{seconds} second{'s' if seconds > 1 else ''}"
        return problem(429, f"Too many requests. Try again in {wait}.", headers={"Retry-After": str(seconds)})


def _limiter(name: str, notation: str, setting: str, shared: SharedCounters | None) -> Limiter | None:
    if notation.strip().lower() == OFF:
        return None
    return Limiter(name, notation, setting, storage=(lambda: shared) if shared else None)
