"""What the command line takes; app.py says what each command does."""

import argparse
import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from forecaster.installation import COMMAND

if TYPE_CHECKING:
    from forecaster.market.files import Reading

Command = Callable[[argparse.Namespace], None]


def command_line(chat: Command, *others: Command) -> argparse.ArgumentParser:
    """The parser of the whole command line: `chat` runs without a command, each of `others` by its own name."""
    # Options left out are absent, so that a command does not reset what stood before it.
    files = _file_options()
    candles = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, parents=[files])
    candles.add_argument(
        "--source", help="auto, live, demo, or a candle file or a pattern of them (default: CRYPTOSENSE_SOURCE)"
    )
    server = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    server.add_argument("--host", help="address to listen on (default: CRYPTOSENSE_HOST, or 127.0.0.1)")
    server.add_argument("--port", type=int, help="port to listen on (default: CRYPTOSENSE_PORT, or 8000)")

    whole = argparse.ArgumentParser(
        prog=COMMAND.split()[-1],
        parents=[server, candles],
        description="CryptoSense forecasts the next hours of coins such as BTC and SOL, and says how sure it is. "
        "Without a command it serves the chat and the API on one port.",
        epilog="Settings come from the environment (CRYPTOSENSE_*) or .env. Educational, not financial advice.",
    )
    whole.set_defaults(run=chat)
    commands = whole.add_subparsers(title="commands", metavar="")

    parents = {"serve": [server], "mcp": [candles], "ask": [candles], "forecast": [candles]}
    parents |= {"cluster": [server, candles], "train": [files], "evaluate": [files], "inspect": [files]}
    for run in others:
        text = run.__doc__ or ""
        added = commands.add_parser(
            run.__name__,
            help=text[0].lower() + text[1:].rstrip("."),
            description=text,
            parents=parents.get(run.__name__, []),
        )
        added.set_defaults(run=run)
        if add_options := _OPTIONS.get(run.__name__):
            add_options(added)
    return whole


def _file_options() -> argparse.ArgumentParser:
    """What only the person who has a candle file knows; docs/files.md."""
    files = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    files.add_argument(
        "--timezone", metavar="ZONE", help="of your clock, and of times in a file that name none: Europe/Berlin"
    )
    order = files.add_mutually_exclusive_group()
    order.add_argument("--dayfirst", dest="day_first", action="store_true", help="03/04/2026 in a file is in April")
    order.add_argument("--monthfirst", dest="day_first", action="store_false", help="03/04/2026 in a file is in March")
    files.add_argument("--decimal", choices=("point", "comma"), help="which is the decimal mark in a file")
    return files


def _add_serve_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine",
        choices=("onnx", "keras"),
        default=argparse.SUPPRESS,
        help="what runs the model; keras is for a GPU (default: CRYPTOSENSE_ENGINE, or onnx)",
    )


def _add_cluster_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--replicas", type=int, default=2, help="processes that answer, at least (default: 2)")
    parser.add_argument("--most", type=int, metavar="N", help="and at most, while many ask (default: as many)")
    parser.add_argument("--per-machine", type=int, metavar="N", help="and on one machine at most")
    parser.add_argument("--no-chat", action="store_true", help="the API alone")
    parser.add_argument("--one-door", action="store_true", help="only this machine listens; by default each does")
    parser.add_argument("--gcs-port", type=int, default=6380, help="where other machines join (default: 6380)")
    parser.add_argument("--join", metavar="HOST:PORT", help="work for the cluster of another machine")


