"""GET /metrics?replicas=all: what all replicas that share a Valkey count, in one answer.

    each replica, every 5 s --its own /metrics, for 15 s--> Valkey --> whoever is asked adds them up

Counters and histograms are summed. A gauge is summed where replicas have a share of it, the least where a small value
is the bad one or the first counts, and the most elsewhere. While Valkey is away, this replica's counters stand alone.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from valkey.asyncio import Valkey

KEYS = "cryptosense:metrics:"
EVERY, KEPT = 5.0, 15  # seconds
PATIENCE = 1.0  # seconds for which Valkey is waited for
MOST_REPLICAS = 256  # that are added up, the newest
LONGEST = 1_000_000  # bytes of one replica's counters; a busy one has 60,000
SHARED = {  # gauges of which each replica has a share
    "cryptosense_http_requests_in_flight",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
}
LEAST = {"cryptosense_database_up", "process_max_fds", "process_start_time_seconds"}  # and when a counter began


class Replicas:
    """The counters of this replica and of the others at one Valkey; of this one alone where none is named."""

    def __init__(self, url: str, own: Callable[[], bytes]) -> None:
        """`own` gives this replica's counters in Prometheus's text format."""
        self._own, self._id, self._valkey = own, secrets.token_hex(8), _opened(url) if url else None
        self._adding, self._sum, self._until = asyncio.Lock(), b"", 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Let the others know this replica's counters until `stop`."""
        while self._valkey and not stop.is_set():
            with suppress(*_away()):
                await self._tell(self._valkey)
            await asyncio.sleep(EVERY)

    async def text(self) -> bytes:
        """The sum, with the number of replicas in it; made once a second, however often it is asked for."""
        async with self._adding:
            now = time.monotonic()
            if now >= self._until:
                self._sum, self._until = await self._text(), now + 1.0
            return self._sum

    async def close(self) -> None:
        """Be counted no more, and give the connections back."""
        if self._valkey:
            with suppress(*_away()):
                await self._valkey.delete(KEYS + self._id)
            await self._valkey.aclose()

    async def _text(self) -> bytes:
        others, why = list[bytes](), b""
        if self._valkey:
            try:
                others = await self._others(self._valkey)
            except _away():
                why = b"# Valkey does not answer: these are the counters of this replica alone.\n"
        return why + await asyncio.to_thread(summed, [self._own(), *others])

    async def _tell(self, valkey: "Valkey") -> None:
        now = (await valkey.time())[0]  # its clock: those of replicas may differ
        async with valkey.pipeline() as all_at_once:
            all_at_once.set(KEYS + self._id, self._own(), ex=KEPT)
            all_at_once.zadd(KEYS, {self._id: now})
            all_at_once.zremrangebyscore(KEYS, "-inf", now - KEPT)
            all_at_once.expire(KEYS, KEPT)
            await all_at_once.execute()

    async def _others(self, valkey: "Valkey") -> list[bytes]:
        ids = {each.decode() for each in await valkey.zrange(KEYS, 0, MOST_REPLICAS - 1, desc=True)} - {self._id}
        texts = await valkey.mget([KEYS + each for each in ids]) if ids else []
        return [text for text in texts if text and len(text) <= LONGEST]


class _Summed(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        """The families."""
        return self._families


def summed(texts: Sequence[bytes]) -> bytes:
    """The sum of what each replica counts, all in Prometheus's text format, with their number: cryptosense_replicas."""
    families: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], list[float]]] = {}
    for text in texts:
        for family in text_string_to_metric_families(text.decode()):
            families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            found = values.setdefault(family.name, {})
            for sample in family.samples:
                found.setdefault((sample.name, tuple(sample.labels.items())), []).append(sample.value)
    for name, family in families.items():
        add = _rule(family)
        for (sample_name, labels), all_values in values[name].items():
            family.add_sample(sample_name, dict(labels), add(all_values))
    count = Metric("cryptosense_replicas", "Replicas whose counters are in this answer", "gauge")
    count.add_sample(count.name, {}, len(texts))
    registry = CollectorRegistry()
    registry.register(_Summed([*families.values(), count]))
    return generate_latest(registry)


def _rule(family: Metric) -> Callable[[list[float]], float]:
    if family.type != "gauge" or family.name in SHARED:
        return sum
    return min if family.name in LEAST or family.name.endswith("_created") else max


def _opened(url: str) -> "Valkey":
    from valkey.asyncio import Valkey

    plain = url.replace("valkey+unix://", "unix://")
    return cast("Valkey", Valkey.from_url(plain, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE))


def _away() -> tuple[type[Exception], ...]:
    """What is raised while Valkey is away; the limits say so in the log."""
    from valkey.exceptions import ValkeyError

    return ValkeyError, OSError, TimeoutError
