"""Answers in plain words, composed from tool results and from nothing else. No number here is the model's own.

A forecast is told from its most to its least trustworthy part: the range and the chance of going up, the
point, how such forecasts did beside "no change", the candles it rests on. Nothing tells anyone to buy or sell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel

from assistant.question import Ask, Intent, Question
from assistant.wording import SIMULATED, WARNINGS, chance, clock, money, percent, source_name
from forecaster.schema import CandleSpan, Forecast, ForecastWarning, Horizon, Price, Provenance, Skill, Symbol
from tools.forecast import FARTHEST, ForecastAnswer
from tools.metrics import MetricExplanation, MetricsAnswer

COINS: dict[Symbol, str] = {"BTC-USD": "Bitcoin", "ETH-USD": "Ethereum"}
WIDE = 20  # a range at least this wide needs no cents
MUCH_WORSE = 1.5  # from this multiple of the baseline's error on, the multiple says more than a percentage
HELD = 0.05  # a range that held within this of its level is what it claims to be
WHOLE = 1000  # from this amount on, an error needs no cents
COMPARED = ("mae", "rmse", "mape")  # metrics whose baseline is the same metric of "no change"
SAID_BY_NOTES = {ForecastWarning.DEMO_DATA, ForecastWarning.STALE_CANDLES, ForecastWarning.GAPS_FILLED}

GREETING = (
    "Hello! I follow Bitcoin and Ethereum and say how sure my forecasts are. "
    'Ask me, for example: "What\'s BTC next hour?"'
)
THANKS = "You're welcome. Ask me again whenever you like."
CAPABILITIES = (
    "I can give you the price of Bitcoin and Ethereum, what it did over the last hours, a forecast with its range and "
    'chance of going up, and how good such forecasts have been beside "no change". The candles come from public '
    "exchanges, the forecast from a trained neural network (an LSTM). Ask, for example: "
    '"What\'s BTC next hour?", "How did ETH do over the last day?" or "Is the model any good?"'
)
OTHER = (
    "I can only help with the price of Bitcoin and Ethereum and the hours ahead of it. "
    'Try "What\'s BTC next hour?" or "Is the model any good?"'
)
WHY_NO_ADVICE = (
    "I can't tell you whether to buy or sell: the coming hours are too uncertain, and I don't know your situation."
)
FIXED = {Intent.GREETING: GREETING, Intent.THANKS: THANKS, Intent.CAPABILITIES: CAPABILITIES, Intent.OTHER: OTHER}


@dataclass(frozen=True, slots=True)
class Failure:
    """A tool that did not answer, and why in the tool's words."""

    message: str
    longest_hours: int | None = None  # how far the model looks, where too much was asked
    supported: tuple[Symbol, ...] = ()  # what the model knows, where another coin was asked for


def without_tools(question: Question) -> str:
    """The answer to a question that needs no tool."""
    ask = question.asks[0]
    if ask.foreign:
        name = ask.foreign.upper()
        return f'I know only Bitcoin (BTC) and Ethereum (ETH), so nothing about {name}. Try "What\'s BTC next hour?"'
    return FIXED.get(ask.intent, OTHER)


def from_results(question: Question, results: Sequence[BaseModel], failures: Sequence[Failure]) -> str:
    """The answer that the tools' results give, with what failed."""
    forecasts = [result.forecast for result in results if isinstance(result, ForecastAnswer)]
    sources: list[Forecast | Provenance] = [
        *forecasts,
        *(result for result in results if isinstance(result, Provenance)),
    ]
    sentences, ask = _simulated(sources), question.asks[0]
    if ask.intent is Intent.ADVICE:
        sentences.append(WHY_NO_ADVICE)
    sentences += _failed(failures, forecasts) or _other_hours(ask, forecasts)
    sentences += _forecasts(forecasts, brief=ask.intent is Intent.ADVICE)
    for result in results:
        match result:
            case Price():
                sentences.append(_price(result))
            case CandleSpan():
                sentences.append(_span(result))
            case MetricsAnswer():
                sentences += _metrics(result)
    sentences += _cautions(sources)
    return " ".join(dict.fromkeys(sentences))


def _simulated(sources: Iterable[Forecast | Provenance]) -> list[str]:
    """First of all that the prices are simulated, where they are."""
    if any(ForecastWarning.DEMO_DATA in source.warnings for source in sources):
        return ["These prices are simulated, not market data."]
    return []


def _failed(failures: Iterable[Failure], forecasts: Sequence[Forecast]) -> list[str]:
    """What could not be had, and why."""
    told = []
    for failure in failures:
        if failure.longest_hours and forecasts:
            reach, given = _hours(failure.longest_hours), _ahead(forecasts[0].horizons[-1].hours)
            told.append(f"The loaded model looks only {reach} ahead, so this is for {given}.")
        elif failure.supported:
            told.append(f"The loaded model forecasts only {' and '.join(COINS[s] for s in failure.supported)}.")
        else:
            told.append(failure.message)
    return told


def _other_hours(ask: Ask, forecasts: Sequence[Forecast]) -> list[str]:
    """That the hours asked for are beyond any model's reach."""
    if forecasts and ask.hours is not None and not 1 <= ask.hours <= FARTHEST:
        return [f"I look 1 to {FARTHEST} hours ahead, so this is for {_ahead(forecasts[0].horizons[-1].hours)}."]
    return []


def _forecasts(forecasts: Sequence[Forecast], *, brief: bool) -> list[str]:
    """Ranges and points, then the record and the candles they share."""
    told: list[str] = []
    for forecast in forecasts:
        told += _expectation(forecast, brief=brief or len(forecasts) > 1)
    told += [f"Over {f.skill.n:,} unseen hours {_record(f.skill, f.coverage)}." for f in forecasts]
    told += [_newest(forecast.as_of, forecast.source) for forecast in forecasts]
    return told


