"""Spans as a collector gets them: in one tree through tasks and threads, bounded, and with nothing of anybody in it."""

import asyncio
import logging
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from forecaster import tracing
from forecaster.errors import ConfigurationError
from forecaster.serving.remote import RemoteBackend
from forecaster.settings import ROOT, Settings
from forecaster.tracing.collector import QUEUE
from forecaster.tracing.spans import UNTRACED
from tests.support.receivers.traces import Traces

FOREIGN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"  # of the W3C's own example
SECRET = "SECRET-7f3a"
PATIENT = 600.0  # seconds: what is handed over is so at the end


@pytest.fixture
def collector():
    """One that takes spans; they are all there once tracing is closed."""
    with Traces() as collector:
        tracing.install(collector.url, every=PATIENT, within=60.0)
        yield collector
        tracing.close()


def told(collector):
    """Its spans by name."""
    tracing.close()
    return {span.name: span for span in collector.spans()}


async def test_tasks_and_threads_begin_their_spans_within_what_is_being_done(collector):
    def work(name):
        with tracing.span(name):
            pass

    async def task():
        with tracing.span("task"):
            await asyncio.to_thread(work, "thread")

    with tracing.span("whole", "client", status=200), ThreadPoolExecutor(1) as pool:
        await asyncio.create_task(task())
        await asyncio.get_running_loop().run_in_executor(pool, tracing.handed_on(work), "pool")
    spans = told(collector)
    assert {span.trace for span in spans.values()} == {spans["whole"].trace}
    parents = {name: span.parent for name, span in spans.items()}
    whole = spans["whole"].id
    assert parents == {"whole": "", "task": whole, "thread": spans["task"].id, "pool": whole}
    assert (spans["whole"].kind, spans["task"].kind) == ("client", "internal")
    assert spans["whole"].facts == {"http.response.status_code": 200}


async def test_what_goes_on_after_its_request_begins_a_trace_of_its_own_that_is_linked_to_it(collector):
    over = asyncio.Event()

    async def follow():
        await over.wait()
        with tracing.span("later"):
            pass

    with tracing.span("request"):
        task = asyncio.create_task(follow())
    over.set()
    await task
    spans = told(collector)
    assert spans["later"].trace != spans["request"].trace and spans["later"].parent == ""
    assert spans["later"].links == [spans["request"].trace]


async def test_a_failure_is_told_by_its_class_alone_and_what_is_broken_off_is_none(collector):
    with pytest.raises(RuntimeError), tracing.span("fails"):
        raise RuntimeError(SECRET)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            with tracing.span("waits"):
                await asyncio.sleep(60)
    with tracing.span("answers") as span:
        span.tell(status=503)
    spans = told(collector)
    assert {name: (span.failed, span.facts) for name, span in spans.items()} == {
        "fails": (True, {"error.type": "RuntimeError"}),
        "waits": (False, {"cryptosense.broken_off": True}),
        "answers": (True, {"http.response.status_code": 503}),
    }
    assert SECRET not in collector.everything()


def test_a_caller_is_joined_as_its_traceparent_says_and_a_broken_one_is_none(collector):
    trace, parent = FOREIGN
    for number, value in enumerate([f"00-{trace}-{parent}-01", f"00-{trace}-{parent}-00", "00-1-2-01", SECRET, "\xff"]):
        with tracing.request([(b"tracestate", SECRET.encode()), (b"traceparent", value.encode("latin-1"))]) as span:
            span.tell(str(number))
            with tracing.span(f"within {number}"):
                headers = tracing.named_to_others()
        assert headers["traceparent"].split("-")[1] == trace or number > 1
    spans = told(collector)
    assert (spans["0"].trace, spans["0"].parent, spans["within 0"].parent) == (trace, parent, spans["0"].id)
    assert "1" not in spans and "within 1" not in spans  # its caller records nothing of it
    assert {(spans[each].parent, spans[each].trace == trace) for each in "234"} == {("", False)}
    assert SECRET not in collector.everything()


