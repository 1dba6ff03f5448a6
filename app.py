"""CryptoSense's command line, and the one place where its parts are put together.

    python app.py                     the chat and the API on one port
    python app.py serve               the API alone
    python app.py ask "QUESTION"      the same assistant in the terminal
    python app.py forecast            one forecast, without a conversation
    python app.py fetch               hourly history into a file
    python app.py train --data FILE   a new model

What is slow to import is imported by the command that needs it, so that --help answers at once.
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeVar

from forecaster.errors import CryptoSenseError

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from assistant.agent import Agent, Event
    from forecaster.backend import LocalBackend
    from forecaster.predictor import Predictor
    from forecaster.schema import Forecast, Report
    from forecaster.settings import Settings

Command = Callable[[argparse.Namespace], None]
T = TypeVar("T")


class Composition:
    """The parts of the product, each made when it is first asked for."""

    def __init__(self, settings: "Settings") -> None:
        from forecaster.artifact import load

        self.settings = settings
        self._building = Lock()
        self._artifact = load(settings.model_dir)  # at once: a broken model ends the command with a clear message

    @cached_property
    def predictor(self) -> "Predictor":
        """The model, ready to run."""
        from forecaster.engine import open_engine
        from forecaster.predictor import open_predictor

        return open_predictor(self._artifact, open_engine(self._artifact, self.settings.engine))

    @cached_property
    def backend(self) -> "LocalBackend":
        """What answers for prices, candles and forecasts."""
        from forecaster.backend import LocalBackend
        from forecaster.data import open_source

        return LocalBackend(open_source(self.settings), self.predictor)

    @cached_property
    def agent(self) -> "Agent":
        """The assistant, without a conversation."""
        from assistant.agent import build_agent
        from assistant.chat_models import open_chat_model
        from tools.registry import bind_tools

        return build_agent(open_chat_model(self.settings.llm), bind_tools(self.backend))

    def chat(self) -> "Starlette":
        """The chat page. The embedded assistant is built behind it, so that the page opens seconds sooner."""
        if self.settings.llm != "offline":
            self._build_agent()  # first, so that a missing package or key is told at start
        from assistant.ui import chat_app

        page = chat_app(self.turn, self.backend.price)
        Thread(target=self._build_agent, name="assistant", daemon=True).start()
        return page

    async def turn(self, messages: Sequence[Mapping[str, str]]) -> "AsyncGenerator[Event, None]":
        """Answer the newest of the messages; the first turn may wait until the assistant is built."""
        from assistant.agent import run_turn

        agent = await asyncio.to_thread(self._build_agent)
        async with aclosing(run_turn(agent, messages)) as events:
            async for event in events:
                yield event

    def _build_agent(self) -> "Agent":
        with self._building:  # a visitor who asks at once waits for the one that is being built
            return self.agent

    async def close(self) -> None:
        """Give back what was opened."""
        if "backend" in vars(self):
            await self.backend.close()


def chat(options: argparse.Namespace) -> None:
    """The chat and the API on one port."""
    _serve(Composition(_settings(options)), with_chat=True)


def serve(options: argparse.Namespace) -> None:
    """The API alone."""
    _serve(Composition(_settings(options)), with_chat=False)


def ask(options: argparse.Namespace) -> None:
    """Ask the assistant in the terminal."""
    from assistant.ask import run_ask

    parts = Composition(_settings(options))
    asked = run_ask(parts.agent, options.question, as_json=options.json, jsonl=options.jsonl)
    asyncio.run(_closing(parts, asked))


def forecast(options: argparse.Namespace) -> None:
    """One forecast, without a conversation."""
    parts = Composition(_settings(options))
    issued = asyncio.run(_closing(parts, parts.backend.forecast(options.symbol, options.hours)))
    _say(issued.model_dump_json() if options.json else _in_words(issued))


def fetch(options: argparse.Namespace) -> None:
    """Fetch hourly history from an exchange into a file."""
    from forecaster.data.backfill import fetch_history

    settings = _settings(options)
    out = options.out or Path(f"{options.symbol.lower()}_1h.parquet")
    exchange = options.exchange or settings.exchanges[0]
    candles = asyncio.run(fetch_history(settings, options.symbol, exchange, options.start, out))
    _say(f"{out}: {len(candles):,} hours of {options.symbol} from {exchange}")


def train(options: argparse.Namespace) -> None:
    """Train a recipe on files of candles, and grade it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from forecaster.errors import InvalidInput, UnsupportedSymbol
    from forecaster.schema import SYMBOLS
    from forecaster.settings import ROOT

    if options.symbol not in SYMBOLS:
        raise UnsupportedSymbol(options.symbol, SYMBOLS)
    if options.recipe == "quantile" and options.other is None:
        raise InvalidInput("The quantile recipe learns from both symbols.", "Name the other one's file: --other FILE.")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"reading {options.data.name}", total=1.0)

        def show(doing: str, share: float) -> None:
            bar.update(task, description=doing, completed=share)

        out = options.out or ROOT / "models" / options.recipe
        report = _trained(options, out, show)
    _say(
        f"{out}: mean absolute error {report.model.mae:,.2f} on {report.n:,} unseen hours; "
        f"of 'no change' on the same hours: {report.persistence.mae:,.2f}"
    )


