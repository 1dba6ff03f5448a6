"""docs/alerts.md: its examples run: an alert is made, told to the receiver that it shows, and its signature holds."""

import asyncio
import contextlib
import hashlib
import io
import json
import re
import threading
import time
from http.server import HTTPServer
from types import SimpleNamespace

import httpx
import pytest

from forecaster.alerts import Alerts, Pace, signature
from forecaster.alerts.conditions import AnomalyHour, LeavesRange, PriceCrosses, Reaches, Volatile
from forecaster.ledger import Ledger
from forecaster.settings import ROOT, Settings
from tests.support.fakes import NOON
from tests.support.ledger.postgres import UNHURRIED
from tests.support.service.streams import PATIENCE, Moving, streaming

DOCS = (ROOT / "docs" / "alerts.md").read_text()
PYTHON = re.findall(r"^```python\n(.*?)^```", DOCS, re.M | re.S)
KEY = "a-key-of-these-tests"
KEYED = Settings(rate_limit="off", api_keys=[f"tests:{hashlib.sha256(KEY.encode()).hexdigest()}"])


@pytest.fixture
def receiver():
    """The receiver of the page, on a port of this machine; its names, among them SECRET, which is set later."""
    names = {"json": json}
    for example in PYTHON[1:]:
        exec(example, names)
    names["Receiver"].log_message = lambda *_: None
    with HTTPServer(("127.0.0.1", 0), names["Receiver"]) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield names, f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def market_time():
    """When the market that is imitated stands still."""
    return NOON + 1.0


async def test_an_alert_is_made_as_shown_and_the_receiver_that_is_shown_verifies_and_prints_it(tmp_path, receiver):
    names, place = receiver
    market = Moving(Ledger(f"sqlite:///{tmp_path / 'ledger.db'}"))
    market.longest = 24
    alerts = Alerts(
        f"sqlite:///{tmp_path / 'alerts.db'}", hosts=[place], pace=Pace(idle=0.05), within=UNHURRIED, clock=market_time
    )
    printed = io.StringIO()
    async with streaming(market, settings=KEYED, alerts=alerts) as (to, _):

        def post(path, body):
            answer = httpx.post(f"{to}{path}", json=body, headers={"X-API-Key": KEY}, timeout=PATIENCE)
            return answer.raise_for_status().json()

        with contextlib.redirect_stdout(printed):
            here = {"post": post, "WEBHOOK": f"http://{place}/hook"}
            await asyncio.to_thread(exec, PYTHON[0], here)
            names["time"] = SimpleNamespace(time=market_time)  # of the receiver, which lives in the same moment
            names["SECRET"] = here["made"]["secret"]
            async with asyncio.timeout(PATIENCE):
                while (kept := alerts.desk.store.get("tests", here["made"]["id"])[0].standing.range) is None:
                    await asyncio.sleep(0.05)
                market.trades(kept.high * 1.02, at=1)
                while "95 % range" not in printed.getvalue():
                    await asyncio.sleep(0.05)
    market.ledger.close()


def test_a_signature_of_another_secret_body_or_time_is_refused(receiver):
    verified = receiver[0]["verified"]
    now = int(time.time())
    assert verified("one", signature("one", b"body", now), b"body")
    assert not verified("two", signature("one", b"body", now), b"body")
    assert not verified("one", signature("one", b"body", now), b"another")
    assert not verified("one", signature("one", b"body", now - 301), b"body")


@pytest.mark.parametrize("condition", [PriceCrosses, LeavesRange, AnomalyHour, Volatile, Reaches])
def test_every_condition_is_explained_as_it_is_taken(condition):
    shown = [json.loads(each) for each in re.findall(r"^\| `(\{.*?\})`", DOCS, re.M)]
    kind = condition.model_fields["kind"].annotation.__args__[0]
    [example] = [each for each in shown if each["kind"] == kind]
    assert condition.model_validate(example)
