"""How good forecasts were, in words: on unseen hours of the past, metric by metric, and live."""

from collections.abc import Sequence
from datetime import timedelta

from assistant.replies.chances import prices
from assistant.replies.records import beside
from assistant.replies.speech import Speech
from assistant.understanding import Ask
from forecaster.schema import Report, Symbol, TableRow
from tools import MetricExplanation, MetricsAnswer, TrackRecordAnswer, decimals_of

WHOLE = 1000  # from this amount on, an error needs no cents
COARSE = 20  # the same of an average error, beside which there is another
COMPARED = ("mae", "rmse", "mape")  # metrics whose baseline is the same metric of "no change"
QUOTE = "USD"  # of errors in a report
WEEK = timedelta(days=7)  # beside a time so long ago, a time is told with its day


def metrics(speech: Speech, ask: Ask, answer: MetricsAnswer, *, brief: bool) -> list[str]:
    """One metric explained, or the whole record: beside "no change", the average error, up or down."""
    report = answer.report
    if len(answer.metrics) == 1:
        measured = speech.say("metrics.measured", hours=_period(speech, report))
        return [_metric(speech, answer.metrics[0], report.symbol), measured]
    asked = ask.symbols[0]
    row = report.row(asked, "full") if asked != report.symbol else None
    if row is not None:
        return _of_coin(speech, row)
    told = [beside(speech, report.skill, report.coverage, _period(speech, report))]
    if asked != report.symbol:
        told.insert(0, ungraded(speech, [asked], report.symbol))
    if brief:
        return told
    model, same = (_error(speech, each.mae, report.symbol) for each in (report.model, report.persistence))
    told.append(speech.say("metrics.error", model=model, same=same))
    if report.model.direction is not None:
        told.append(speech.say("metrics.direction", percent=speech.percent(100 * report.model.direction)))
    return told


def ungraded(speech: Speech, symbols: Sequence[Symbol], of: Symbol) -> str:
    """That the record which is told is another coin's."""
    return speech.say("record.ungraded", coin=speech.coin(*symbols), of_record=speech.of_coin(of))


def summary(speech: Speech, answer: MetricsAnswer) -> list[str]:
    """The whole record in a sentence."""
    report = answer.report
    return [beside(speech, report.skill, report.coverage, speech.say("record.hours", n=speech.number(report.n)))]


def live(speech: Speech, ask: Ask, answer: TrackRecordAnswer) -> list[str]:
    """What became of the newest live forecasts, misses included, or of the one that was asked about.

    Without outcomes, where a record is to be had.
    """
    grades, of_coin = answer.grades, speech.of_coin(answer.symbol)
    if ask.at is not None or answer.asked is not None:
        return [_of_time(speech, ask, answer)]
    if grades is None:
        waiting = [speech.say("live.open")] if answer.waiting else []
        return [speech.say("live.none", of_coin=of_coin), *waiting, speech.say("live.offer")]
    told = [*_inside(speech, answer), _against(speech, answer)]
    if answer.worst is not None:
        return [*_worst(speech, ask, answer), *told]
    return [*told, *_miss(speech, answer)]


def _inside(speech: Speech, answer: TrackRecordAnswer) -> list[str]:
    """How many closes fell inside the 80 % range."""
    grades, of_coin, ahead = answer.grades, speech.of_coin(answer.symbol), speech.ahead(answer.hours)
    if grades is None:
        return []
    share = grades.coverage["80"]
    inside = round(share * grades.n)
    if grades.n == 1:
        name = "live.one_inside" if inside else "live.one_outside"
        return [speech.say(name, of_coin=of_coin, ahead=ahead, time=speech.time(grades.graded_to))]
    return [
        speech.say(
            "live.many",
            of_coin=of_coin,
            ahead=ahead,
            n=speech.number(grades.n),
            inside=speech.number(inside),
            share=speech.percent(100 * share, 0),
            start=speech.near(grades.graded_from, grades.graded_to),
            end=speech.time(grades.graded_to),
        )
    ]


def _against(speech: Speech, answer: TrackRecordAnswer) -> str:
    """Live forecasts beside "no change", and whether there are enough of them to say."""
    grades = answer.grades
    if grades is None or grades.skill is None:
        return speech.say("live.still")
    size = speech.percent(abs(100 * grades.skill))
    name = "same" if round(100 * grades.skill, 1) == 0 else "better" if grades.skill > 0 else "worse"
    than = speech.say(f"live.{name}", **({} if name == "same" else {"percent": size}))
    if grades.skill_low is None or grades.skill_high is None:
        return speech.say("live.few", beside=than)
    return speech.say("live.clear" if grades.skill_low > 0 or grades.skill_high < 0 else "live.unclear", beside=than)


