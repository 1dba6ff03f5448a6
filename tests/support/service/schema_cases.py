"""Requests that Schemathesis makes from the service's own OpenAPI document, and what is wrong with the answers.

Each operation gets the examples of the document, each boundary of its schema from both sides, random requests that the
schema allows and that it does not, and requests with what earlier answers told.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from api.routes.chat import LONGEST_MESSAGE
from forecaster.ledger.cursor import Cursor
from forecaster.market.candles import EARLIEST, utc
from forecaster.schema import HOUR
from forecaster.settings import Settings
from tests.support.fakes import NOON

KEY = "a-key-of-these-tests"
LOCKED = Settings(
    api_keys=(f"tests:{hashlib.sha256(KEY.encode()).hexdigest()}",),
    require_api_key=True,
    rate_limit="off",
    key_rate_limit="off",
)
SEED = 1
ENDLESS = "/v1/stream"  # each of its answers takes a second at least: tests/api/routes/test_stream.py has its cases
PATIENCE = 120  # seconds: far more than an answer takes, even on a busy machine
SENT = ("candles", "other_candles", "closes", "last_open_time")
FEWEST, MOST = 72, 1000  # hours: no operation asks for more, none takes more
WEBHOOK = "https://example.com/hooks/7"
JSON = dict[str, Any]


@dataclass
class Found:
    """What became of the cases."""

    cases: Counter[str] = field(default_factory=Counter)  # by phase
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)  # by operation and status
    wrong: dict[str, str] = field(default_factory=dict)  # what is wrong -> the first request that shows it

    @property
    def count(self) -> int:
        return self.cases.total()

    def note(self, event: events.ScenarioFinished) -> None:
        """Take in one scenario: the cases of an operation, or one walk from answer to answer."""
        recorder = event.recorder
        self.cases[event.phase.value] += len(recorder.cases)
        for name, each in recorder.interactions.items():
            if each.response is not None:
                self.answers[recorder.cases[name].value.operation.label, each.response.status_code] += 1
        for check in (check for checks in recorder.checks.values() for check in checks):
            if check.failure_info:
                failure = check.failure_info.failure
                what = f"{failure.operation}: {check.name}: {failure.title}\n{failure.message}"
                self.wrong.setdefault(what, check.failure_info.code_sample)

    def report(self) -> str:
        """Everything that is wrong, for a person."""
        return "\n\n".join(f"{what}\n{sample}" for what, sample in self.wrong.items())


def cases(address: str, most: int) -> Found:
    """Every check of up to `most` random cases an operation, after all the others; the same cases each time."""
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", config=_config(most))
    schema.hook(map_case)
    schema = schema.exclude(path=ENDLESS)
    found = Found()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            found.note(event)
        elif isinstance(event, events.NonFatalError):
            found.wrong[f"{event.label}: {event.value!r}"] = str(event.info.code_sample)
        elif isinstance(event, events.FatalError):
            raise event.exception
    return found


def _config(most: int) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "workers": 1,
            "headers": {"Authorization": f"Bearer {KEY}"},
            "request-timeout": PATIENCE,
            "continue-on-failure": True,
            "cache": {"enabled": False},
            "generation": {"mode": "all", "max-examples": most, "deterministic": True, "database": "none"},
            # All. Two have nothing to look at: use_after_free, since nothing can be deleted, and
            # object_level_authorization, since nothing belongs to anybody.
            "checks": {"enabled": True},
        }
    )


def map_case(context: Any, case: Any) -> Any:
    """Give a case that the schema allows what no schema can say, so that it has to be accepted; leave others alone.

    A schema says what a candle is. It cannot say that each candle opens an hour after the one before it.
    """
    if case.query and case.path == "/v1/candles" and case.query.get("step") in ("5m", "1d"):
        case.query |= {"step": "1h", "hours": 24}  # this service has hours alone, and fewer of them
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    if isinstance(case.body, dict):
        case.body = _sensible(case.body)
        if case.path == "/v1/forecast" and case.meta.phase.name.value == "stateful":
            # Only a forecast from the service's own candles is kept: what is asked for next is its id.
            case.body = {name: value for name, value in case.body.items() if name not in SENT}
    if case.headers and isinstance(key := case.headers.get("idempotency-key"), str):
        digest = hashlib.sha256(json.dumps(case.body).encode()).hexdigest()
        case.headers["idempotency-key"] = key[:32] + digest[:32]  # the same key never comes with another body
    if case.query and case.path == "/v1/candles":
        case.query["hours"] = min(int(case.query.get("hours") or 24), 300)
    if case.query and case.query.get("cursor") is not None and case.path != "/v1/alerts":
        case.query["cursor"] = str(Cursor(NOON, "fc_0"))
    if case.query and case.query.get("since") is not None:
        case.query["since"] = _time(case.query["since"], hour=0)
    return case


def _sensible(body: JSON) -> JSON:
    """A body as somebody sends it who has read docs/api.md."""
    if prices := body.get("prices"):
        # Further out, the answer may be more than a float can hold, and is then refused.
        return body | {"prices": [min(max(price, 1e-100), 1e100) for price in prices]}
    if isinstance(body.get("condition"), dict):
        return _alert(body)
    if messages := body.get("messages"):
        content = messages[-1].get("content")
        question = content if isinstance(content, str) and 0 < len(content) <= LONGEST_MESSAGE else "what's BTC?"
        return body | {"messages": [*messages[:-1], messages[-1] | {"role": "user", "content": question}]}
    if windows := body.get("windows"):
        return body | {"windows": [_whole(_window(each)) for each in windows]}
    return _window(body)


def _alert(body: JSON) -> JSON:
    """An alert that can be told: one price, an address, a note on one line."""
    condition = body["condition"]
    if condition.get("kind") == "price":
        given = [name for name in ("above", "below") if condition.get(name) is not None] or ["above"]
        condition = {"kind": "price", given[0]: condition.get(given[0]) or 1.0}
    told = body.get("webhook") is not None or body.get("format") == "alertmanager"
    rest = {name: value for name, value in body.items() if name not in ("webhook", "note")}
    return rest | {"condition": condition, "note": "told"} | ({"webhook": WEBHOOK} if told else {})


def _ahead(sent: JSON) -> JSON:
    """One of hours, minutes and until; hours alone with candles or closes."""
    if sent.get("candles") or sent.get("closes"):
        return {name: value for name, value in sent.items() if name not in ("minutes", "until")}
    if sent.get("until") is not None:
        rest = {name: value for name, value in sent.items() if name not in ("hours", "minutes")}
        return rest | {"until": f"{utc(NOON + 2 * HOUR):%Y-%m-%dT%H:%M:%SZ}"}
    return {name: value for name, value in sent.items() if name != "hours" or sent.get("minutes") is None}


def _window(given: JSON) -> JSON:
    """Candles of consecutive hours, or closes of consecutive hours, or neither."""
    sent = _ahead(given)
    rest = {name: value for name, value in sent.items() if name not in SENT}
    if sent.get("candles"):
        both = {name: sent[name] for name in ("candles", "other_candles") if sent.get(name)}
        return rest | {name: _hourly(candles) for name, candles in both.items()}
    if not sent.get("closes"):
        return rest
    last = {} if sent.get("last_open_time") is None else {"last_open_time": _time(sent["last_open_time"], MOST)}
    return rest | {"closes": sent["closes"]} | last


def _whole(window: JSON) -> JSON:
    """A window of a batch: none of those is about the service's own candles."""
    return window if "candles" in window else {"closes": [1.0] * FEWEST} | window


def _hourly(candles: Sequence[JSON]) -> list[JSON]:
    """At least FEWEST candles, an hour after the other, each with its open and close between its low and high."""
    made = []
    for hour, candle in enumerate(islice(cycle(candles), max(FEWEST, len(candles)))):
        prices = sorted(candle[name] for name in ("open", "high", "low", "close"))
        time = _time(candle["open_time"], hour)
        made.append(candle | {"open_time": time, "low": prices[0], "high": prices[-1]})
    return made


def _time(given: object, hour: int) -> str | int:
    """The opening of an hour, counted from the earliest, as text where text was given."""
    time = EARLIEST + hour * HOUR
    return utc(time).isoformat() if isinstance(given, str) else time
