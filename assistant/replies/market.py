"""What prices did, in words: the newest close, the last hours, and the unusual moves among them."""

from assistant.replies.speech import Speech
from assistant.understanding import Ask
from forecaster.schema import CandleSpan, Price
from tools import AnomalyReport, Surprise

LEAST_EXPECTED = 0.005  # false alarms; fewer are none
FEW_EXPECTED = 0.1  # false alarms, below which two decimals are told


def price(speech: Speech, found: Price, *, brief: bool) -> list[str]:
    """The price now; unless `brief`, with time and source, and the newest hourly close. Without a trade, that alone."""
    facts = {
        "coin": speech.coin(found.symbol),
        "price": speech.price(found.price, found.symbol, found.quote),
        "moved": _moved(speech, found.change_24h_pct),
    }
    traded = found.time > found.as_of
    if brief:
        return [speech.say("price.now_brief" if traded else "price.brief", **facts)]
    facts |= {"time": speech.time(found.time), "source": speech.source(found.source)}
    if not traded:
        return [speech.say("price.closed", **facts), speech.say("price.since")]
    close = speech.price(found.last_close, found.symbol, found.quote)
    return [speech.say("price.now", **facts), speech.say("price.hour", close=close, time=speech.time(found.as_of))]


def span(speech: Speech, ask: Ask, found: CandleSpan) -> list[str]:
    """What the price did over the last hours."""
    told = speech.say(
        f"span.{_direction(found.change_pct)}",
        over=speech.over(found.hours),
        coin=speech.coin(found.symbol),
        **_size(speech, found.change_pct),
        **{
            name: speech.price(value, found.symbol, found.quote)
            for name, value in (
                ("first", found.first_open), ("last", found.last_close), ("low", found.low), ("high", found.high),
            )
        },
    )  # fmt: skip
    return [told, *_farthest(speech, ask, found.hours)]


def anomalies(speech: Speech, ask: Ask, report: AnomalyReport) -> list[str]:
    """How many moves stood out, the rarest of them or else the newest hour, and how many stand out by chance."""
    count = len(report.anomalies)
    told = [
        speech.say(
            "anomalies.many" if count > 1 else "anomalies.one" if count else "anomalies.none",
            over=speech.over(report.hours),
            **({"count": speech.number(count)} if count > 1 else {}),
            **({"of_coin": speech.of_coin(report.symbol)} if count else {"coin": speech.coin(report.symbol)}),
        )
    ]
    told_of = max(report.anomalies, key=lambda each: each.once_in_days, default=report.newest)
    hours = told_of.span_hours
    span = speech.say("anomalies.hour") if hours == 1 else speech.say("anomalies.hours", hours=speech.number(hours))
    name = "rarest" if count > 1 else "only" if count else "newest"
    told.append(speech.say(f"anomalies.{name}", span=span, **_move(speech, told_of)))
    if report.expected_alarms >= LEAST_EXPECTED:
        expected = speech.number(report.expected_alarms, 1 if report.expected_alarms >= FEW_EXPECTED else 2)
        told.append(speech.say("anomalies.alarms", expected=expected))
    return told + _farthest(speech, ask, report.hours)


def _move(speech: Speech, surprise: Surprise) -> dict[str, str]:
    direction = _direction(surprise.move_pct)
    return {
        "move": speech.say(f"anomalies.{direction}", **_size(speech, surprise.move_pct)),
        "time": speech.time(surprise.time),
        "rarity": speech.rarity(surprise.once_in_days),
    }


def _moved(speech: Speech, change_pct: float | None) -> str:
    if change_pct is None:
        return ""
    return speech.say(f"price.{_direction(change_pct)}", **_size(speech, change_pct))


def _direction(change_pct: float) -> str:
    return "flat" if round(change_pct, 2) == 0 else "up" if change_pct > 0 else "down"


def _size(speech: Speech, change_pct: float) -> dict[str, str]:
    """How far the price moved; nothing where it did not."""
    return {"percent": speech.percent(abs(change_pct), 2)} if round(change_pct, 2) else {}


def _farthest(speech: Speech, ask: Ask, hours: int) -> list[str]:
    """That there are not as many hours as were asked for."""
    return [speech.say("span.farthest")] if ask.hours is not None and ask.hours > hours else []
