"""CryptoSense's command line, long because each command stands here.

    python app.py                     the chat and the API on one port
    python app.py serve               the API alone
    python app.py cluster             the same in several processes and on several machines
    python app.py mcp                 the tools for another assistant, over standard input and output
    python app.py ask "QUESTION"      the same assistant in the terminal
    python app.py forecast            one forecast, without a conversation
    python app.py fetch               history of an exchange into a file
    python app.py train --data FILE   a new model
    python app.py evaluate            the model's record, measured again
    python app.py retrain             a new model on newer candles, which answers where it is not worse
    python app.py models              the models that can answer; models use NAME goes back to one
    python app.py inspect FILE        what is recognized in a candle file

options.py says what each takes, composition.py puts the parts together. What is slow to import waits for its use.
"""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from composition import Composition
from forecaster.errors import ConfigurationError, CryptoSenseError
from forecaster.installation import COMMAND, ROOT
from options import command_line, reading_of

if TYPE_CHECKING:
    from forecaster.artifact import Artifact, Grades
    from forecaster.inference import Progress
    from forecaster.market import Candles
    from forecaster.market.files import CandleFile, Reading
    from forecaster.schema import Forecast, Report
    from forecaster.settings import Settings
    from forecaster.training import Search, Trainer

T = TypeVar("T")
ALLOCATED = 10_000  # objects of a service after which Python looks for garbage: with 700 that is a seventh of a start


def chat(options: argparse.Namespace) -> None:
    """The chat and the API on one port."""
    _serve(_settings(options), with_chat=True, reading=reading_of(options))


def serve(options: argparse.Namespace) -> None:
    """The API alone, from exchanges and never from simulated prices unless settings say so."""
    _serve(_live_unless_told(_settings(options)), with_chat=False)


def cluster(options: argparse.Namespace) -> None:
    """The chat and the API in several processes, on one machine or several (Ray)."""
    from cluster import Scale, head, join, run

    settings = _settings(options)
    settings = _live_unless_told(settings) if options.no_chat else settings
    if options.join:
        sys.exit(join(options.join, settings.cluster_token))
    scale = Scale(options.replicas, max(options.replicas, options.most or 0), options.per_machine)
    with head(settings.cluster_token, options.gcs_port) as address:
        _say(f"CryptoSense will be at {settings.host}:{settings.port}. Others join {address}. Ctrl-C stops it.")
        run(settings, scale, address, with_chat=not options.no_chat, every_machine=not options.one_door)


def mcp(options: argparse.Namespace) -> None:
    """The tools for another assistant (MCP), over standard input and output until that is closed."""
    from api.middleware import logs
    from tools.mcp_server import serve_stdio

    settings = _live_unless_told(_settings(options))
    logs.install(settings.log_format)
    parts = Composition(settings, reading=reading_of(options))
    asyncio.run(_closing(parts, serve_stdio(parts.api, parts.knowledge)))


def ask(options: argparse.Namespace) -> None:
    """Ask the assistant in the terminal."""
    from assistant.terminal import run_ask

    parts = Composition(_settings(options), reading=reading_of(options))
    asked = run_ask(
        parts.agent,
        options.question,
        as_json=options.json,
        jsonl=options.jsonl,
        zone=getattr(options, "timezone", "UTC"),
    )
    asyncio.run(_closing(parts, asked))


def forecast(options: argparse.Namespace) -> None:
    """One forecast, without a conversation."""
    parts = Composition(_settings(options), reading=reading_of(options))
    issued = asyncio.run(_closing(parts, _issued(parts, options)))
    _say(issued.model_dump_json() if options.json else _in_words(issued))


async def _issued(parts: Composition, options: argparse.Namespace) -> "Forecast":
    symbol = options.symbol or await parts.symbol()
    return await parts.backend.forecast(symbol, options.hours, minutes=options.minutes, until=options.until)


def fetch(options: argparse.Namespace) -> None:
    """Fetch history from an exchange into a file."""
    from forecaster.market.exchanges import UNITS, fetch_steps, outs_of

    settings, symbol = _settings(options), options.symbol
    exchange = options.exchange or settings.exchanges[0]
    outs = outs_of(symbol, options.step, options.out)
    fetched = asyncio.run(fetch_steps(settings, symbol, exchange, options.start, outs, resume=options.resume))
    for step, out in outs.items():
        _say(f"{out}: {len(fetched[step]):,} {UNITS[step]} of {symbol} from {exchange}")


