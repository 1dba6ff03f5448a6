"""Turns through the page, as a browser asks for them, and through /v1/chat: longer conversations, more visitors.

The questions and the simulated candles are the same both ways. Whoever asks here has a core of the same machine, and
reads what comes without drawing it.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Protocol

import httpx

from benchmarks.figures import p50, p95, table
from benchmarks.processes import memory, server, wait_until

QUESTIONS = ("what's BTC next hour?", "what's the price of ETH?", "how good is the model?", "and in 4 hours?")
PLACES = (1, 10, 40)  # turns of a conversation that are looked at
CONVERSATIONS = 3
CROWDS = (1, 4, 16)  # visitors at once
EACH = 10  # turns of each of them
MOST = 19  # messages that /v1/chat is sent, which takes 20; the page sends all that it shows
LONGEST = 2000  # characters of each
GOALS = "goals of the page: 60 turns a second, p95 of four visitors 120 ms"


class Visitor(Protocol):
    """Somebody with a conversation."""

    async def ask(self, question: str) -> tuple[int, int]:
        """One turn; the bytes that went up and came down."""


class OnPage:
    """A browser's part of Gradio's protocol: a question is put into the queue, and a stream tells of it."""

    def __init__(self, client: httpx.AsyncClient, config: dict[str, Any], name: str) -> None:
        self._client, self._session = client, name
        parts = {part["props"].get("elem_id"): part for part in config["components"]}
        box = parts["box"]["id"]
        self._handler = next(each for each in config["dependencies"] if [box, "submit"] in each["targets"])
        self._box, self._chat = box, parts["chat"]["props"]["value"]
        self._suggestions = [parts[f"suggestion-{n}"]["props"]["value"] for n in range(4)]

    async def ask(self, question: str) -> tuple[int, int]:
        event = {
            "data": [question, self._chat, *self._suggestions],
            "event_data": None,
            "fn_index": self._handler["id"],
            "trigger_id": self._box,
            "session_hash": self._session,
        }
        sent = json.dumps(event).encode()
        headers = {"content-type": "application/json"}
        (await self._client.post("/gradio_api/queue/join", content=sent, headers=headers)).raise_for_status()
        stream = await self._client.get("/gradio_api/queue/data", params={"session_hash": self._session})
        told = [json.loads(line[6:]) for line in stream.text.splitlines() if line.startswith("data: ")]
        done = next(line for line in told if line["msg"] == "process_completed")
        if not done["success"]:
            raise RuntimeError(f"a turn of the page failed: {done}")
        self._chat = done["output"]["data"][1]
        return len(sent), len(stream.content)


class OverRest:
    """A program that asks POST /v1/chat."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._messages: list[dict[str, str]] = []

    async def ask(self, question: str) -> tuple[int, int]:
        self._messages = [*self._messages, {"role": "user", "content": question}][-MOST:]
        sent = json.dumps({"messages": self._messages}).encode()
        headers = {"content-type": "application/json"}
        answer = await self._client.post("/v1/chat", content=sent, headers=headers)
        answer.raise_for_status()
        pieces = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
        said = "".join(str(each.get("text", "")) for each in pieces)
        self._messages.append({"role": "assistant", "content": said[:LONGEST] or "-"})
        return len(sent), len(answer.content)


def main() -> None:
    """Measure and print."""
    with server("app.py", "--port", "0", CRYPTOSENSE_CHAT_RATE_LIMIT="off") as served:
        wait_until(served.port, "/readyz")
        asyncio.run(_measured(f"http://127.0.0.1:{served.port}"))
        print(f"\nMemory of the service: {memory(served.pid):.0f} MB at most")


async def _measured(address: str) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        config = (await client.get("/config")).json()
        names = count()
        ways: dict[str, Callable[[], Visitor]] = {
            "the page": lambda: OnPage(client, config, f"visitor{next(names)}"),
            "POST /v1/chat": lambda: OverRest(client),
        }
        for way in ways.values():
            await _conversation(way(), 3)  # what the first questions bring into memory
        rows = [row for name, way in ways.items() for row in await _longer(name, way)]
        head = ("", "p50 ms", "kB up", "kB down")
        table("A turn of one visitor", head, rows, f"each in {CONVERSATIONS} conversations")
        rows = [row for name, way in ways.items() for row in [await _crowd(name, way, size) for size in CROWDS]]
        note = f"{EACH} turns of each; {GOALS}"
        table("Visitors at once", ("", "turns/s", "p50 ms", "p95 ms"), rows, note)


async def _longer(name: str, way: Callable[[], Visitor]) -> list[tuple[str, ...]]:
    conversations = [await _conversation(way(), PLACES[-1]) for _ in range(CONVERSATIONS)]
    rows = []
    for place in PLACES:
        times, up, down = zip(*(turns[place - 1] for turns in conversations), strict=True)
        rows.append((f"{name}, turn {place}", f"{p50(times):.0f}", f"{p50(up) / 1000:.0f}", f"{p50(down) / 1000:.0f}"))
    return rows


async def _crowd(name: str, way: Callable[[], Visitor], size: int) -> tuple[str, ...]:
    begin = time.perf_counter()
    found = await asyncio.gather(*(_conversation(way(), EACH) for _ in range(size)))
    elapsed = time.perf_counter() - begin
    times = [each for turns in found for each, _, _ in turns]
    return (f"{name}, {size} at once", f"{len(times) / elapsed:.0f}", f"{p50(times):.0f}", f"{p95(times):.0f}")


async def _conversation(visitor: Visitor, turns: int) -> Sequence[tuple[float, int, int]]:
    """Milliseconds, bytes up and bytes down of each turn."""
    found = []
    for turn in range(turns):
        begin = time.perf_counter()
        up, down = await visitor.ask(QUESTIONS[turn % len(QUESTIONS)])
        found.append((1000 * (time.perf_counter() - begin), up, down))
    return found


if __name__ == "__main__":
    main()
