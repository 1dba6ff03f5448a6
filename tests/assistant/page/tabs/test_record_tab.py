"""The tab with the live record: what was said, what happened, misses included, on the visitor's clock and in words."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from assistant.page.tabs.record_tab import track_record_tab, without_record
from assistant.page.visitor import Visitor
from assistant.page.words import Words
from assistant.understanding import Language
from forecaster.ledger.scoring import Settled, graded
from forecaster.ledger.track_record import Graded, Kept, Waiting
from forecaster.market.candles import utc
from forecaster.schema import HOUR
from tests.support.fakes import NOON
from tests.support.ledger.issued import CLOSE, MODEL, issued
from tests.support.ledger.over_ledger import lived
from tests.support.ledger.settled import kept
from tools.live_record import NEWEST, LiveRecord, live_record

HORIZON = issued().horizons[0]
ENGLISH = Words()


def grades(n: int, days: int = 1) -> Graded:
    """Of forecasts that were all right, over so many days."""
    rows = [
        Settled(f"fc_{each}", CLOSE, NOON - each * 24 * HOUR * days // n, 70_100.0, 70_050.0, True, True, True, 0.5)
        for each in range(n)
    ]
    found = graded("BTC-USD", 1, MODEL, rows)
    assert found is not None
    return found


def record(*forecasts: Kept, n: int = 3, waits: int = 0, days: int = 1) -> LiveRecord:
    waiting = Waiting(symbol="BTC-USD", hours=1, minutes=60, n=waits, next_target=utc(NOON + HOUR)) if waits else None
    found = grades(n, days) if forecasts else None
    return LiveRecord(symbol="BTC-USD", minutes=60, grades=found, forecasts=forecasts, waiting=waiting)


def parsed(html: str) -> ElementTree.Element:
    assert "\n" not in html and "\0" not in html
    return ElementTree.fromstring(html)


def words(element: ElementTree.Element) -> str:
    return " ".join(" ".join(element.itertext()).replace("\u00a0", " ").replace("\u202f", " ").split())


def told(found: LiveRecord, said: Words = ENGLISH) -> str:
    return words(parsed(track_record_tab(found, said)))


def test_a_fresh_service_says_what_waits_and_until_when_on_the_visitors_clock():
    york = Words(Visitor("America/New_York"))
    said = told(record(waits=1), york)
    assert said.startswith("No live forecast has an outcome yet 1 forecast waits for its time: it comes due at")
    assert "19 Mar 09:00" in said
    assert 'title="19 Mar 13:00 UTC"' in track_record_tab(record(waits=1), york)
    assert "3 forecasts wait for their time; the next comes due at 19 Mar 13:00 ." in told(record(waits=3))
    assert "one is issued" in told(record())


def test_a_miss_by_cents_is_no_miss_by_nothing():
    assert "\u2717 +0.30" in told(record(kept(issued(0), HORIZON.quantiles["0.90"] + 0.3)))


def test_a_miss_is_told_with_what_it_missed_by_and_drawn_in_red():
    high, middle = HORIZON.quantiles["0.90"], HORIZON.median
    found = record(kept(issued(1), high + 100), kept(issued(0), middle), waits=1)
    tab = parsed(track_record_tab(found, ENGLISH))
    rows = [[words(cell) for cell in row] for row in tab.iter("tr")][1:]
    assert [row[0] for row in rows] == ["19 Mar 14:00", "19 Mar 13:00"]
    assert [row[3] for row in rows] == ["\u2717 +100", "\u2713 yes"]
    assert rows[0][1] == f"{HORIZON.quantiles['0.10']:,.0f} \u2013 {high:,.0f}"
    dots = [each.get("class") for each in tab.iter("path") if "dot" in (each.get("class") or "")]
    assert dots == ["dot held", "dot missed"]
    said = words(tab)
    assert "80 % ranges held 100 %" in said
    assert "The newest 2 are drawn here: 1 fell outside" in said
    assert "1 more waits: it comes due at" in said


async def test_two_hundred_are_all_graded_and_are_not_called_few(tmp_path: Path):
    with lived(tmp_path, 201) as backend:
        tab = parsed(track_record_tab(await live_record(backend, "BTC-USD", 60), ENGLISH))
    said = words(tab)
    assert "200 forecasts for Bitcoin, 1 h ahead, have come due since 11 Mar" in said
    assert "of 200" in said
    assert "too few" not in said and "luck" not in said and "two weeks" in said
    assert len(list(tab.iter("tr"))) == 1 + NEWEST


def test_few_outcomes_are_called_few_and_many_have_an_interval():
    shown = kept(issued(0), HORIZON.median)
    said = told(record(shown, n=20))
    assert "of 20: too few to say much" in said and "luck decides" in said and "none fell outside" in said
    said = told(record(shown, n=500, days=30))
    assert " to " in said and "too few" not in said and "luck" not in said and "two weeks" not in said


def test_one_outcome_is_enough_for_a_picture():
    tab = parsed(track_record_tab(record(kept(issued(0), HORIZON.median)), ENGLISH))
    (picture,) = [each for each in tab.iter("div") if each.get("role") == "img"]
    assert "1 ranges" in (picture.get("aria-label") or "")


@pytest.mark.parametrize("language", Language)
def test_every_language_has_its_words_numbers_and_clock(language):
    said = Words(Visitor("Europe/Berlin", language))
    found = record(kept(issued(0), HORIZON.median), n=1500, waits=12)
    tab = parsed(track_record_tab(found, said))
    assert said.number(1500) in words(tab).replace(" ", "\u202f" if language is Language.FRENCH else " ")
    assert said.moment(HORIZON.target_time) in words(tab)
    assert said.say("record.title") in words(tab).replace("\u2019", "’")
    if language is not Language.ENGLISH:
        assert "forecasts" not in words(tab) and "Newest" not in words(tab)
    assert told(record(), said) != told(record()) or language is Language.ENGLISH


def test_no_record_is_a_sentence():
    assert words(parsed(without_record("a < b"))) == "a < b"


def test_prices_of_cents_keep_the_decimals_of_the_coin():
    forecast = issued(0)
    share = 0.15 / HORIZON.median
    small = {level: price * share for level, price in HORIZON.quantiles.items()}
    near = HORIZON.model_copy(update={"quantiles": small, "median": 0.15})
    doge = forecast.model_copy(update={"symbol": "DOGE-USD", "last_close": 0.15, "horizons": (near,)})
    tab = parsed(track_record_tab(record(kept(doge, 0.1512)), ENGLISH))
    row = [words(cell) for cell in list(tab.iter("tr"))[1]]
    assert row[1:3] == [f"{small['0.10']:.5f} \u2013 {small['0.90']:.5f}", "0.15120"]