def train(options: argparse.Namespace) -> None:
    """Train a recipe on files of candles, and grade it."""
    from forecaster.artifact import check_place
    from forecaster.errors import DataFileError, InvalidInput, UnsupportedSymbol
    from forecaster.schema import SYMBOLS

    if options.recipe == "quantile" and options.symbol not in (None, *SYMBOLS):
        raise UnsupportedSymbol(options.symbol, SYMBOLS)
    if options.recipe == "quantile" and options.other is None:
        raise InvalidInput("The quantile recipe learns from two coins.", "Name the other one's file: --other FILE.")
    for folder in (options.coins, options.five_minutes):
        if folder is not None and not folder.is_dir():
            raise DataFileError(f"There is no folder {folder}.", "Name one that holds a file of candles for each coin.")
    if options.recipe == "classic" and options.ray:
        raise InvalidInput("The classic recipe is a single network.", "Train it without --ray.")
    if options.search is not None and (options.recipe == "classic" or options.out):
        raise InvalidInput("A search tries settings of the quantile recipe.", "Add --recipe quantile, without --out.")
    out = options.out or ROOT / "models" / options.recipe
    if options.search is None:
        check_place(out)
    with _trainer(options) as trainer, _progress(f"reading {options.data[0]}") as show:
        found = _trained(options, out, show, trainer)
    _say(found.model_dump_json() if options.json else _outcome(found, out))


def _outcome(report: "Report | Search", out: Path) -> str:
    from forecaster.training import Search

    if isinstance(report, Search):
        return report.in_words()
    return (
        f"{out}: mean absolute error {report.model.mae:,.2f} on {report.n:,} unseen hours; "
        f"of 'no change' on the same hours: {report.persistence.mae:,.2f}"
    )


def _trained(options: argparse.Namespace, out: Path, show: "Progress", trainer: "Trainer | None") -> "Report | Search":
    from forecaster.market.files import read_candles
    from forecaster.schema import FIVE_MINUTES, HOUR, SYMBOLS

    file = read_candles(options.data, reading_of(options))
    symbol, candles = file.known_symbol(SYMBOLS), file.candles
    _tell(file)
    if options.recipe == "classic":
        from forecaster.training import train_classic

        return train_classic(candles, symbol, out, show)
    from forecaster.training import search, train_quantile

    other = read_candles(options.other, reading_of(options, of_coin=False)).candles
    btc, eth = (candles, other) if symbol == "BTC-USD" else (other, candles)
    coins, fine = (_of_coins(options, *each) for each in ((options.coins, HOUR), (options.five_minutes, FIVE_MINUTES)))
    given = {"keep": options.keep, "coins": coins, "fine": fine, "until": options.until, "trainer": trainer}
    if options.search is not None:
        return search(btc, eth, options.search, options.seed, show, **given)
    return train_quantile(btc, eth, out, show, **given)


@contextmanager
def _trainer(options: argparse.Namespace) -> "Iterator[Trainer | None]":
    """What trains networks on a cluster, where --ray says so."""
    if not options.ray:
        yield None
        return
    from cluster import on_ray

    with on_ray(options.ray, _settings(options).cluster_token, lambda text: sys.stderr.write(f"{text}\n")) as trainer:
        yield trainer


def _of_coins(options: argparse.Namespace, folder: Path | None, step: int) -> "dict[str, Candles]":
    """Candles by coin of every file in a folder, each of which says whose they are."""
    from forecaster.market.files import read_candles

    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder and folder.is_dir() else []
    read = (read_candles(path, reading_of(options, of_coin=False), step) for path in files)
    return {file.known_symbol(): file.candles for file in read}


