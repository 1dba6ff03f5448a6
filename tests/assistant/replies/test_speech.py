import tomllib
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.replies.speech import Speech
from assistant.replies.zones import NAMES, city_of
from assistant.understanding.frame import Language
from forecaster.anomalies.monitor import in_words

ENGLISH, SPANISH, GERMAN, FRENCH, PORTUGUESE, CHINESE = map(Speech, Language)
NOON = datetime(2026, 3, 19, 12, tzinfo=UTC)


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("speech", "price", "share", "moment"),
    [
        (ENGLISH, "$69,930.25", "−0.5 %", "12:00 UTC on 19 March 2026"),
        (SPANISH, "69.930,25 $", "−0,5 %", "12:00 UTC del 19 de marzo de 2026"),
        (GERMAN, "69.930,25 $", "−0,5 %", "12:00 UTC am 19. März 2026"),
        (FRENCH, "69 930,25 $", "−0,5 %", "12:00 UTC le 19 mars 2026"),
        (PORTUGUESE, "US$ 69.930,25", "−0,5%", "12:00 UTC de 19 de março de 2026"),
        (CHINESE, "69,930.25美元", "−0.5%", "UTC 2026年3月19日 12:00"),
    ],
)
def test_prices_shares_and_times_have_the_form_of_their_language(speech, price, share, moment):
    assert plain(speech.money(69_930.25, "USD")) == price
    assert plain(speech.percent(-0.5)) == share
    assert speech.time(NOON) == moment


def test_a_time_has_its_day_where_that_is_not_plain():
    assert ENGLISH.near(NOON + timedelta(hours=1), NOON) == "13:00 UTC"
    assert ENGLISH.near(NOON + timedelta(hours=12), NOON) == "00:00 UTC on 20 March"
    assert GERMAN.near(NOON + timedelta(hours=12), NOON) == "00:00 UTC am 20. März"


def test_times_of_other_zones_are_told_in_utc():
    assert ENGLISH.time(NOON.astimezone(timezone(timedelta(hours=-7)))) == "12:00 UTC on 19 March 2026"


def test_the_first_of_a_month_is_written_as_french_and_portuguese_do():
    first = datetime(2026, 5, 1, tzinfo=UTC)
    assert (FRENCH.date(first), PORTUGUESE.date(first)) == ("1er mai 2026", "1º de maio de 2026")
    assert GERMAN.date(first) == "1. Mai 2026"


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.0, "under 3 %"),
        (0.025, "under 3 %"),
        (0.0254, "under 3 %"),
        (0.026, "3 %"),
        (0.5, "50 %"),
        (0.975, "over 97 %"),
    ],
)
def test_a_chance_claims_nothing_beyond_the_outermost_quantiles(probability, said):
    assert plain(ENGLISH.chance(probability)) == said


@given(st.floats(0.01, 1000))
def test_rarity_is_told_in_english_as_the_tool_tells_it(days):
    assert ENGLISH.rarity(days) == in_words(days)


@pytest.mark.parametrize(
    ("days", "said"), [(0.2, "mehrmals am Tag"), (40, "etwa einmal in 40 Tagen"), (91, "etwa einmal in 3 Monaten")]
)
def test_rarity_is_told_in_other_languages(days, said):
    assert GERMAN.rarity(days) == said


def test_sources_keep_their_names_but_for_what_is_no_exchange():
    assert [CHINESE.source(name) for name in ("kraken", "demo", "file")] == ["Kraken", "模拟行情", "K线文件"]


def test_sentences_are_joined_once_each_with_a_capital():
    assert FRENCH.joined(["le prix.", "", "le prix.", "oui."]) == "Le prix. Oui."
    assert CHINESE.joined(["甲。", "乙。"]) == "甲。乙。"


def test_a_city_has_the_name_that_the_language_calls_it():
    told = [speech.there(NOON, NOON, "America/New_York") for speech in (ENGLISH, SPANISH, PORTUGUESE, CHINESE)]
    assert [each.partition(" (")[0].partition("（")[0] for each in told] == [
        "08:00 New York time",
        "08:00 hora de Nueva York",
        "08:00 horário de Nova York",
        "纽约时间 08:00",
    ]
    assert city_of("Europe/Lisbon", "de") == "Lissabon"
    assert city_of("Asia/Tashkent", "fr") == "Tashkent"  # the database's, where no other is known


def test_cities_are_those_of_the_database_and_named_in_languages_that_are_answered_in():
    known = {city_of(zone) for zone in available_timezones()} | {"Sao Paulo"}
    for city, names in tomllib.loads(NAMES.read_text("utf-8")).items():
        assert city in known
        assert names.keys() <= set(Language)
        assert city not in names.values(), "what is the database's name needs no entry"