def _miss(speech: Speech, answer: TrackRecordAnswer) -> list[str]:
    """The newest close outside the 80 % range."""
    if answer.grades is None or not answer.grades.misses:
        return []
    miss, quote = answer.grades.misses[0], answer.forecasts[0].forecast.quote
    facts = {
        "median": speech.price(miss.median, answer.symbol, quote),
        "actual": speech.price(miss.actual, answer.symbol, quote),
        "time": speech.time(miss.target_time),
        "percent": speech.percent(abs(miss.error_pct), 2),
    }
    return [speech.say("live.too_high" if miss.error_pct > 0 else "live.too_low", **facts)]


def _worst(speech: Speech, ask: Ask, answer: TrackRecordAnswer) -> list[str]:
    """The farthest miss of all that were looked at."""
    kept = answer.worst
    if kept is None:
        return []
    outcome = next(each for each in kept.outcomes if each.hours == answer.hours)
    horizon = next(each for each in kept.forecast.horizons if each.hours == answer.hours)
    facts = {
        "of_coin": speech.of_coin(answer.symbol),
        "n": speech.number(len(answer.forecasts)),
        "median": speech.price(horizon.median, answer.symbol, kept.forecast.quote),
        "actual": speech.price(outcome.actual, answer.symbol, kept.forecast.quote),
        "time": speech.there(outcome.target_time, outcome.target_time - WEEK, ask.zone),
        "percent": speech.percent(abs(outcome.error_pct), 2),
    }
    return [speech.say("live.worst_high" if outcome.error_pct > 0 else "live.worst_low", **facts)]


def _of_time(speech: Speech, ask: Ask, answer: TrackRecordAnswer) -> str:
    """What was forecast for a moment, and what came of it."""
    kept = answer.asked
    if kept is None:
        time = "" if ask.at is None else speech.there(ask.at, ask.at - WEEK, ask.zone)
        return speech.say("live.unkept", of_coin=speech.of_coin(answer.symbol), time=time)
    horizon = next(each for each in kept.forecast.horizons if each.hours == answer.hours)
    outcome = next((each for each in kept.outcomes if each.hours == answer.hours), None)
    facts = {
        "coin": speech.coin(answer.symbol),
        "time": speech.there(horizon.target_time, horizon.target_time - WEEK, ask.zone),
        **prices(
            speech, kept.forecast,
            low=horizon.quantiles["0.10"], high=horizon.quantiles["0.90"], median=horizon.median,
        ),
    }  # fmt: skip
    if outcome is None:
        return speech.say("live.asked_open", **facts)
    facts["actual"] = speech.price(outcome.actual, answer.symbol, kept.forecast.quote)
    return speech.say("live.asked_inside" if outcome.inside["80"] else "live.asked_outside", **facts)


def _of_coin(speech: Speech, row: TableRow) -> list[str]:
    """The record of a coin that is not the report's own."""
    hours = speech.say("record.hours", n=speech.number(row.n))
    model, same = (speech.price(mae, row.symbol, QUOTE) for mae in (row.mae, row.mae_persistence))
    return [
        speech.say("metrics.of", of_coin=speech.of_coin(row.symbol)),
        beside(speech, row.mae_skill, row.coverage, hours),
        speech.say("metrics.error", model=model, same=same),
    ]


def _metric(speech: Speech, metric: MetricExplanation, symbol: Symbol) -> str:
    value = speech.say("metrics.unknown") if metric.value is None else _amount(speech, metric.value, metric, symbol)
    compared = ""
    if metric.baseline is not None and metric.metric in COMPARED:
        compared = speech.say("metrics.beside", value=_amount(speech, metric.baseline, metric, symbol))
    title, meaning, reading = (
        speech.say(f"metrics.{metric.metric}_{part}") for part in ("title", "meaning", "reading")
    )
    return speech.say("metrics.one", title=title, meaning=meaning, value=value, beside=compared, reading=reading)


def _amount(speech: Speech, value: float, metric: MetricExplanation, symbol: Symbol) -> str:
    if metric.unit == "USD":
        return speech.money(value, QUOTE, 0 if value >= WHOLE else decimals_of(symbol, value))
    return speech.percent(value)


def _error(speech: Speech, error: float, symbol: Symbol) -> str:
    return speech.money(error, QUOTE, 0 if error >= COARSE else decimals_of(symbol, error))


def _period(speech: Speech, report: Report) -> str:
    start, end = speech.date(report.graded_from), speech.date(report.graded_to)
    return speech.say("record.between", n=speech.number(report.n), start=start, end=end)