def evaluate(options: argparse.Namespace) -> None:
    """Measure the model's record again, or grade it on a file of candles."""
    from forecaster.artifact import load_artifact

    if options.ray and (options.data or not (options.walk_forward or options.leave_out)):
        raise ConfigurationError("Nothing would be trained on Ray.", "Add --walk-forward, or --leave-out COINS.")
    if options.data and (options.walk_forward or options.leave_out):
        raise ConfigurationError("A file is graded by the model as it is.", "Leave out --data, and name DATA_DIR.")
    settings = _settings(options)
    artifact = load_artifact(settings.model_dir)
    if options.data is None:
        (_leave_out if options.leave_out else _regrade)(options, settings, artifact)
        return
    from forecaster.evaluation import hindcast_of, random_minute_of
    from forecaster.market.files import read_candles
    from forecaster.schema import FIVE_MINUTES, HOUR

    if options.at == "random" and options.step != "5m":
        raise ConfigurationError("Forecasts at random minutes are graded on five-minute candles.", "Add --step 5m.")
    if options.at == "hour" and options.step == "5m":
        why = "Forecasts at full hours are graded on hours."
        raise ConfigurationError(why, "Add --at random, or leave out --step.")
    grade, step = (random_minute_of, FIVE_MINUTES) if options.at == "random" else (hindcast_of, HOUR)
    with _progress(f"reading {options.data[0]}"):
        file = read_candles(options.data, reading_of(options), step)
        other = read_candles(options.other, reading_of(options, of_coin=False), step).candles if options.other else None
        graded = grade(artifact, file.known_symbol(), file.candles, other, options.start)
    _tell(file)
    if graded.start < artifact.manifest.trained_to:
        trained_to = f"{artifact.manifest.trained_to:%Y-%m-%d %H:%M} UTC"
        sys.stderr.write(f"The networks were trained on hours until {trained_to}: only later ones are a test.\n")
    _say(graded.model_dump_json() if options.json else graded.in_words())


def _regrade(options: argparse.Namespace, settings: "Settings", artifact: "Artifact") -> None:
    from forecaster.evaluation import headline, in_words, regrade

    with _trainer(options) as trainer, _progress("reading candles") as show:
        hours, fine = _of_the_record(options, settings)
        record = regrade(artifact, hours, show, fine)
        if options.walk_forward:
            from forecaster.training import publish

            others = {"classic": ROOT / "models" / "classic", "competitors": ROOT / "benchmarks" / "competitors.json"}
            publish(
                artifact,
                record,
                hours,
                settings.model_dir,
                ROOT / "docs" / "report",
                others,
                options.keep,
                show,
                fine,
                trainer,
            )
    _say(headline(record.report).model_dump_json() if options.json else in_words(record.report, artifact.report))


def _leave_out(options: argparse.Namespace, settings: "Settings", artifact: "Artifact") -> None:
    """Each coin by networks that never saw it, beside what the record says of it."""
    import json

    from forecaster.evaluation import row_in_words
    from forecaster.training import Split, leave_out

    with _trainer(options) as trainer, _progress("reading candles") as show:
        hours, fine = _of_the_record(options, settings)
        split = Split.at(artifact.report.graded_from)
        rows = leave_out(options.leave_out, hours, fine, split, show, trainer, options.keep)
    record = [row for row in artifact.report.table if row.symbol in options.leave_out]
    if options.json:
        told = {
            name: [row.model_dump(mode="json") for row in of] for name, of in (("unseen", rows), ("record", record))
        }
        _say(json.dumps(told))
        return
    for title, of in (("By networks that never saw the coin:", rows), ("The record, by those that did:", record)):
        _say("\n".join([title, *map(row_in_words, of)]))


def _of_the_record(
    options: argparse.Namespace, settings: "Settings"
) -> "tuple[dict[str, Candles], dict[str, Candles]]":
    """Hours and five minutes by coin, from DATA_DIR."""
    from forecaster.market import BITCOIN, ETHER
    from forecaster.market.files import read_candles
    from forecaster.schema import FIVE_MINUTES, HOUR

    files = (settings.data_dir / f"{name}_1h.parquet" for name in ("btcusd", "ethusd"))
    btc, eth = (read_candles(file).candles for file in files)
    folders = ((settings.data_dir / "coins_1h", HOUR), (settings.data_dir / "candles_5m", FIVE_MINUTES))
    coins, fine = (_of_coins(options, *each) for each in folders)
    return {**coins, BITCOIN: btc, ETHER: eth}, fine


def retrain(options: argparse.Namespace) -> None:
    """Train a new model on newer candles, and let it answer where it is not worse."""
    from forecaster.training import renew

    found = asyncio.run(renew(_settings(options), fetch=not options.no_fetch))
    if options.json:
        _say(found.model_dump_json())
        return
    _say(f"The new model {'answers from now on' if found.promoted else 'is not used'}: {found.why}.")
    for name, grades in (("before", found.champion), ("new", found.challenger)):
        _say(f"{name:<7}{_graded(grades)}")


