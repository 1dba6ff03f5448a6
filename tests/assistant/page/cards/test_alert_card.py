"""The card of an alert: whole HTML, with what its script needs, in the answer's language and on the visitor's clock."""

import json
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from assistant.agent import AlertSet
from assistant.page.cards import alert_card
from assistant.page.transcript import ALERTS, CARD, Reply, found_again
from assistant.replies import Watch
from assistant.understanding import Language

SINCE, UNTIL = datetime(2026, 3, 19, 12, 3, tzinfo=UTC), datetime(2026, 3, 19, 13, tzinfo=UTC)
RANGE = Watch("BTC-USD", "USD", SINCE, 69_622.42, 70_294.02, UNTIL, 80.0)


def data_of(card):
    return json.loads(ElementTree.fromstring(card).find(".//*[@content]").get("content"))


def text_of(card):
    return "".join(ElementTree.fromstring(card).itertext())


def test_a_range_is_told_with_its_end_on_the_visitors_clock_and_for_the_script():
    card = alert_card(RANGE, zone="America/New_York")
    assert text_of(card) == "Bitcoin outside $69,622.42 to $70,294.02 until 09:00 EDT"
    assert 'title="13:00 UTC on 19 March 2026"' in card
    data = data_of(card)
    assert (data["symbol"], data["low"], data["high"]) == ("BTC-USD", 69_622.42, 70_294.02)
    assert (data["since"], data["until"]) == (SINCE.isoformat(), UNTIL.isoformat())
    assert data["notices"]["high"] == "Bitcoin is at $70,294.02 or above."


def test_a_price_is_told_as_it_was_named_and_an_unusual_move_has_none():
    above = alert_card(Watch("ETH-USD", "USD", SINCE, high=3000.0, named=True))
    assert text_of(above) == "Ethereum at $3,000 or above"
    assert list(data_of(above)["notices"]) == ["high"]
    unusual = data_of(alert_card(Watch("BTC-USD", "USD", SINCE)))
    assert unusual["notices"] == {"unusual": "Bitcoin made an unusual move."}


@pytest.mark.parametrize("language", Language)
def test_every_language_says_all_that_the_script_says(language):
    data, english = (data_of(alert_card(RANGE, each)) for each in (language, Language.ENGLISH))
    assert list(data["words"]) == list(english["words"]) and all(data["words"].values())
    assert "{}" in data["words"]["told"]
    assert language is Language.ENGLISH or not set(data["words"].values()) & set(english["words"].values())


@pytest.mark.parametrize("language", Language)
def test_a_kept_card_is_found_again(language):
    card = alert_card(RANGE, language)
    said = [
        {"role": role, "content": [{"type": "text", "text": text}]}
        for role, text in (("user", "?"), ("assistant", card))
    ]
    found = found_again(json.dumps([{"done": True, "messages": said}]))
    assert found.messages[-1]["content"] == card and card.startswith(CARD)


def test_a_reply_shows_each_alert_once_and_no_more_than_it_has_room_for():
    reply = Reply()
    reply.add(AlertSet(RANGE))
    reply.add(AlertSet(RANGE))
    assert len(reply.messages()) == 1
    for price in range(ALERTS + 2):
        reply.add(AlertSet(Watch("BTC-USD", "USD", SINCE, high=80_000.0 + price)))
    assert len(reply.messages()) == ALERTS
