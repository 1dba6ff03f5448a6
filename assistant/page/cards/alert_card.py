"""The card of an alert: what the open page watches for, with all that static/alerts.js needs to do it and to say so.

Without scripts nobody watches: the card then says only what was asked for.
"""

import json
from html import escape

from assistant.page.cards.words import CardSpeech
from assistant.replies import Watch, kind_of, prices_of
from assistant.understanding import Language

SAID_BY_SCRIPT = ("watching", "told", "over", "removed", "remove", "notify", "close")


def alert_card(watch: Watch, language: Language = Language.ENGLISH, zone: str = "UTC") -> str:
    """One line of HTML, every text in it escaped; times are on the clock of `zone`, the visitor's by its IANA name."""
    speech = CardSpeech(language, zone)
    coin, kind, prices = speech.coin(watch.symbol), kind_of(watch), prices_of(speech, watch)
    what = speech.say(f"watched.{'between' if kind == 'range' else kind}", **prices)
    until = ""
    if watch.until is not None:
        told = speech.say("watched.until", time=speech.near(watch.until, watch.since))
        until = f' <span title="{escape(speech.utc(watch.until))}">{escape(told)}</span>'
    data = escape(json.dumps(_data(speech, watch, coin, prices), ensure_ascii=False))
    return (
        f'<section class="alert-card"><p class="what" content="{data}"><b>{escape(coin)}</b> {escape(what)}{until}</p>'
        '<p class="state"></p></section>'
    ).replace("\n", " ")


def _data(speech: CardSpeech, watch: Watch, coin: str, prices: dict[str, str]) -> dict[str, object]:
    """What the script reads; `since` tells an alert from the same one that is asked for again later."""
    names = {"low": "fell", "high": "rose"}
    notices = {name: speech.say(f"watched.{names[name]}", coin=coin, price=price) for name, price in prices.items()}
    return {
        "symbol": watch.symbol,
        "low": watch.low,
        "high": watch.high,
        "since": watch.since.isoformat(),
        "until": None if watch.until is None else watch.until.isoformat(),
        "notices": notices or {"unusual": speech.say("watched.moved", coin=coin)},
        "words": {name: speech.say(f"watched.{name}") for name in SAID_BY_SCRIPT},
    }