def models(options: argparse.Namespace) -> None:
    """List the models that can answer, with their grades, or let another one answer."""
    from forecaster.artifact import name_of
    from forecaster.training import history_of

    history = history_of(_settings(options))
    if options.what and not options.use:
        raise ConfigurationError("No model is named.", f"Say which: {COMMAND} models use NAME.")
    if options.use:
        _say(f"{name_of(history.use(options.use))} answers from now on.")
        return
    for each in history.models():
        told = _graded(each.grades) if each.grades else "not compared"
        _say(f"{'*' if each.answers else ' '} {each.name}  {told}")


def _graded(grades: "Grades") -> str:
    held = " / ".join(f"{100 * share:.1f}" for share in grades.coverage.values())
    return (
        f"CRPS {grades.crps:.2f}e-4, skill {100 * grades.mae_skill:+.2f} %, held {held} "
        f"({grades.n:,} hours, {grades.graded_from:%Y-%m-%d} to {grades.graded_to:%Y-%m-%d})"
    )


def inspect(options: argparse.Namespace) -> None:
    """Say what is recognized in candle files: layout, coin, step, zone, span, gaps and repairs."""
    import json

    from forecaster.market.files import in_words, read_candles, told_of

    file = read_candles(options.files, reading_of(options))
    _say(json.dumps(told_of(file)) if options.json else in_words(file))


def _tell(file: "CandleFile") -> None:
    """What was repaired in candles and has to be known about them, beside what a command answers."""
    for note in (*file.repairs, *file.notes):
        sys.stderr.write(f"{file.name}: {note}\n")


@contextmanager
def _progress(doing: str) -> "Iterator[Progress]":
    """A bar on stderr, told what is being done and the share of it that is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(doing, total=1.0)
        yield lambda doing, share: bar.update(task, description=doing, completed=share)


async def _closing(parts: Composition, work: Coroutine[object, object, T]) -> T:
    """The result of `work`; whatever happens, what it opened is given back."""
    try:
        return await work
    finally:
        await parts.close()


def _serve(settings: "Settings", *, with_chat: bool, reading: "Reading | None" = None) -> None:
    gc.set_threshold(ALLOCATED, 10, 10)
    from api import run
    from api.connections import address, listen
    from composition import service

    app = service(settings, with_chat=with_chat, reading=reading)
    with listen(settings.host, settings.port) as listeners:
        _say(f"CryptoSense is at {address(listeners)}{' (API: /docs)' if with_chat else '/docs'}. Ctrl-C stops it.")
        run(app, listeners)


def _live_unless_told(settings: "Settings") -> "Settings":
    """Never simulated prices for who cannot see that they are, unless settings ask for them."""
    return settings if "source" in settings.model_fields_set else settings.model_copy(update={"source": "live"})


def _settings(options: argparse.Namespace) -> "Settings":
    from forecaster.settings import Settings

    given = {name: getattr(options, name, "") for name in ("host", "port", "source", "engine")}
    return Settings.load(**{name: value for name, value in given.items() if value != ""})  # empty as if left out


def _in_words(issued: "Forecast") -> str:
    from forecaster.market import decimals_of

    digits = decimals_of(issued.symbol, issued.last_price)
    at = f"{issued.source}, {issued.price_time:%Y-%m-%d %H:%M} UTC"
    stands = "closed" if issued.price_time == issued.as_of else "is"
    lines = [f"{issued.symbol} {stands} at {issued.last_price:,.{digits}f} {issued.quote} ({at})"]
    for each in issued.horizons:
        low, high = each.quantiles["0.10"], each.quantiles["0.90"]
        band = f"80 % between {low:,.{digits}f} and {high:,.{digits}f}"
        ahead = f"+{each.hours} h" if each.hours else f"+{each.minutes} min"
        lines.append(
            f"{ahead} ({each.target_time:%H:%M}): {each.median:,.{digits}f}, {band}, {each.probability_up:.0%} up"
        )
    lines.append(f"skill against 'no change' on {issued.skill.n:,} unseen hours: {issued.skill.value:+.1%}")
    return "\n".join([*lines, *issued.notes])


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code is 0, 1 for what went wrong, or 2 for wrong usage."""
    commands = (chat, serve, cluster, mcp, ask, forecast, fetch, train, evaluate, retrain, models, inspect)
    options = command_line(*commands).parse_args(arguments)
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
