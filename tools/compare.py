"""Coins side by side: price, move, volatility, width of the forecast, or record, all asked for at once."""

import asyncio
from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from forecaster.errors import CryptoSenseError, NoCandles
from forecaster.market import plain
from forecaster.schema import Forecast, ForecastWarning, Frozen, Provenance, Report, Symbol
from forecaster.serving import ForecastBackend
from tools.arguments import FARTHEST, Moment
from tools.candles import candles_between, check_order, volatility_pct
from tools.facts import ComparisonFacts
from tools.tool import Arguments, Tool, ToolResult, fitting, minute, shorten

FEWEST, MOST = 2, 15  # coins
LONGEST = 168  # hours
USUAL_HOURS = 24
AT_ONCE = 5  # coins that are asked about
WITHIN = 20.0  # seconds for one of them
LONGEST_REASON = 80  # characters

By = Literal["price", "move", "volatility", "forecast", "record"]
OF_CANDLES = ("move", "volatility")


class CompareArguments(Arguments):
    """Which coins, and by what."""

    symbols: list[Symbol] = Field(min_length=FEWEST, max_length=MOST, description="the coins, such as BTC-USD, SOL-USD")
    by: By = Field(
        default="move",
        description=(
            "price now; move or volatility over the last hours; width and direction of the forecast; record on unseen "
            "hours"
        ),
    )
    hours: int = Field(
        default=USUAL_HOURS,
        ge=1,
        le=LONGEST,
        description="of move and volatility: how far back; of forecast: how far ahead, at most 24",
    )
    start: Moment | None = Field(
        default=None,
        description="of move and volatility, instead of hours: where the span begins, such as 2026-03-18T00:00Z",
    )
    end: Moment | None = Field(default=None, description="where the span ends; now if left out")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        check_order(self.start, self.end)
        if self.by not in OF_CANDLES and not self.start is self.end is None:
            raise PydanticCustomError("span", "only move and volatility have a start or an end")
        if len(set(self.symbols)) < len(self.symbols):
            raise PydanticCustomError("symbols", "name each coin once")
        return self


class ComparedCoin(Frozen):
    """One coin; None for what was not compared or could not be had."""

    symbol: Symbol
    price: float = Field(gt=0, description="the last trade; beside move and volatility, the newest close")
    change_pct: float | None = Field(default=None, description="over the hours")
    volatility_pct: float | None = Field(default=None, description="standard deviation of hourly log returns, percent")
    width_pct: float | None = Field(default=None, description="of the forecast's 80 % range, percent of the last price")
    probability_up: float | None = None
    skill_pct: float | None = Field(default=None, description="of forecasts against 'no change' on unseen hours")
    simulated: bool = False
    source: str
    quote: str
    as_of: AwareDatetime = Field(description="close of the newest closed candle")
    start: AwareDatetime | None = Field(default=None, description="opening of the first candle")
    end: AwareDatetime | None = Field(default=None, description="close of the last candle")
    warnings: tuple[ForecastWarning, ...] = ()


class LeftOut(Frozen):
    """A coin that could not be compared."""

    symbol: Symbol
    reason: str


class Comparison(Frozen):
    """Coins with what they were compared by, in the order asked for."""

    by: By
    hours: int
    start: AwareDatetime | None = Field(default=None, description="of candles: the first opening")
    end: AwareDatetime | None = Field(default=None, description="of candles: the last close")
    rows: tuple[ComparedCoin, ...]
    highest: Symbol
    lowest: Symbol
    ratio: float | None = Field(default=None, description="price of the first coin in units of the second")
    left_out: tuple[LeftOut, ...] = ()


async def compare(backend: ForecastBackend, arguments: CompareArguments) -> ToolResult:
    """The coins beside each other, as a Comparison. Raises the first error where no coin can be compared."""
    hours = min(arguments.hours, FARTHEST) if arguments.by == "forecast" else arguments.hours
    report = await backend.report() if arguments.by == "record" else None
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(symbol: Symbol) -> ComparedCoin | CryptoSenseError:
        async with gate:
            try:
                async with asyncio.timeout(WITHIN):
                    return await _coin(backend, symbol, arguments, hours, report)
            except CryptoSenseError as error:
                return error
            except TimeoutError:
                return NoCandles(symbol, ())

    found = dict(zip(arguments.symbols, await asyncio.gather(*map(ask, arguments.symbols)), strict=True))
    answer = _comparison(arguments.by, hours, found)
    return ToolResult(_text(answer), answer)