def _trained(options: argparse.Namespace, out: Path, show: Callable[[str, float], None]) -> "Report":
    from forecaster.data.files import read_candles

    candles = read_candles(options.data).candles
    if options.recipe == "classic":
        from forecaster.train import train_classic

        return train_classic(candles, options.symbol, out, show)
    from forecaster.schema import SYMBOLS
    from forecaster.train_quantile import train_quantile

    other = read_candles(options.other).candles
    btc, eth = (candles, other) if options.symbol == SYMBOLS[0] else (other, candles)
    return train_quantile(btc, eth, out, show)


async def _closing(parts: Composition, work: Coroutine[object, object, T]) -> T:
    """The result of `work`; whatever happens, what it opened is given back."""
    try:
        return await work
    finally:
        await parts.close()


def _serve(parts: Composition, *, with_chat: bool) -> None:
    from api.app import create_app
    from api.server import address, listen, run

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = parts.settings
    with listen(settings.host, settings.port) as listener:
        app = create_app(lambda: parts.predictor, settings, parts.chat if with_chat else None, parts.close)
        _say(f"CryptoSense is at {address(listener)}{' (API: /docs)' if with_chat else '/docs'}. Ctrl-C stops it.")
        run(app, listener)


def _settings(options: argparse.Namespace) -> "Settings":
    from forecaster.settings import Settings

    given = {name: value for name in ("host", "port", "source") if (value := getattr(options, name, None)) is not None}
    return Settings.load(**given)


def _in_words(issued: "Forecast") -> str:
    at = f"{issued.source}, {issued.as_of:%Y-%m-%d %H:%M} UTC"
    lines = [f"{issued.symbol} closed at {issued.last_close:,.2f} {issued.quote} ({at})"]
    for each in issued.horizons:
        low, high = each.quantiles["0.10"], each.quantiles["0.90"]
        band = f"80 % between {low:,.2f} and {high:,.2f}"
        lines.append(f"+{each.hours} h: {each.median:,.2f}, {band}, {each.probability_up:.0%} up")
    lines.append(f"skill against 'no change' on {issued.skill.n:,} unseen hours: {issued.skill.value:+.1%}")
    return "\n".join([*lines, *issued.notes])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    # Options left out are absent, so that a command does not reset what stood before it.
    candles = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    candles.add_argument("--source", help="auto, live, demo, or a candle file (default: CRYPTOSENSE_SOURCE)")
    server = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    server.add_argument("--host", help="address to listen on (default: CRYPTOSENSE_HOST, or 127.0.0.1)")
    server.add_argument("--port", type=int, help="port to listen on (default: CRYPTOSENSE_PORT, or 8000)")

    parser = argparse.ArgumentParser(
        prog="app.py",
        parents=[server, candles],
        description="CryptoSense forecasts the next hours of BTC and ETH, and says how sure it is. "
        "Without a command it serves the chat and the API on one port.",
        epilog="Settings come from the environment (CRYPTOSENSE_*) or .env. Educational, not financial advice.",
    )
    parser.set_defaults(run=chat)
    commands = parser.add_subparsers(title="commands", metavar="")

    def command(run: Command, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        text = run.__doc__ or ""
        help_ = text[0].lower() + text[1:].rstrip(".")
        added = commands.add_parser(run.__name__, help=help_, description=text, parents=parents)
        added.set_defaults(run=run)
        return added

    command(serve, server)
    _add_ask_options(command(ask, candles))
    _add_forecast_options(command(forecast, candles))
    _add_fetch_options(command(fetch))
    _add_train_options(command(train))
    return parser


def _add_ask_options(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("question", nargs="?", help="such as: what's BTC next hour?")
    what.add_argument("--jsonl", type=Path, metavar="FILE", help='one conversation a line: {"turns": ["...", ...]}')
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")


def _add_forecast_options(parser: argparse.ArgumentParser) -> None:
    _add_symbol(parser)
    parser.add_argument("--hours", type=int, default=1, help="how many hours ahead (default: 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")


def _add_fetch_options(parser: argparse.ArgumentParser) -> None:
    _add_symbol(parser)
    parser.add_argument("--exchange", help="where from (default: the first of CRYPTOSENSE_EXCHANGES)")
    parser.add_argument("--from", dest="start", type=_day, default="2018-01-01", help="first day (default: 2018-01-01)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="CSV or Parquet (default: btc-usd_1h.parquet)")


def _add_train_options(parser: argparse.ArgumentParser) -> None:
    _add_symbol(parser)
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="candles as CSV, CSV.gz or Parquet")
    parser.add_argument("--recipe", choices=("classic", "quantile"), default="classic", help="default: classic")
    parser.add_argument("--other", type=Path, metavar="FILE", help="the other symbol's candles, for quantile")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for the model (default: models/RECIPE)")


def _add_symbol(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--symbol", type=str.upper, default="BTC-USD", help="BTC-USD or ETH-USD (default: BTC-USD)")


def _day(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("not a date; write it like 2018-01-31") from error


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code is 0, 1 for what went wrong, or 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except CryptoSenseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
