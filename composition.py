"""Where the parts of the product are put together, each when it is first asked for; long because it is one place.

    agent, chat     from SOURCE: live candles first, then simulated ones that say so, unless settings say otherwise
    api             the same model on the same live candles, but without simulated ones unless settings say so

Both ask another machine first where CRYPTOSENSE_BACKEND_URL names one; it alone where no model lies here.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import cached_property, partial
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.applications import Starlette

    from api import Step, Told, Words
    from api.routes import Sessions
    from assistant.agent import Agent, Event
    from assistant.knowledge import Library
    from assistant.page import Feedback
    from assistant.page.tabs import ModelRecord
    from forecaster.alerts import Alerts, Counting
    from forecaster.artifact import Artifact
    from forecaster.database import Leader
    from forecaster.inference import EngineOf, Predictor
    from forecaster.ledger import Ledger
    from forecaster.market import CandleSource
    from forecaster.market.files import Reading
    from forecaster.schema import Forecast, Symbol
    from forecaster.serving import ForecastBackend, LocalBackend, ModelState, Observer, Reloading
    from forecaster.serving.remote import RemoteBackend, RemoteState
    from forecaster.settings import Settings
    from tools import LiveRecord

log = logging.getLogger(__name__)
CLASSIC_REPORT = Path(__file__).parent / "models" / "classic" / "report.json"


class Composition:
    """The parts of the product; `observer` is told what backends do, `reading` says what a candle file does not.

    `engine_of` gives the engine of a model that runs elsewhere.
    """

    def __init__(
        self,
        settings: "Settings",
        observer: "Observer | None" = None,
        reading: "Reading | None" = None,
        engine_of: "EngineOf | None" = None,
    ) -> None:
        from forecaster import tracing
        from forecaster.database import Health

        self.settings = settings
        self._reading, self._engine_of = reading, engine_of
        self._observer = observer
        self.health = Health(observer.database_works) if observer else Health()
        self._building = Lock()
        self._builder: Thread | None = None
        self._artifact = _artifact_of(settings)  # at once: a broken model ends the command with a clear message
        if settings.traces:
            tracing.install(settings.traces)

    @cached_property
    def predictor(self) -> "Predictor":
        """The model, ready to run. Raises ArtifactError where none lies here."""
        from forecaster.artifact import load_artifact

        return self._opened(self._artifact or load_artifact(self.settings.model_dir))

    def _opened(self, artifact: "Artifact") -> "Predictor":
        from forecaster.inference import open_model

        if self._engine_of is None:
            return open_model(artifact, self.settings.engine)
        return open_model(artifact, "keras", self._engine_of)  # as that one is: asked from threads, and gathered

    @cached_property
    def source(self) -> "CandleSource":
        """Where candles come from."""
        from forecaster.market import open_source

        return open_source(self.settings, health=self.health, reading=self._reading)

    @cached_property
    def ledger(self) -> "Ledger":
        """What keeps every forecast of live candles."""
        import sqlalchemy  # noqa: F401  now, since threads that import it first at the same time can block each other

        from forecaster.ledger import Ledger

        return Ledger(self.settings.database_url, self.health, days=self.settings.ledger_days)

    def alerts(self, counted: "Counting") -> "Alerts":
        """What is watched for holders of API keys, and delivered to them. Raises ConfigurationError."""
        from forecaster.alerts import Alerts

        hosts = self.settings.alert_hosts
        return Alerts(self.settings.database_url, self.health, hosts=hosts, counted=counted)

    @cached_property
    def local(self) -> "LocalBackend":
        """What answers in this process."""
        from forecaster.serving import LocalBackend

        ledger = self.ledger if self.settings.source in ("auto", "live") else None
        source = self.source
        return LocalBackend(source, self.predictor, ledger=ledger, clock=source.now, observer=self._observer)

    @cached_property
    def remote(self) -> "RemoteBackend":
        """What answers on another machine."""
        from forecaster.serving import fallback
        from forecaster.serving.remote import client as remote

        within = remote.WITHIN if self._artifact is None else fallback.WITHIN
        key = self.settings.backend_key or None
        return remote.RemoteBackend(self.settings.backend_url, key, within=within, observer=self._observer)

    @cached_property
    def backend(self) -> "ForecastBackend":
        """What answers the assistant: this process, or another one as long as it answers."""
        return self.remote if self._artifact is None else self._first(self.local)

    @cached_property
    def api(self) -> "ForecastBackend":
        """What answers REST: the same, but never from simulated prices unless settings say so."""
        if self._artifact is None or "source" in self.settings.model_fields_set:
            return self.backend
        from forecaster.market import AutoSource

        source = self.source
        return self._first(self.local.beside(source.live)) if isinstance(source, AutoSource) else self.backend

    def _first(self, local: "LocalBackend") -> "ForecastBackend":
        """`local`, or another machine before it."""
        if not self.settings.backend_url:
            return local
        from forecaster.serving import FallbackBackend

        return FallbackBackend(self.remote, local, observer=self._observer)

    @cached_property
    def reloading(self) -> "Reloading":
        """What watches the model's directory."""
        from forecaster.serving import Reloading

        kind = "onnx" if self._engine_of else self.settings.engine
        return Reloading(self.settings.model_dir, self.predictor, self.local.serve, kind, opened=self._opened)

    @cached_property
    def _remote_state(self) -> "RemoteState":
        from forecaster.serving.remote import RemoteState

        return RemoteState(self.remote)

    async def symbol(self) -> str:
        """The coin that is meant where none is named: the one of the candle files, where they are the source."""
        from forecaster.market.files import FileSource

        held = None if self.settings.source in ("auto", "live", "demo") else self.source
        return await held.symbol() if isinstance(held, FileSource) else "BTC-USD"

    async def model_state(self) -> "ModelState | None":
        """Which model answers, once one does. Raises BackendError while that is another machine's, which does not."""
        if self._artifact is None:
            return await self._remote_state.now()
        return self.reloading.state if "reloading" in vars(self) else None

    async def work(self, stop: asyncio.Event) -> None:
        """Take new models, and keep up with what is forecast and settled, until `stop`.

        A machine that forecasts for this one does both itself.
        """
        if self._artifact is None:
            return
        tasks = [self.reloading.run(stop), self.local.watch(stop)]
        if self.settings.source in ("auto", "live"):
            tasks.append(self._first_look())
        await asyncio.gather(*tasks)

    def leader(self, told: "Callable[[bool], None]") -> "Leader":
        """Whether this process does what is done once for all that share the database; `told` hears of each change."""
        from forecaster.database import Leader

        return Leader(self.settings.database_url, told)

    async def schedule(self, stop: asyncio.Event) -> None:
        """Let the track record grow without visitors, until `stop`; for who leads."""
        if self._artifact is None or not self.settings.schedule or self.settings.source not in ("auto", "live"):
            return
        from forecaster.serving import Schedule

        hours, symbols = self.predictor.longest, self.predictor.known(self.settings.symbols)
        source = self.source
        schedule = Schedule(self.local, self.ledger, source.since, hours=hours, symbols=symbols, clock=source.now)
        await schedule.run(stop)

    async def retraining(self, stop: asyncio.Event) -> None:
        """Train a new model each week, until `stop`; for who leads."""
        if self._artifact is not None and self.settings.retrain == "weekly":
            from forecaster.training import weekly

            await weekly(stop)

    async def _first_look(self) -> None:
        """Say whether an exchange answered, so that an owner does not learn it from a visitor."""
        from forecaster.errors import CryptoSenseError

        symbol = self.settings.symbols[0]
        try:
            told = await self.api.price(symbol)
        except CryptoSenseError as error:
            log.warning("At start no exchange gave a price of %s. %s", symbol, error)
        else:
            log.info("At start %s gave a price of %s, %d s old.", told.source, symbol, told.age_seconds)

    @cached_property
    def knowledge(self) -> "Library":
        """What can be explained."""
        from assistant.knowledge import Library

        return Library.load(self.settings)

    @cached_property
    def agent(self) -> "Agent":
        """The assistant, without a conversation."""
        from assistant.agent import build_agent
        from assistant.budget import Budget
        from assistant.chat_models import open_chat_model
        from tools import bind_tools

        budget = Budget(self.settings.llm_daily_turns, self.settings.llm_site_turns)
        model, tools = open_chat_model(self.settings.llm), bind_tools(self.backend, self.knowledge)
        return build_agent(model, tools, budget=budget, offered=self.settings.symbols, topics=self.knowledge.topic_of)

    def protocol(self) -> "Sessions":
        """The tools as other assistants reach them over HTTP, on the API's candles."""
        from tools.mcp_server import sessions

        return sessions(self.api, self.knowledge)

    def chat(self) -> "Starlette":
        """The chat page. The embedded assistant is built behind it, so that the page opens seconds sooner."""
        if self.settings.llm != "offline":
            self._build_agent()  # first, so that a missing package or key is told at start
        from assistant.page import Behind
        from assistant.page.app import chat_app

        tabs = self._record, self._track_record
        turn = partial(self.turn, watches=True)
        behind = Behind(turn, self.backend.price, *tabs, self._feedback, self.settings.symbols, self._forecast)
        page = chat_app(behind, self.settings.allowed_origins, self.settings.public_origin)
        self._builder = Thread(target=self._warm_agent, name="assistant", daemon=True)
        self._builder.start()
        return page

    async def _record(self) -> "ModelRecord":
        """The record of the model that answers, and the classic recipe's beside it where another one does."""
        from assistant.page.tabs import ModelRecord
        from forecaster.schema import Report

        report, evaluation = await asyncio.gather(self.backend.report(), self.backend.evaluation())
        known = CLASSIC_REPORT.exists() and report.model.name != "classic"
        classic = Report.model_validate_json(CLASSIC_REPORT.read_bytes()) if known else None
        return ModelRecord(report, evaluation, classic)

    async def _track_record(self, symbol: "Symbol", minutes: int) -> "LiveRecord":
        """What became of all that was forecast so many minutes ahead."""
        from tools import live_record

        return await live_record(self.backend, symbol, minutes)

    async def _forecast(self, symbol: "Symbol", hours: int) -> "Forecast":
        return await self.backend.forecast(symbol, hours)

    @cached_property
    def _feedback(self) -> "Feedback":
        """What visitors liked: beside the database where that is a file, else in the user's data directory."""
        from assistant.page import Feedback
        from forecaster.data_directory import checked, data_directory

        kind, _, file = self.settings.database_url.partition(":///")
        directory = Path(file).parent if kind == "sqlite" and file else data_directory()
        return Feedback(checked(directory) / "feedback.jsonl")

    async def turn(
        self, messages: Sequence[Mapping[str, str]], *, site: str = "", zone: str = "UTC", watches: bool = False
    ) -> "AsyncGenerator[Event, None]":
        """Answer the newest of the messages, on a page that `watches`; the first may wait for the assistant."""
        from assistant.agent import run_turn
        from forecaster import tracing

        with tracing.span("turn"):
            agent = await asyncio.to_thread(self._build_agent)
            async with aclosing(run_turn(agent, messages, site=site, zone=zone, watches=watches)) as events:
                async for event in events:
                    yield event

    async def told(
        self, messages: Sequence[Mapping[str, str]], *, zone: str = "UTC"
    ) -> "AsyncGenerator[Step | Words | Told, None]":
        """The same turn, as the API tells it: tools by name alone."""
        from api import Step, Told, Words
        from assistant.agent import Token, ToolFinished, ToolStarted
        from tools import ForecastAnswer

        async with aclosing(self.turn(messages, zone=zone)) as events:
            async for event in events:
                if isinstance(event, Token):
                    yield Words(event.text)
                elif isinstance(event, ToolFinished):
                    yield Step(event.name, "done" if event.ok else "failed")
                    if isinstance(event.data, ForecastAnswer):
                        yield Told(event.data.forecast)
                elif isinstance(event, ToolStarted):
                    yield Step(event.name, "started")

    def _build_agent(self) -> "Agent":
        with self._building:  # a visitor who asks at once waits for the one that is being built
            return self.agent

    def _warm_agent(self) -> None:
        """Build the assistant, then, while it answers already, what only unclear questions need."""
        self._build_agent().warm()

    async def close(self) -> None:
        """Give back what was opened."""
        if self._builder:  # cut off in the midst of its imports, it would abort the process
            await asyncio.to_thread(self._builder.join)
        if {"backend", "api"} & vars(self).keys():
            await self.backend.close()  # which has all that the other one has
        if self.settings.traces:
            from forecaster import tracing

            await asyncio.to_thread(tracing.close)  # last: what was closed may have been traced


def service(
    settings: "Settings",
    *,
    with_chat: bool,
    reading: "Reading | None" = None,
    engine_of: "EngineOf | None" = None,
) -> "FastAPI":
    """The API, with the chat or without; what is slow to build is built once it runs."""
    from api import create_app
    from api.middleware import Metrics

    counted = Metrics()
    parts = Composition(settings, counted, reading, engine_of)
    return create_app(
        lambda: parts.api,
        settings,
        parts.chat if with_chat else None,
        parts.close,
        counted,
        turn=parts.told if with_chat else None,
        work=parts.work,
        shared=(parts.schedule, parts.retraining),
        lead=parts.leader(counted.leads).run,
        model_state=parts.model_state,
        database=parts.health,
        protocol=parts.protocol,
        alerts=parts.alerts(counted),
    )


def _artifact_of(settings: "Settings") -> "Artifact | None":
    """The model that lies here; None where there is none and another machine forecasts. Raises ArtifactError."""
    if settings.backend_url and not settings.model_dir.exists():
        return None
    from forecaster.artifact import load_artifact

    return load_artifact(settings.model_dir)