async def test_another_machine_that_forecasts_is_told_of_the_trace_and_of_none_where_there_is_none(collector):
    asked = []

    def answer(request):
        asked.append(request.headers.get("traceparent", ""))
        return httpx.Response(404, stream=httpx.ByteStream(b""))

    there = RemoteBackend("http://forecaster.example", transport=httpx.MockTransport(answer))
    with tracing.span("forecast"):
        await there.kept("fc_1")
    spans = told(collector)
    await there.kept("fc_1")
    await there.close()
    call = spans["backend call"]
    assert (call.parent, call.kind) == (spans["forecast"].id, "client")
    assert [each.split("-")[1:3] for each in asked] == [[call.trace, call.id], []]


def test_variables_for_other_programs_neither_begin_nor_change_traces(monkeypatch):
    with Traces() as theirs, Traces() as ours:
        for name, value in {
            "ENDPOINT": theirs.url, "TRACES_ENDPOINT": theirs.url, "HEADERS": f"x-key={SECRET}", "COMPRESSION": "gzip",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"owner={SECRET}")
        assert tracing.span("none") is UNTRACED and not Settings().traces
        tracing.install(ours.url, every=PATIENT, within=60.0)
        with tracing.span("ours"):
            pass
        assert list(told(ours)) == ["ours"]
        assert theirs.bodies == [] and SECRET not in ours.everything()


def test_a_password_in_the_address_reaches_the_collector_and_not_the_log(caplog):
    with Traces("refuses") as collector:
        tracing.install(collector.url.replace("//", f"//me:{SECRET}@"), every=PATIENT, within=0.2)
        with tracing.span("refused"):
            pass
        tracing.close()
    assert collector.headers[0]["Authorization"].startswith("Basic ")
    assert "does not take traces" in caplog.text and SECRET not in caplog.text


@pytest.mark.parametrize("how", ["hangs", "refuses", "gone"])
def test_a_collector_that_fails_keeps_nobody_waiting_and_is_told_of_once(how, caplog):
    with Traces(how) as collector:
        if how == "gone":
            collector.stop()
        tracing.install(collector.url, every=0.01, within=0.2)
        began = time.thread_time()
        for _ in range(3 * QUEUE):
            with tracing.span("span"):
                pass
        assert time.thread_time() - began < 30  # of this thread's own: it waits for nobody
        end = time.monotonic() + 60
        while not caplog.records:
            assert time.monotonic() < end
            time.sleep(0.01)
        tracing.close()
        assert [(line.name, line.levelno) for line in caplog.records] == [
            ("forecaster.tracing.collector", logging.WARNING)
        ]


def test_a_collector_that_comes_back_is_told_of_once_too(caplog):
    with Traces("refuses") as collector:
        tracing.install(collector.url, every=0.01, within=0.2)
        end = time.monotonic() + 60
        while len(caplog.records) < 2:
            assert time.monotonic() < end
            collector.how = "takes" if caplog.records else "refuses"
            with tracing.span("span"):
                time.sleep(0.01)
        tracing.close()
    assert [line.message.split(":")[0] for line in caplog.records] == [
        "The collector does not take traces",
        "The collector takes traces again.",
    ]


def test_without_the_setting_neither_opentelemetrys_sdk_nor_its_exporter_is_loaded():
    code = (
        "import sys, api.app, composition, forecaster.settings as s; composition.Composition(s.Settings()); "
        "print(*(each for each in sys.modules if each.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_without_the_extra_the_setting_is_refused_at_start_with_what_to_install():
    code = (
        "import sys; sys.modules['opentelemetry.exporter'] = None; import composition, forecaster.settings as s; "
        "composition.Composition(s.Settings(traces='http://127.0.0.1:9'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "pip install cryptosense[otel]" in done.stderr


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", ""),
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("https://collector.example/", "https://collector.example/v1/traces"),
        ("https://collector.example/otlp/v1/traces", "https://collector.example/otlp/v1/traces"),
    ],
)
def test_an_address_without_a_path_gets_the_usual_one(url, told):
    assert Settings.load(traces=url).traces == told


@pytest.mark.parametrize("url", ["collector:4318", "grpc://host:4317", "http://", "yes", "https://a.example/?key=1"])
def test_what_is_no_address_of_a_collector_is_refused(url):
    with pytest.raises(ConfigurationError, match=r"CRYPTOSENSE_TRACES.*v1/traces"):
        Settings.load(traces=url)
