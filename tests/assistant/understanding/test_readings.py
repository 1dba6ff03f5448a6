"""What is kept of how messages were read: the same questions as without it, at any moment, and each read once."""

from datetime import UTC, datetime, timedelta

import pytest

from assistant.understanding import IntentClassifier, Readings, read_question
from tests.support.question_set import FOLDER, load

EVE = datetime(2026, 3, 19, 23, 57, tzinfo=UTC)
MOMENTS = [EVE + timedelta(minutes=minutes) for minutes in (0, 2, 4, 8)]  # midnight is among them
LONG = ("btc next hour", "and eth", "how sure is that", "in 4 hours", "what is crps", "sol price", "what is mae")


class About:
    """A topic that every text is sure to ask for."""

    topic, score = "quantile-forecast", 1.0


@pytest.fixture(scope="module")
def classifier():
    return IntentClassifier.load()


@pytest.mark.parametrize("folder", ["", "second", "third/development", "fourth", "fifth"])
def test_with_what_is_kept_every_question_is_read_as_without_it(classifier, folder):
    readings = Readings()
    for now in MOMENTS:
        for each in load(FOLDER / folder):
            fresh = read_question(each.turns, classifier, now, zone=each.timezone)
            again = read_question(each.turns, classifier, now, zone=each.timezone, readings=readings)
            assert again == fresh, each.turns


@pytest.mark.parametrize("text", ["btc at midnight", "btc tomorrow at noon", "btc price yesterday at 5pm", "btc today"])
def test_a_question_that_names_a_time_is_read_anew_when_time_has_passed(classifier, text):
    readings = Readings()
    before, after = (read_question([text], classifier, now, readings=readings) for now in (EVE, MOMENTS[-1]))
    assert before != after == read_question([text], classifier, MOMENTS[-1])


def test_another_turn_reads_only_the_newest_message(classifier):
    readings, looked_at = Readings(), []

    def topics(text):
        looked_at.append(text)

    found = []
    for turn in range(1, len(LONG) + 1):
        looked_at.clear()
        read_question(LONG[:turn], classifier, EVE, topics=topics, readings=readings)
        found.append(set(looked_at))
    assert found[-1] and not set.union(*found[:-1]) & found[-1]
    looked_at.clear()
    read_question(LONG, classifier, EVE, topics=topics, readings=readings)
    assert looked_at == []


def test_coins_zones_and_what_was_said_before_are_told_apart(classifier):
    readings = Readings()
    asked = [
        (["price"], {}),
        (["price"], {"offered": ("ETH-USD", "SOL-USD")}),
        (["btc at 5pm"], {}),
        (["btc at 5pm"], {"zone": "America/New_York"}),
        (["sol price", "and in 3 hours?"], {}),
        (["eth price", "and in 3 hours?"], {}),
        (["what is a quantile"], {}),
        (["what is a quantile"], {"topics": lambda text: About()}),
    ]
    for _ in range(2):
        for turns, given in asked:
            fresh = read_question(turns, classifier, EVE, **given)
            assert read_question(turns, classifier, EVE, readings=readings, **given) == fresh
