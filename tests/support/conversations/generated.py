"""Conversations that are made, not written: each tool failing in turn, each kind of model, six languages."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from assistant.agent import Event, build_agent, run_turn
from assistant.understanding.frame import Language
from forecaster.errors import (
    ArtifactError,
    BackendError,
    ConfigurationError,
    DataFileError,
    ExchangeError,
    NoCandles,
    UnsupportedHorizon,
    UnsupportedSymbol,
)
from tests.support.conversations.fake_chat_model import calls, embedded
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

SECRET = "hunter2-/etc/shadow"  # in the text of a foreign error
BTC = {"symbol": "BTC-USD"}
# method of the backend -> the tool that asks it, and a question in each language
ASKED: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "price": ("get_price", BTC, {
        "en": "what's the price of BTC?", "es": "¿cuál es el precio de BTC?", "de": "Wie hoch ist der Kurs von BTC?",
        "fr": "Quel est le prix du BTC ?", "pt": "Qual é o preço do BTC?", "zh": "比特币现在多少钱？",
    }),
    "candles": ("get_candles", BTC | {"hours": 12}, {
        "en": "how did BTC do over the last 12 hours?", "es": "¿cómo le fue a BTC en las últimas 12 horas?",
        "de": "Wie lief BTC in den letzten 12 Stunden?", "fr": "Comment le BTC a-t-il évolué ces 12 dernières heures ?",
        "pt": "Como o BTC se saiu nas últimas 12 horas?", "zh": "比特币过去12小时表现如何？",
    }),
    "forecast": ("forecast", BTC | {"hours": 1}, {
        "en": "what's BTC next hour?", "es": "¿cómo estará BTC en la próxima hora?",
        "de": "Wie steht BTC in der nächsten Stunde?", "fr": "Où sera le BTC dans une heure ?",
        "pt": "Como fica o BTC na próxima hora?", "zh": "比特币下一小时会怎样？",
    }),
    "report": ("explain", {"topic": "record"}, {
        "en": "how good is the model?", "es": "¿qué tan bueno es el modelo?", "de": "Wie gut ist das Modell?",
        "fr": "Le modèle est-il bon ?", "pt": "Quão bom é o modelo?", "zh": "这个模型准吗？",
    }),
    "anomalies": ("detect_anomalies", BTC | {"hours": 24}, {
        "en": "anything unusual in BTC today?", "es": "¿hubo algo inusual en BTC hoy?",
        "de": "Gab es heute ungewöhnliche Bewegungen bei BTC?", "fr": "Y a-t-il eu de l'inhabituel sur le BTC ?",
        "pt": "Houve algo incomum no BTC hoje?", "zh": "比特币今天有异常吗？",
    }),
    "history": ("track_record", BTC | {"last": 24}, {
        "en": "how did your last 24 forecasts of BTC turn out?",
        "es": "¿cómo resultaron tus últimos 24 pronósticos de BTC?",
        "de": "Was wurde aus deinen letzten 24 Prognosen für BTC?",
        "fr": "Que sont devenues tes 24 dernières prévisions du BTC ?",
        "pt": "O que aconteceu com as suas últimas 24 previsões do BTC?", "zh": "你最近24次比特币预测结果如何？",
    }),
}  # fmt: skip
EXCHANGE = ExchangeError("kraken", "timed out", retry_after=30)
FAILURES: tuple[Exception | None, ...] = (
    None,
    UnsupportedSymbol("BTC-USD", ("ETH-USD",)),
    UnsupportedHorizon(1, 1),
    EXCHANGE,
    NoCandles("BTC-USD", (EXCHANGE, ExchangeError("binance", "answered 451"))),
    BackendError("timed out", retry_after=5),
    DataFileError("The file has 3 rows that are no candles.", "Correct them."),
    ArtifactError("The model was altered.", "Fetch it again."),
    ConfigurationError("A setting cannot work.", "Correct it."),
    ValueError(SECRET),
)
INVENTED = (
    "It trades at $71,234.56 now.",
    "It may rise by 4.7 %.",
    "By 3 May 2031 it will have doubled.",
    "It is near ninety-one thousand dollars.",
    "There is a seventy-three percent chance of it.",
    "At 03:17 UTC it was higher.",
    "Der Kurs liegt bei 71.234,56 $.",
    "El precio subirá un 6,3 %.",
    "价格约为7.1万美元。",
)
KINDS = ("embedded", "honest", "inventing", "failing")


class ToldModel(BaseChatModel):
    """A language model that asks for one tool and then tells what a test wants told of its result."""

    tool: str
    arguments: dict[str, Any]
    kind: str
    invented: str = ""

    @property
    def _llm_type(self) -> str:
        return "told"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(**kwargs)

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        results = [message for message in messages if isinstance(message, ToolMessage)]
        if not results:
            reply = calls((self.tool, self.arguments))
        elif self.kind == "failing":
            raise ConnectionError(SECRET)
        else:
            reply = AIMessage(f"{_honest(results[-1].text)} {self.invented}")
        return ChatResult(generations=[ChatGeneration(message=reply)])


def _honest(result: str) -> str:
    """What a result says, in words."""
    facts = json.loads(result)
    if "error" in facts:
        return str(facts["message"])
    flat = {name: value for name, value in facts.items() if isinstance(value, int | float)}
    told = [f"The price is ${flat['price']:,.0f}."] if "price" in flat else []
    told += [f"It moved by {value:.1f} %." for name, value in flat.items() if name.endswith("_pct")]
    return " ".join(told) or "That is what the tool gave."


@dataclass(frozen=True)
class Scene:
    """One conversation: who answers, what is asked, what fails."""

    kind: str
    language: Language
    method: str
    failure: Exception | None
    invented: str

    @property
    def question(self) -> str:
        return ASKED[self.method][2][self.language]

    @property
    def name(self) -> str:
        return f"{self.kind}, {self.language}, {self.method}, {type(self.failure).__name__}"

    async def events(self) -> list[Event]:
        """What happens."""
        backend, model = FakeBackend(), embedded()
        if self.failure is not None:
            backend.failure[self.method] = self.failure  # type: ignore[assignment]  # a bug may be one, too
        if self.kind != "embedded":
            tool, arguments, _ = ASKED[self.method]
            model = ToldModel(tool=tool, arguments=arguments, kind=self.kind, invented=self.invented)
        return await answered(model, [self.question], backend)


class _Stage:
    """One agent for many conversations, since to make one takes longer than a turn. Not for several at once."""

    def __init__(self) -> None:
        self.backend, self.model = _Relay(), _Understudy()
        tools = bind_tools(self.backend, KNOWLEDGE)
        self.of_language_model = build_agent(self.model, tools, embedded=embedded())
        self.of_embedded = build_agent(embedded(), tools)


class _Relay:
    """Whatever backend is set."""

    to: FakeBackend

    def __getattr__(self, name: str) -> Any:
        return getattr(self.to, name)


class _Understudy(BaseChatModel):
    """Whatever model is set."""

    to: Any = None

    @property
    def _llm_type(self) -> str:
        return "understudy"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(**kwargs)

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        return self.to._generate(messages)


_stage = cache(_Stage)


async def answered(model: BaseChatModel, texts: Sequence[str], backend: FakeBackend | None = None) -> list[Event]:
    """What happens when the last of the texts is asked; those before it alternate."""
    stage = _stage()
    stage.backend.to, stage.model.to = backend or FakeBackend(), model
    agent = stage.of_embedded if model is embedded() else stage.of_language_model
    roles = ["user" if (len(texts) - n) % 2 else "assistant" for n in range(len(texts))]
    said = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
    return [event async for event in run_turn(agent, said)]


def scenes() -> Iterator[Scene]:
    """Every tool with every failure and every kind of model, the languages in turns; without a failure, all of them."""
    languages, place = list(Language), 0
    for method in ASKED:
        for failure in FAILURES:
            for kind in KINDS:
                for language in languages if failure is None else [languages[place % len(languages)]]:
                    invented = INVENTED[place % len(INVENTED)] if kind == "inventing" else ""
                    yield Scene(kind, language, method, failure, invented)
                    place += 1
