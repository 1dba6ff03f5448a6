"""Card and words of an answer say the same: figures, times and verdicts, in every language and zone."""

import asyncio
import re
from xml.etree import ElementTree

import pytest

from assistant.page.cards.card import forecast_card
from assistant.page.cards.words import TEXTS, CardSpeech
from assistant.replies.answers import from_results
from assistant.replies.chances import touch_chance
from assistant.replies.phrases import phrases, phrases_in
from assistant.replies.wording import NUMBER_FORMS
from assistant.understanding.frame import Ask, Intent, Language, Question
from tests.assistant.replies.test_phrases import placeholders
from tests.support.conversations import said
from tools.forecast import ForecastAnswer

every_language = pytest.mark.parametrize("language", Language)
ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
VERDICTS = {
    "better": (said.BETTER, ("record.beat", "record.item_beat")),
    "even": (said.EVEN, ("record.even", "record.item_even")),
    "below zero, and even": ((-0.001, -0.004, 0.002), ("record.even", "record.item_even")),
    "worse": (said.WORSE, ("record.worse", "record.item_worse")),
    "many times": ((-11.26, -11.9, -10.7), ("record.times", "record.item_times")),
}


@pytest.fixture(scope="module")
def every_case():
    return asyncio.run(said.cases())


def text_of(card: str) -> str:
    """All that a card says, also where it is only heard or hovers."""
    parts = []
    for element in ElementTree.fromstring(card).iter():
        parts += [element.text or "", element.tail or "", element.get("title") or "", element.get("alt") or ""]
    return " ".join(parts)


def plain(text: str) -> str:
    return " ".join(text.split())


def money(text: str, language: Language) -> dict[float, set[str]]:
    """Amounts of dollars by value, as they are written."""
    form = NUMBER_FORMS[language]
    amount = rf"\d[\d{re.escape(form.group)}]*(?:{re.escape(form.decimal)}\d+)?"
    found: dict[float, set[str]] = {}
    for written in re.findall(re.escape(form.dollars).replace(r"\{\}", f"({amount})"), text):
        value = float(written.replace(form.group, "").replace(form.decimal, "."))
        found.setdefault(value, set()).add(written)
    return found


@every_language
def test_no_price_is_told_with_cents_here_and_without_there(language, every_case):
    compared = 0
    for case in every_case:
        shown = [each for each in case.results if isinstance(each, ForecastAnswer)]
        told = money(case.said(language), language) if shown else {}
        for answer in shown:
            for value, written in money(text_of(forecast_card(answer, language)), language).items():
                near = {each for each in told if round(each) == round(value) > 1000}
                assert near <= {value}, (case.name, written, near, case.said(language))
                compared += len(near)
    assert compared > 100


@every_language
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("record", VERDICTS)
async def test_range_chance_time_and_verdict_stand_in_both(language, zone, record):
    skill, (sentence, verdict) = VERDICTS[record]
    answer = await said.forecast(skill, 0.6)
    text = from_results(Question((Ask(Intent.FORECAST),), language, zone=zone), [answer], [])
    card = text_of(forecast_card(answer, language, zone))
    speech, forecast = CardSpeech(language, zone), answer.forecast
    horizon = forecast.horizons[0]
    for level in ("0.10", "0.90", "0.50"):
        price = speech.price(horizon.quantiles[level], forecast.symbol, "USD", span=100)
        assert price in text and price in card
    for each in (
        speech.chance(horizon.probability_up),
        speech.near(horizon.target_time, forecast.as_of),
        speech.price(forecast.last_price, forecast.symbol, "USD"),
        speech.percent(60, 0),
        speech.number(forecast.skill.n),
    ):
        assert each in text and each in card, each
    start = phrases(language).texts[sentence].partition("{hours}")[2].partition("{")[0]
    assert start in text
    short = phrases(language).texts[verdict].partition("{what}")[2].split("{")[0].strip()
    assert short in card
    worse = sentence in ("record.worse", "record.times")
    assert (start in card) is worse  # as a caution


async def test_no_better_than_no_change_is_told_with_its_interval_and_not_as_a_gain():
    card = text_of(forecast_card(await said.forecast((0.004, -0.001, 0.009)))).replace("\u00a0", " ")
    assert " ".join(card.split()).count("no better +0.4 % (\u22120.1 % to +0.9 %), 21,765 h") == 1
    near = text_of(forecast_card(await said.forecast((0.004, 0.0004, 0.009)))).replace("\u00a0", " ")
    assert "+0.04 % to +0.90 %" in near


@every_language
def test_chances_of_a_price_are_told_as_in_words(language, every_case):
    speech, told = CardSpeech(language), set()
    for case in every_case:
        for answer in case.results:
            if not isinstance(answer, ForecastAnswer) or answer.odds is None or answer.threshold is None:
                continue
            card, price = plain(text_of(forecast_card(answer, language))), speech.asked_price(answer.threshold, "USD")
            chances = {"above": answer.odds.above, "below": answer.odds.below, "touch": answer.odds.touch}
            for name, chance in ((name, chance) for name, chance in chances.items() if chance is not None):
                told.add(name)
                share = touch_chance(speech, answer.odds) if name == "touch" else speech.chance(chance)
                assert plain(f"{speech.say(f'card.{name}', price=price)} {share}") in card, case.name
            asked = chances["below" if case.asks[0].below else "above"]
            assert asked is None or case.asks[0].threshold is None or speech.chance(asked) in case.said(language)
    assert told == {"above", "below", "touch"}


@every_language
async def test_a_card_is_in_its_language_on_the_visitors_clock_with_utc_on_hover(language):
    answer = await said.forecast(said.WORSE, hours=24)
    card = forecast_card(answer, language, "America/New_York")
    speech = CardSpeech(language, "America/New_York")
    tree = ElementTree.fromstring(card)
    visible = " ".join(tree.itertext())
    assert "UTC" not in visible and visible.count("EDT") >= 4
    hovering = [each.get("title") or "" for each in tree.iter("span") if each.get("title")]
    assert len(hovering) == 6 and all("UTC" in each for each in hovering)
    assert speech.near(answer.forecast.horizons[-1].target_time, answer.forecast.as_of) in visible
    if language is not Language.ENGLISH:
        assert not re.search(r"\b(?:chance of|typical|candles|from|held|closed|the)\b", visible + card)


@every_language
def test_every_language_has_the_same_words_with_the_same_facts(language):
    own, english = phrases_in(TEXTS, language).texts, phrases_in(TEXTS, Language.ENGLISH).texts
    assert list(own) == list(english) and all(own.values())
    assert {name: placeholders(text) for name, text in own.items()} == {
        name: placeholders(text) for name, text in english.items()
    }
    assert not set(own) & set(phrases(language).texts)  # or one would hide the other
    if language is not Language.ENGLISH:
        same = {name for name, text in own.items() if text == english[name]}
        assert same <= {"card.graded", "card.widest"}


def test_there_is_a_file_for_every_language_and_no_other():
    assert {path.stem for path in TEXTS.iterdir()} == set(Language)