async def _coin(
    backend: ForecastBackend, symbol: Symbol, asked: CompareArguments, hours: int, report: Report | None
) -> ComparedCoin:
    if asked.by == "forecast":
        issued = await backend.forecast(symbol, hours)
        last = issued.horizons[-1]
        width = 100 * (last.quantiles["0.90"] - last.quantiles["0.10"]) / issued.last_price
        return _row(issued, issued.last_price, width_pct=width, probability_up=last.probability_up)
    if asked.by in OF_CANDLES:
        span = await candles_between(backend, symbol, asked.start, asked.end, asked.hours)
        end = span.candles[-1].open_time + timedelta(minutes=span.step_minutes)
        ends = {"start": span.candles[0].open_time, "end": end}
        return _row(span, span.last_close, change_pct=span.change_pct, volatility_pct=volatility_pct(span), **ends)
    price = await backend.price(symbol)
    graded = report.row(symbol, "full", hours) if report else None
    return _row(
        price,
        price.price,
        change_pct=price.change_24h_pct if asked.by == "price" else None,
        skill_pct=100 * graded.mae_skill.value if graded else None,
    )


def _row(said: Provenance | Forecast, price: float, **compared: float | datetime | None) -> ComparedCoin:
    coin = ComparedCoin(
        symbol=said.symbol,
        price=price,
        simulated=ForecastWarning.DEMO_DATA in said.warnings,
        source=said.source,
        quote=said.quote,
        as_of=said.as_of,
        warnings=said.warnings,
    )
    return coin.model_copy(update=compared)


def _comparison(by: By, hours: int, found: dict[Symbol, ComparedCoin | CryptoSenseError]) -> Comparison:
    """Real coins are not compared with simulated ones: these are left out."""
    coins = [each for each in found.values() if isinstance(each, ComparedCoin)]
    errors = [each for each in found.values() if isinstance(each, CryptoSenseError)]
    if not coins:
        raise errors[0]
    real = [each for each in coins if not each.simulated] or coins
    rows = [each for each in real if _value(each, by) is not None]
    if not rows:
        raise NoCandles(coins[0].symbol, ())
    why = {each.symbol: "only simulated prices could be had" for each in coins if each not in real}
    why |= {each.symbol: "nothing is known of it" for each in real if each not in rows}
    why |= {symbol: shorten(each.public, 200) for symbol, each in found.items() if isinstance(each, CryptoSenseError)}
    first, *others = found.values()
    begun, ended = ([time for each in rows if (time := getattr(each, end))] for end in ("start", "end"))
    if begun and ended:
        hours = max(1, round((max(ended) - min(begun)) / timedelta(hours=1)))
    both = [each for each in (first, *others[:1]) if each in rows and isinstance(each, ComparedCoin)]
    alike = len(both) == 2 and both[0].quote == both[1].quote
    return Comparison(
        by=by,
        hours=hours,
        start=min(begun, default=None),
        end=max(ended, default=None),
        rows=tuple(rows),
        highest=max(rows, key=lambda each: _value(each, by) or 0.0).symbol,
        lowest=min(rows, key=lambda each: _value(each, by) or 0.0).symbol,
        ratio=both[0].price / both[1].price if alike else None,
        left_out=tuple(LeftOut(symbol=symbol, reason=why[symbol]) for symbol in found if symbol in why),
    )


COLUMNS: dict[By, tuple[str, ...]] = {
    "price": ("change_pct",),
    "move": ("change_pct", "volatility_pct"),
    "volatility": ("volatility_pct", "change_pct"),
    "forecast": ("width_pct", "probability_up"),
    "record": ("skill_pct",),
}


def _value(coin: ComparedCoin, by: By) -> float | None:
    value: float | None = getattr(coin, "price" if by == "price" else COLUMNS[by][0])
    return value


def _text(answer: Comparison) -> str:
    columns = COLUMNS[answer.by]
    rows = [
        ",".join(
            (
                each.symbol,
                plain(each.price),
                *("" if (value := getattr(each, name)) is None else f"{value:.3f}" for name in columns),
                each.source,
                each.quote,
                minute(each.as_of),
            )
        )
        for each in answer.rows
    ]
    warnings = dict.fromkeys(str(warning) for each in answer.rows for warning in each.warnings)
    facts: dict[str, object] = {
        "by": answer.by,
        "hours": answer.hours,
        "start": answer.start and minute(answer.start),
        "end": answer.end and minute(answer.end),
        "coins": {"columns": f"symbol,price,{','.join(columns)},source,quote,as_of", "rows": rows},
        "highest": answer.highest,
        "lowest": answer.lowest,
        "price_of_first_in_second": answer.ratio and float(f"{answer.ratio:.6g}"),
        "warnings": list(warnings),
        "notes": shorten("; ".join(f"{out.symbol}: {shorten(out.reason, LONGEST_REASON)}" for out in answer.left_out)),
        "left_out": [each.symbol for each in answer.left_out],
    }
    return fitting(facts)


COMPARE = Tool(
    name="compare",
    title="Comparison",
    description=(
        "Compare 2 to 15 coins: by price, by move or volatility over the last hours or between two moments, by width "
        "and direction of the forecast, or by the record of such forecasts on unseen hours; with the highest, the "
        "lowest, and the ratio of the first two prices."
    ),
    arguments=CompareArguments,
    facts=ComparisonFacts,
    run=compare,
)
