"""A crowd of clients in a process of its own, which is told its plan as JSON and tells what the clients saw.

    Plan(port, bodies, 4, seconds=5)              four connections, each asks again once it is answered
    Plan(port, bodies, 1000, rate=6000, seconds=60)  so many questions a second, whatever becomes of the earlier ones
    Plan(port, bodies, 4, count=2000, hang_up=0.1)   one client in ten hangs up at a random moment
    Plan(port, bodies, 16, fresh=0.3, seconds=9)     three questions in ten on a new connection

Times are those of CLOCK_MONOTONIC, which all processes of a machine share.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.client import post

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 30.0  # seconds that an answer may take
TICK = 0.002  # seconds
BURST = 0.01  # seconds whose questions are asked at once at most, when they are late
IDLE = 4.0  # seconds after which a client lets an unused connection go; the server waits longer


@dataclass(frozen=True)
class Plan:
    """What a crowd does. It ends after `seconds` or when `count` questions were asked, whichever is given."""

    port: int
    bodies: dict[str, str]  # path -> what is posted to it, one as often as the other
    connections: int
    seconds: float = 1e9
    count: int = 1 << 60
    rate: float = 0.0  # questions a second; 0: each connection asks again once it is answered
    hang_up: float = 0.0  # share of the questions whose client hangs up
    fresh: float = 0.0  # share of the questions that are asked on a new connection
    seed: int = 1
    service: int = 0  # process whose CPU time is noted


@dataclass
class Seen:
    """What a crowd saw."""

    statuses: Counter[str] = field(default_factory=Counter)
    accepted: list[float] = field(default_factory=list)  # ms of each answer 200
    work: list[float] = field(default_factory=list)  # ms of CPU time that the service spent meanwhile
    turned_away: list[float] = field(default_factory=list)  # the same of each other answer
    lost: list[float] = field(default_factory=list)  # when each question was sent that got no answer
    torn: int = 0  # answers that broke off
    refused: int = 0  # connections that could not be made
    hung_up: int = 0
    kept_back: int = 0  # questions that found no connection free, or came too late to be asked
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Accepted questions a second."""
        return len(self.accepted) / self.seconds


def p(percent: float, times: list[float]) -> float:
    """What so many percent of the times do not exceed."""
    ordered = sorted(times)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