def _expectation(forecast: Forecast, *, brief: bool) -> list[str]:
    horizon, quote = forecast.horizons[-1], forecast.quote
    low, high = horizon.quantiles["0.10"], horizon.quantiles["0.90"]
    digits = 0 if high - low >= WIDE else 2
    told = [
        f"The model expects {COINS[forecast.symbol]} between {money(low, quote, digits)} and "
        f"{money(high, quote, digits)} at {_when(horizon, forecast)} (80 % range), "
        f"and the chance of going up is {chance(horizon.probability_up)}."
    ]
    if not brief:
        told.append(
            f"The middle estimate is {money(horizon.median, quote, digits)}; "
            f"the last close was {money(forecast.last_close, quote)}."
        )
    return told


def _record(skill: Skill, coverage: dict[str, float]) -> str:
    """How the model did beside "no change", and what that says about its forecasts."""
    held = coverage.get("80")
    its_range = "" if held is None else f"its 80 % range held {percent(100 * held, 0)} of the time"
    if skill.ci_high < 0:
        how = f'this model\'s error was {_times_worse(skill)} that of "no change"'
        return f"{how}{f', and {its_range}' if its_range else ''}: the last close is the better guess"
    if skill.ci_low > 0:
        how = f'this model beat "no change" by {percent(100 * skill.value)}, so the direction is nearly a coin flip'
    else:
        how = 'this model did no better than "no change", so the direction is a coin flip'
    trusted = " and is what to trust" if held is not None and abs(held - 0.8) <= HELD else ""
    return f"{how}{f'; {its_range}{trusted}' if its_range else ''}"


def _times_worse(skill: Skill) -> str:
    times = 1 - skill.value
    if times >= MUCH_WORSE:
        return f"{times:,.0f} times" if times >= 10 else f"{times:.1f} times"
    return f"{percent(-100 * skill.value)} above"


def _price(price: Price) -> str:
    moved = "" if price.change_24h_pct is None else f", {_moved(price.change_24h_pct)} over 24 hours"
    return (
        f"{COINS[price.symbol]} closed at {money(price.price, price.quote)}{moved} "
        f"({_time(price.as_of)}, {source_name(price.source)}). "
        "That is the newest finished hour, so the price may have moved since."
    )


def _span(span: CandleSpan) -> str:
    quote = span.quote
    return (
        f"Over the last {_hours(span.hours)} {COINS[span.symbol]} went {_moved(span.change_pct)}, "
        f"from {money(span.first_open, quote)} to {money(span.last_close, quote)}, "
        f"between a low of {money(span.low, quote)} and a high of {money(span.high, quote)}. "
        f"{_newest(span.as_of, span.source)}"
    )


def _metrics(answer: MetricsAnswer) -> list[str]:
    report = answer.report
    period = f"{report.n:,} unseen hours from {_date(report.graded_from)} to {_date(report.graded_to)}"
    if len(answer.metrics) == 1:
        return [_metric(answer.metrics[0]), f"Measured on {period}."]
    model, same = (money(row.mae, "USD", 0) for row in (report.model, report.persistence))
    told = [
        f"Over {period} {_record(report.skill, report.coverage)}.",
        f'The average error was {model}, against {same} for "no change": expecting the price to stay as it is.',
    ]
    if report.model.direction is not None:
        right = percent(100 * report.model.direction)
        told.append(f"The model got up or down right {right} of the time, where 50 % is a coin flip.")
    return told


def _metric(metric: MetricExplanation) -> str:
    value = "not known" if metric.value is None else _amount(metric.value, metric)
    beside = ""
    if metric.baseline is not None and metric.metric in COMPARED:
        beside = f', against {_amount(metric.baseline, metric)} for "no change"'
    return f"{metric.title}: {metric.meaning}. It is {value}{beside}. {metric.reading}"


def _amount(value: float, metric: MetricExplanation) -> str:
    if metric.unit == "USD":
        return money(value, "USD", 0 if value >= WHOLE else 2)
    return percent(value)


def _cautions(sources: Iterable[Forecast | Provenance]) -> list[str]:
    """Every reason to trust the answer less, in words, each once."""
    told: list[str] = []
    for source in sources:
        told += [WARNINGS[w] for w in source.warnings if not (w in SAID_BY_NOTES and source.notes)]
        told += [_sentence(note) for note in source.notes if note.strip(" .").casefold() != SIMULATED.casefold()]
    return list(dict.fromkeys(told))


def _sentence(note: str) -> str:
    note = note.strip(" .")
    return f"{note[:1].upper()}{note[1:]}."


def _moved(change_pct: float) -> str:
    if round(change_pct, 2) == 0:
        return "sideways"
    return f"{'up' if change_pct > 0 else 'down'} {percent(abs(change_pct), 2)}"


def _hours(hours: int) -> str:
    return "1 hour" if hours == 1 else f"{hours} hours"


def _ahead(hours: int) -> str:
    return "the next hour" if hours == 1 else f"{hours} hours ahead"


def _when(horizon: Horizon, forecast: Forecast) -> str:
    """The hour that a forecast is for, with its day where that is another than the newest candle's."""
    time = horizon.target_time.astimezone(UTC)
    another_day = time.date() != forecast.as_of.astimezone(UTC).date()
    return f"{clock(time)} UTC{f' on {time:%-d %B}' if another_day else ''}"


def _newest(as_of: datetime, source: str) -> str:
    return f"Based on candles up to {_time(as_of)} ({source_name(source)})."


def _time(time: datetime) -> str:
    return f"{clock(time)} UTC on {_date(time)}"


def _date(time: datetime) -> str:
    return f"{time.astimezone(UTC):%-d %B %Y}"
