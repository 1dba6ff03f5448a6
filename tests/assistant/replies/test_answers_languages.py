"""What holds for every answer in every language."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from statistics import median

import pytest
from pydantic import BaseModel

from assistant.grounding.grounding import Grounding
from assistant.grounding.sentences import Sentences
from assistant.replies.answers import FIXED, SENTENCES, from_results
from assistant.replies.speech import Speech
from assistant.replies.wording import NUMBER_FORMS
from assistant.understanding.frame import Intent, Language, Question
from tests.support.conversations.composed import YEAR
from tests.support.conversations.said import cases, on_day
from tools.forecast import ForecastAnswer

LANGUAGES = list(Language)
UNSEEN = {"recent", "candles", "sha256", "id", "forecast_id"}  # of a result: nothing is told of these
NAMED = {1, 3, 5, 24, 80, 95, 97, 97.5}  # the reach of forecasts, names of ranges, what lies beyond the outermost
WORDS = 85
MEDIAN = 65  # words of an answer about prices, most of them forecasts
AGAIN = 50  # words where the record was told before
MORE = 35  # words for each further part, and for warnings
LINE = 12  # words of a line in a list
COMMANDS = {
    Language.ENGLISH: r"(?:^|[.!?:;,] |\byou (?:should|could|may|might|must|can) |\bplease )"
    r"(?:buy|sell|hold|wait|invest|avoid|go (?:long|short)|take profits?|consider|get (?:in|out)|stay)\b",
    Language.SPANISH: r"\b(?:compra|compre|compren|vende|venda|mantén|mantenga|espera|espere|invierte|invierta"
    r"|evita|evite|aprovecha|deberías|debe(?:s|ría)?|conviene|recomiendo)\b",
    Language.GERMAN: r"\b(?:kauf(?:e|en)?|verkauf(?:e|en)?|halten sie|warte(?:n sie)?|investier(?:e|en)|vermeide[n]?"
    r"|steig(?:e|en)? (?:ein|aus)|sollten|solltest|empfehle|rate ihnen)\b",
    Language.FRENCH: r"\b(?:ach[eè]te[zr]?|vend(?:s|ez|re)|gard(?:e|ez)|conserve[zr]?|attend(?:s|ez|re)"
    r"|investi(?:s|ssez|r)|évite[zr]?|devriez|faut|conseille|recommande)\b",
    Language.PORTUGUESE: r"\b(?:compre|compra|venda|vende|mantenha|mantém|aguarde|espere|espera|invista|investe|evite"
    r"|deveria|deve|convém|recomendo|aconselho)\b",
    Language.CHINESE: r"买|卖|持有|持币|等待|观望|投资|抄底|加仓|减仓|止盈|止损|建议|应该|应当|避免",
}
every_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def every_case():
    return asyncio.run(cases())


@every_language
def test_every_number_comes_from_a_result(language, every_case):
    for case in every_case:
        text, known = case.said(language), set(_known(case))
        untraced = [number for number in _numbers(text, language) if not _traced(number, known)]
        assert not untraced, (case.name, untraced, text)


@every_language
def test_nothing_is_said_that_grounding_would_leave_out(language, every_case):
    days = cycle(YEAR[::29])
    for size, case in enumerate((on_day(each, next(days)) for each in every_case), start=1):
        grounding = Grounding([], Question(case.asks, language, case.nearest))
        for result in case.results:
            grounding.learn("", result)
        for failure in case.failures:
            grounding.learn(failure.message, None)
            grounding.learn(str(failure.longest_hours), None)
        text = case.said(language)
        checked = [each for at in range(0, len(text), size) for each in grounding.check(text[at : at + size])]
        left_out = [each for each in (*checked, *grounding.end()) if each.objection]
        assert not left_out, (case.name, left_out)


@every_language
def test_nobody_is_told_to_trade(language, every_case):
    command = re.compile(COMMANDS[language], re.I)
    for case in every_case:
        text = case.said(language)
        assert not command.search(text), (case.name, command.search(text), text)


@every_language
def test_answers_are_short(language, every_case):
    for case in every_case:
        text = case.said(language)
        limit = WORDS + MORE * (max(len(case.results), len(case.asks), 1) - 1 + ("warned" in case.name))
        limit += LINE * text.count("\n- ") + MORE * (not case.results or case.asks[0].intent in FIXED)
        if language is Language.CHINESE:
            assert Speech(language).length(text) <= 1.2 * limit, (case.name, Speech(language).length(text), text)
        else:
            assert Speech(language).length(text) <= limit, (case.name, Speech(language).length(text), text)


@every_language
def test_answers_are_shorter_than_a_spoken_half_minute_in_the_median(language, every_case):
    speech, told = Speech(language), [case for case in every_case if len(case.results) == 1]
    assert median(speech.length(case.said(language)) for case in told) <= MEDIAN
    again = [replace(Question(case.asks, language), record_told=True) for case in told]
    texts = [from_results(asked, case.results, case.failures) for asked, case in zip(again, told, strict=True)]
    assert median(map(speech.length, texts)) <= AGAIN


@every_language
def test_an_answer_has_three_sentences_besides_what_must_be_said(language, every_case):
    for case in every_case:
        (intent, *others) = [ask.intent for ask in case.asks]
        plain = not others and len(case.results) == 1 and not case.failures and intent not in (*FIXED, Intent.METRICS)
        if plain and not re.search("warned|simulated|beyond|assumed|euros|rate|level|live", case.name):
            assert _sentences(case.said(language)) <= SENTENCES, (case.name, case.said(language))


@every_language
def test_answers_are_whole_sentences_without_gaps(language, every_case):
    for case in every_case:
        text = case.said(language)
        assert text and text == text.strip(), case.name
        assert not re.search(r"[{}]|None|\bnan\b|  |\(\)|\.\.|，，|。。|[,;:] ?[.,;]", text), (case.name, text)
        assert re.search(r"[.!?。？！”\"»“]$|\?\s?»$", text), (case.name, text)
        assert re.match(r"[^\W\d_a-zà-ÿ]|[¿¡„“«$\d]", text) or language is Language.CHINESE, (
            case.name,
            text,
        )


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_answer_falls_back_to_english(language, every_case):
    english = re.compile(r"\b(?:the|of|is|are|and|with|for|between|hours?|closed|range|last)\b", re.I)
    for case in every_case:
        if not case.failures:
            assert not english.search(case.said(language)), (case.name, case.said(language))


@every_language
def test_simulated_prices_are_called_that_first(language, every_case):
    simulated = Speech(language).say("fixed.simulated")
    told = [(case.name, case.said(language)) for case in every_case if "simulated" in case.name or "demo" in case.name]
    assert len(told) == 2 and all(text.startswith(simulated) for _, text in told)


@every_language
def test_advice_is_never_given_without_saying_how_uncertain_it_is(language, every_case):
    why_not = Speech(language).say("fixed.no_advice")
    told = [case.said(language) for case in every_case if case.asks[0].intent is Intent.ADVICE and not case.nearest]
    assert len(told) >= 4 and all(why_not in text for text in told)


def _sentences(text: str) -> int:
    cut = Sentences()
    return len([*cut.feed(text.partition("\n")[0]), *cut.rest()])


def _known(case) -> Iterator[float]:
    """Every number of the results, in the units that it may be told in."""
    yield from NAMED
    for result in case.results:
        yield from _walk(result.model_dump(mode="json"))
        yield from _shares(result)
        if isinstance(result, ForecastAnswer):  # how far ahead of now, not of old candles
            yield result.forecast.horizons[-1].minutes - result.forecast.age_seconds / 60
    for failure in case.failures:
        yield from _walk([failure.message, failure.longest_hours])
    for ask in (*case.asks, *case.nearest):
        yield from _walk([ask.hours, *map(str, (ask.target, ask.at, ask.zone and "18:00"))])


def _walk(value: object) -> Iterator[float]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _walk(inner) if name not in UNSEEN else ()
        case list() | tuple():
            yield float(len(value))
            for inner in value:
                yield from _walk(inner)
        case bool() | None:
            pass
        case int() | float():
            yield from (value, 100 * value, 100 - 100 * value, 1 - value, value / 30.4, value / 60)
        case str():
            yield from (float(digits) for digits in re.findall(r"\d+", value))


def _shares(result: BaseModel) -> Iterator[float]:
    grades = getattr(result, "grades", None)
    if grades is not None:
        yield round(grades.coverage["80"] * grades.n)


def _numbers(text: str, language: Language) -> Iterator[str]:
    """Every number, with a point before its decimals."""
    form = NUMBER_FORMS[language]
    decimals = rf"(?:{re.escape(form.decimal)}\d+)?"
    for number in re.findall(rf"\d{{1,3}}(?:{re.escape(form.group)}\d{{3}})+{decimals}|\d+{decimals}", text):
        yield number.replace(form.group, "").replace(form.decimal, ".")


def _traced(number: str, known: set[float]) -> bool:
    digits = len(number.partition(".")[2])
    return any(abs(abs(value) - float(number)) <= 0.5 * 10**-digits * (1 + 1e-9) for value in known)