def _add_ask_options(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("question", nargs="?", help="such as: what's BTC next hour?")
    what.add_argument("--jsonl", type=Path, metavar="FILE", help='one conversation a line: {"turns": ["...", ...]}')
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")


def _add_forecast_options(parser: argparse.ArgumentParser) -> None:
    _add_symbol(parser)
    ahead = parser.add_mutually_exclusive_group()
    ahead.add_argument("--hours", type=int, help="how many hours ahead (default: 1)")
    ahead.add_argument("--minutes", type=int, help="how many minutes ahead")
    ahead.add_argument("--until", type=_moment, metavar="TIME", help="17:00Z, or 2026-03-19T17:00Z")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")


def _add_fetch_options(parser: argparse.ArgumentParser) -> None:
    _add_symbol(parser, "BTC-USD")
    parser.add_argument("--exchange", help="where from (default: the first of CRYPTOSENSE_EXCHANGES)")
    parser.add_argument("--from", dest="start", type=_day, default="2018-01-01", help="first day (default: 2018-01-01)")
    parser.add_argument("--step", choices=("1h", "5m", "both"), default="1h", help="of the candles (default: 1h)")
    parser.add_argument("--resume", action="store_true", help="ask only for what the file and the store do not have")
    parser.add_argument("--out", type=Path, metavar="FILE", help="CSV or Parquet (default: btc-usd_1h.parquet)")


def _add_train_options(parser: argparse.ArgumentParser) -> None:
    _add_symbol(parser)
    parser.add_argument("--data", nargs="+", required=True, metavar="FILE", help="candle files, or patterns of them")
    parser.add_argument("--recipe", choices=("classic", "quantile"), default="classic", help="default: classic")
    parser.add_argument("--other", nargs="+", metavar="FILE", help="the other coin's candles, for quantile")
    parser.add_argument("--coins", type=Path, metavar="DIR", help="more coins' hours, a file each, for quantile")
    parser.add_argument("--five-minutes", type=Path, metavar="DIR", help="coins' five-minute candles, for quantile")
    parser.add_argument("--until", type=_day, help="learn from hours before this time alone, for quantile")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for the model (default: models/RECIPE)")
    parser.add_argument(
        "--search",
        type=int,
        metavar="N",
        help="try N settings on the validation year, and write no model; for quantile",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the settings that --search draws (default: 0)")
    _add_ray(parser)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where trained networks are kept, to go on from")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")


def _add_ray(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ray",
        nargs="?",
        const="here",
        metavar="ADDRESS",
        help="train on the machines of the cluster at HOST:PORT, or auto for the one that runs here; "
        "without an address one is started, which others may join",
    )


def _add_symbol(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    said = default or "what a file of candles says, else BTC-USD"
    parser.add_argument("--symbol", type=_symbol, default=default, help=f"SOL or SOL-USD (default: {said})")


def _add_inspect_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="candle files, or patterns of them; together one series"
    )
    parser.add_argument("--symbol", type=_symbol, help="the coin to pick from them, such as SOL-USD")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")


def reading_of(options: argparse.Namespace, *, of_coin: bool = True) -> "Reading":
    """What the options say about a candle file: with `of_coin`, which coin it holds as well."""
    from forecaster.market.files import Reading

    return Reading(
        symbol=getattr(options, "symbol", None) if of_coin else None,
        timezone=getattr(options, "timezone", None),
        day_first=getattr(options, "day_first", None),
        decimal={"point": ".", "comma": ","}.get(getattr(options, "decimal", "")),
    )


def _symbol(text: str) -> str:
    symbol = text.upper() if "-" in text else f"{text.upper()}-USD"
    if not re.fullmatch(r"[A-Z0-9]{1,12}-USD", symbol, re.ASCII):
        raise argparse.ArgumentTypeError("not a coin in US dollars; write it like SOL-USD")
    return symbol


def _symbols(text: str) -> list[str]:
    return [_symbol(each.strip()) for each in text.split(",")]


def _moment(text: str) -> datetime:
    """A time with its zone; without a day, the next such time."""
    wrong = argparse.ArgumentTypeError("not a time with its zone; write it like 17:00Z or 2026-03-19T17:00Z")
    try:
        if "T" in text.upper():
            return _zoned(datetime.fromisoformat(text), wrong)
        at = time.fromisoformat(text)
    except ValueError as error:
        raise wrong from error
    now = datetime.now(at.tzinfo)
    today = _zoned(datetime.combine(now.date(), at), wrong)
    return today if today > now else today + timedelta(days=1)


def _zoned(moment: datetime, wrong: argparse.ArgumentTypeError) -> datetime:
    if moment.tzinfo is None:
        raise wrong
    return moment


def _day(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("not a date; write it like 2018-01-31") from error


def _add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    _add_symbol(parser)
    parser.add_argument("--data", nargs="+", metavar="FILE", help="grade the one-hour forecasts on these candles")
    parser.add_argument("--other", nargs="+", metavar="FILE", help="BTC's candles, or ETH's for BTC")
    parser.add_argument("--step", choices=("1h", "5m"), default="1h", help="candles of the file to grade on")
    parser.add_argument("--at", choices=("hour", "random"), default="hour", help="when forecasts are asked for")
    parser.add_argument("--from", dest="start", type=_day, help="grade from this day on; hours before are history only")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--walk-forward", action="store_true", help="refit for each year too, and renew the report")
    again.add_argument(
        "--leave-out",
        type=_symbols,
        metavar="COINS",
        help="train again without each of these coins, and grade it as one never seen: SOL,XRP",
    )
    _add_ray(parser)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where trained networks are kept, to go on from")


def _add_retrain_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-fetch", action="store_true", help="train on what CRYPTOSENSE_DATA_DIR holds already")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")


def _add_models_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", choices=("use",), help="use NAME: let that model answer")
    parser.add_argument("use", nargs="?", metavar="NAME", help="as `models` lists them")


_OPTIONS = {
    "cluster": _add_cluster_options,
    "serve": _add_serve_options,
    "ask": _add_ask_options,
    "forecast": _add_forecast_options,
    "fetch": _add_fetch_options,
    "train": _add_train_options,
    "evaluate": _add_evaluate_options,
    "retrain": _add_retrain_options,
    "models": _add_models_options,
    "inspect": _add_inspect_options,
}