@contextmanager
def crowd(plan: Plan) -> Iterator[Callable[[], Seen]]:
    """A crowd that has begun to ask; call it to wait for what it saw."""
    command = [sys.executable, "-m", "tests.support.service.crowd"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(asdict(plan)) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "asking\n"
        yield lambda: _seen(process)
    finally:
        process.kill()
        process.wait()


def offered(plan: Plan) -> Seen:
    """What a crowd saw."""
    with crowd(plan) as seen:
        return seen()


def _seen(process: "subprocess.Popen[str]") -> Seen:
    out, _ = process.communicate()
    assert process.returncode == 0
    told = json.loads(out)
    return Seen(**told | {"statuses": Counter(told["statuses"])})


class Wire(asyncio.Protocol):
    """A connection of one client, with one question at a time."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._received = b""
        self._asked, self._spent = False, 0.0
        self.since = time.monotonic()  # of the question, or of the answer before it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, request: bytes) -> None:
        self._spent = self._crowd.spent()
        self.since, self._asked, self._received = time.monotonic(), True, b""
        self.transport.write(request)

    def hang_up(self, sent: bytes) -> None:
        """Send that much and leave: in order, or with a reset."""
        self.transport.write(sent)
        (self.transport.close if self._crowd.chance.random() < 0.5 else self.transport.abort)()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        head = head.lower()
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        seconds, self._asked, self.since = time.monotonic() - self.since, False, time.monotonic()
        if b"connection: close" in head:
            self.transport.close()
        self._crowd.answered(self, head[9:12].decode(), 1000 * seconds, 1000 * (self._crowd.spent() - self._spent))

    def connection_lost(self, error: Exception | None) -> None:
        if self._asked:
            self._crowd.lost(self, torn=bool(self._received))


class Crowd:
    """The clients, and what they have seen so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.seen, self.chance = plan, Seen(), random.Random(plan.seed)
        self._requests = [post(path, body.encode()) for path, body in plan.bodies.items()]
        self._free: deque[Wire] = deque()  # the longest unused first
        self._open = self._asked = self._waiting = 0
        self._end = time.monotonic() + plan.seconds
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> Seen:
        began = time.monotonic()
        await (self._by_the_clock() if self.plan.rate else self._one_after_another())
        self.seen.seconds = time.monotonic() - began
        end = time.monotonic() + PATIENCE
        while (self._waiting or self._tasks) and time.monotonic() < end:
            await asyncio.sleep(TICK)
        self.seen.lost += [0.0] * self._waiting  # no answer within PATIENCE
        return self.seen

    def spent(self) -> float:
        """Seconds of CPU time that the service has had."""
        service = self.plan.service
        return time.clock_gettime(~service << 3 | 2) if service else 0.0  # clock_getcpuclockid(3) of Linux

    def answered(self, wire: Wire, status: str, ms: float, work: float) -> None:
        self._waiting -= 1
        self.seen.statuses[status] += 1
        if status == "200":
            self.seen.accepted.append(ms)
            self.seen.work.append(work)
        else:
            self.seen.turned_away.append(ms)
        if wire.transport.is_closing() or self.chance.random() < self.plan.fresh:
            wire.transport.close()
            self._open -= 1
        else:
            self._free.append(wire)
        if not self.plan.rate:
            self._next()

    def lost(self, wire: Wire, torn: bool) -> None:
        self._waiting -= 1
        self._open -= 1
        self.seen.torn += torn
        self.seen.lost.append(wire.since)
        if not self.plan.rate:
            self._next()

    async def _one_after_another(self) -> None:
        for _ in range(self.plan.connections):
            self._next()
        while not self._over():
            await asyncio.sleep(TICK)

    async def _by_the_clock(self) -> None:
        began = time.monotonic()
        while not self._over():
            due = int(self.plan.rate * (time.monotonic() - began)) - self._asked
            late = max(0, due - max(1, int(self.plan.rate * BURST)))  # because this process had to wait for the machine
            self._asked += late
            self.seen.kept_back += late
            for _ in range(due - late):
                self._next()
            await asyncio.sleep(TICK)

    def _over(self) -> bool:
        return time.monotonic() > self._end or self._asked >= self.plan.count

    def _next(self) -> None:
        """Ask a question, on a free connection or on a new one."""
        if self._over():
            return
        self._asked += 1
        while self._free:
            wire = self._free.popleft()
            if not wire.transport.is_closing() and time.monotonic() - wire.since < IDLE:
                self._ask(wire)
                return
            wire.transport.close()
            self._open -= 1
        if self._open >= self.plan.connections:
            self.seen.kept_back += 1
            return
        self._open += 1
        task = asyncio.ensure_future(self._on_a_new_connection())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _on_a_new_connection(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, wire = await loop.create_connection(lambda: Wire(self), "127.0.0.1", self.plan.port)
        except OSError:
            self.seen.refused += 1
            self._open -= 1
            if not self.plan.rate:
                self._end = 0.0  # nobody listens any more
            return
        self._ask(wire)

    def _ask(self, wire: Wire) -> None:
        request = self.chance.choice(self._requests)
        if self.chance.random() >= self.plan.hang_up:
            self._waiting += 1
            wire.ask(request)
            return
        self.seen.hung_up += 1
        self._open -= 1
        sent = request[: self.chance.choice((self.chance.randrange(len(request)), self.chance.randrange(120), 1 << 20))]
        wire.hang_up(sent)
        if not self.plan.rate:
            asyncio.get_running_loop().call_soon(self._next)


def main() -> None:
    clients = Crowd(Plan(**json.loads(sys.stdin.readline())))
    sys.stdout.write("asking\n")
    sys.stdout.flush()
    sys.stdout.write(json.dumps(vars(asyncio.run(clients.run()))))


if __name__ == "__main__":
    main()
