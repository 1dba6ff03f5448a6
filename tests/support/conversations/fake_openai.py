"""An OpenAI-compatible server on this machine that answers as a test plans it: fragments, faults, hangs.

    Plan("text", "It is $69,930.25.")          streamed word by word, as "letters" letter by letter
    Plan("text", "It is $69,9", "length")      with the reason why it ends
    Plan("calls", [("get_price", {...})])       tool calls whose arguments come in fragments
    Plan("status", 429), Plan("hang"), Plan("stall", "BTC is"), Plan("drip"), Plan("cut", "BTC is"), ...

Plans are used up in order, the last one again and again. Like the real service, it refuses a conversation in which a
tool call has no result.
"""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FRAGMENT = 5  # characters of arguments in a chunk
SECRET = "secret-host refused sk-abcdef0123456789"  # in every error's text
GIGANTIC = 2_000_000  # characters


@dataclass(frozen=True)
class Plan:
    """What becomes of one request."""

    kind: str  # text, letters, calls, arguments, status, hang, stall, drip, thinking, cut, broken, empty, gigantic
    what: Any = ""
    finish: str = ""  # why it ends, where that is not plain


class FakeOpenAI(ThreadingHTTPServer):
    """Its `base_url` stands for the provider's."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *plans: Plan) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plans = plans
        self.hangs_on = ""  # a word of a question that is never answered
        self.asked: list[dict[str, Any]] = []  # what was sent, request by request
        self.refused: list[str] = []
        self.closing = threading.Event()
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is expected."""

    def planned(self, body: dict[str, Any]) -> Plan:
        """What to do with a request."""
        plan = self.plans[min(len(self.asked), len(self.plans) - 1)]
        self.asked.append(body)
        hangs = self.hangs_on and self.hangs_on in str(body["messages"][-1]["content"])
        return Plan("hang") if hangs else plan


def unanswered(messages: list[dict[str, Any]]) -> set[str]:
    """The tool calls that have no result before somebody speaks again."""
    waiting: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            waiting.discard(message["tool_call_id"])
        elif waiting:
            break
        waiting |= {call["id"] for call in message.get("tool_calls") or []}
    return waiting


class _Handler(BaseHTTPRequestHandler):
    server: FakeOpenAI
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        plan = self.server.planned(body)
        if left := unanswered(body["messages"]):
            self.server.refused.append(f"without a result: {sorted(left)}")
            self._refuse(400)
        elif plan.kind == "status":
            self._refuse(plan.what)
        elif plan.kind == "hang":
            self.server.closing.wait(60)
        else:
            self._answer(body, plan)

    def _refuse(self, status: int) -> None:
        text = json.dumps({"error": {"message": SECRET, "type": "error", "code": None}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Retry-After", "120")
        self.end_headers()
        self.wfile.write(text)

    def _answer(self, body: dict[str, Any], plan: Plan) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._write(_chunk({"role": "assistant", "content": ""}))
        if plan.kind == "drip":
            self._drip(": keep-alive\n\n")
        if plan.kind == "thinking":
            self._drip(_chunk({"content": ""}))
        for delta in _deltas(plan):
            self._write(_chunk(delta))
        if plan.kind == "stall":
            self.server.closing.wait(60)
        if plan.kind in ("cut", "broken", "stall"):
            if plan.kind == "broken":
                self._write("data: {not json\n\n")
            self.close_connection = True
            return
        self._write(_chunk({}, plan.finish or ("tool_calls" if plan.kind in ("calls", "arguments") else "stop")))
        if (body.get("stream_options") or {}).get("include_usage"):
            usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
            self._write(f"data: {json.dumps({**_BASE, 'choices': [], 'usage': usage})}\n\n")
        self._write("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _drip(self, text: str) -> None:
        """Something now and then that says nothing."""
        end = time.monotonic() + 60
        while time.monotonic() < end and not self.server.closing.wait(0.05):
            self._write(text)

    def _write(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


_BASE = {"id": "chatcmpl-1", "created": 1, "model": "fake", "object": "chat.completion.chunk"}


def _chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({**_BASE, 'choices': [choice]})}\n\n"


def _deltas(plan: Plan) -> Iterator[dict[str, Any]]:
    """What a plan says, piece by piece."""
    if plan.kind == "calls":
        plan = Plan("arguments", [(name, json.dumps(arguments)) for name, arguments in plan.what])
    if plan.kind == "arguments":  # as text, which may be no JSON
        for index, (name, text) in enumerate(plan.what):
            first = {"id": f"call_{time.monotonic_ns()}_{index}", "type": "function"}
            yield {"tool_calls": [{"index": index, **first, "function": {"name": name, "arguments": ""}}]}
            for start in range(0, len(text), FRAGMENT):
                yield {"tool_calls": [{"index": index, "function": {"arguments": text[start : start + FRAGMENT]}}]}
    elif plan.kind == "letters":
        yield from ({"content": letter} for letter in plan.what)
    elif plan.kind == "gigantic":
        yield {"content": "So it goes. " * (GIGANTIC // 12)}
    else:
        yield from ({"content": f"{word} "} for word in str(plan.what).split())
