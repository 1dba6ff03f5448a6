import json

from tests.support.fakes import FakeBackend, surprise
from tools.anomalies import DETECT_ANOMALIES, MOST_TOLD
from tools.tool import BoundTool


async def call(backend, **arguments):
    return await BoundTool(DETECT_ANOMALIES, backend).call({"symbol": "BTC-USD"} | arguments)


async def test_the_backend_is_asked_with_the_usual_span_and_budget():
    backend = FakeBackend()
    await call(backend)
    assert backend.calls == [("anomalies", ("BTC-USD", 24, 10))]


async def test_an_unusual_hour_is_told_with_its_rarity_and_what_was_expected():
    told = json.loads((await call(FakeBackend())).text)
    assert told["anomalies_found"] == 1
    [rarest] = told["rarest"]
    assert rarest["closed"] == "2026-03-19T07:00Z"
    assert (rarest["move_pct"], rarest["rarity"]) == (-2.5, "about once in 6 weeks")
    assert rarest["expected_95"][0] < rarest["expected_95"][1]


async def test_hours_without_a_surprise_say_so():
    backend = FakeBackend()
    backend.surprises = ()
    told = json.loads((await call(backend)).text)
    assert told["anomalies_found"] == 0 and "rarest" not in told
    assert told["newest_hour"]["rarity"] == "an ordinary hour"


async def test_of_many_surprises_the_rarest_are_told_oldest_first_and_the_data_has_all():
    backend = FakeBackend()
    backend.surprises = tuple(surprise(back=back, days=10.0 + back % 7) for back in range(40, 0, -1))
    result = await call(backend, hours=48)
    told = json.loads(result.text)
    assert (told["anomalies_found"], len(told["rarest"]), len(result.data.anomalies)) == (40, MOST_TOLD, 40)
    assert [each["closed"] for each in told["rarest"]] == sorted(each["closed"] for each in told["rarest"])
    assert len(result.text.encode()) <= 2048
