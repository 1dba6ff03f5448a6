"""Every text of assistant/texts as an answer may hold it: each phrase with facts, on any day, in each language."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from assistant.replies.phrases import phrases
from assistant.replies.speech import Speech
from assistant.understanding.frame import Language

FIRST = date(2028, 1, 1)  # of a leap year
YEAR = tuple(FIRST + timedelta(days=each) for each in range(366))
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def composed(language: Language, day: date, *, dated: bool) -> Iterator[str]:
    """The phrases that tell a time, as they read on that day, or else all others."""
    facts = _facts(Speech(language), datetime(day.year, day.month, day.day, 23, tzinfo=UTC))
    times = {name for name, (_, timed) in facts.items() if timed}
    for text in phrases(language).texts.values():
        wanted = PLACEHOLDER.findall(text)
        if dated is bool(times.intersection(wanted)):
            yield text.format(**{name: facts[name][0] for name in wanted})


def _facts(speech: Speech, time: datetime) -> dict[str, tuple[str, bool]]:
    """A fact for each placeholder, and whether it holds a time."""
    later = time + timedelta(hours=2)  # the next day
    money, share = speech.money(69_930.25, "USD"), speech.percent(12.5)
    moments = {
        "time": speech.time(time), "when": speech.when(later, time, 120, "Asia/Singapore"),
        "high_time": speech.near(later, time), "low_time": speech.near(later, time), "meant": speech.near(later, time),
        "until": speech.near(later, time),
        "origin": speech.origin("kraken", later, time), "more": speech.near(later, time),
        "start": speech.date(time), "end": speech.time(later),
        "date": speech.date(time), "reading": speech.say("metrics.measured", hours=speech.date(time)),
    }  # fmt: skip
    amounts = dict.fromkeys(
        (
            "low",
            "high",
            "median",
            "last",
            "first",
            "price",
            "actual",
            "close",
            "up",
            "down",
            "money",
            "worth",
            "now",
            "loss",
            "risk",
            "amount",
            "dollars",
        ),
        money,
    )
    shares = dict.fromkeys(("chance", "percent", "share", "value", "model", "same", "items", "level"), share)
    counts = dict.fromkeys(("n", "count", "inside", "times", "days", "months", "expected", "farthest", "longest"), "12")
    words = {
        "target": money, "away": money,
        "coin": speech.coin("BTC-USD"), "of_coin": speech.of_coin("BTC-USD"), "what": speech.hours(6),
        "coins": speech.coin("BTC-USD", "ETH-USD"), "of_coins": speech.of_coin("BTC-USD", "SOL-USD"),
        "of_record": speech.of_coin("BTC-USD"), "hours": "12", "over": speech.over(24), "reach": speech.hours(6),
        "within": speech.within(60), "minutes": "45",
        "given": speech.ahead(6), "ahead": speech.ahead(6), "span": speech.hours(6), "source": "Kraken",
        "move": speech.say("anomalies.up", percent=share), "rarity": speech.rarity(11), "moved": "", "held": "",
        "beside": speech.say("live.better", percent=share), "title": speech.say("metrics.mae_title"),
        "meaning": speech.say("metrics.mae_meaning"), "name": "DOGE", "second": speech.coin("ETH-USD"),
        "message": "No exchange gave candles for ETH-USD (kraken timed out). Try again in a minute.",
        "touch": speech.say("chances.touch", chance=share), "all_the_way": speech.say("chances.all_the_way"),
        "beyond": speech.say("chances.then_above", chance=share), "currency": "EUR", "city": "New York", "zone": "CET",
        "word": speech.say("assumed.soon"),
        "rate": speech.number(0.8967, 4),
        "clock": "23:00", "day": "29", "month": speech.date(time), "year": str(time.year),
    }  # fmt: skip
    told = {name: (fact, False) for name, fact in (amounts | shares | counts | words).items()}
    return told | {name: (fact, True) for name, fact in moments.items()}
