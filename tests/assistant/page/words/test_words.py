"""The page's own words: the same in six languages, with the numbers and clocks of who reads them."""

import re
import tomllib
from string import Formatter

import pytest

from assistant.page.visitor import Visitor, language_of, visitor_of
from assistant.page.words import TEXTS, Words
from assistant.page.words.words import REMARKS
from assistant.replies import phrases_in
from assistant.understanding import Language
from forecaster.market.candles import utc
from tests.support.fakes import NOON

ENGLISH = phrases_in(TEXTS, Language.ENGLISH).texts


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_there_is_a_file_for_every_language_and_no_other():
    assert {path.stem for path in TEXTS.iterdir()} == set(Language)


@pytest.mark.parametrize("language", Language)
def test_every_language_says_the_same_things_with_the_same_facts(language):
    texts = phrases_in(TEXTS, language).texts
    assert list(texts) == list(ENGLISH)
    for name, text in texts.items():
        assert text and placeholders(text) == placeholders(ENGLISH[name]), name
    assert len(texts["time.months"].split()) == 12


@pytest.mark.parametrize("language", [each for each in Language if each is not Language.ENGLISH])
def test_what_has_words_is_translated(language):
    same = {name for name, text in phrases_in(TEXTS, language).texts.items() if text == ENGLISH[name]}
    alike = {
        "page.chat", "page.conversation", "page.coin", "ticker.minutes", "ticker.hours", "ticker.day", "time.day",
        "time.date", "report.ahead", "script.me",
    }  # fmt: skip
    assert same <= alike


@pytest.mark.parametrize("language", Language)
def test_no_text_names_a_setting_a_file_or_a_command(language):
    for text in phrases_in(TEXTS, language).texts.values():
        assert re.search(r"CRYPTOSENSE|python|\.env|\w+_\w+\s|Error\b|Gradio", re.sub(r"{\w+}", "", text)) is None


def test_every_text_is_said_somewhere():
    code = "".join(path.read_text(encoding="utf-8") for path in TEXTS.parent.rglob("*.py"))
    scripts = "".join(path.read_text(encoding="utf-8") for path in (TEXTS.parent / "static").rglob("*.js"))
    names = {name for name in ENGLISH if not name.startswith(("script.", "chart.", REMARKS))}
    code = code.replace("'", '"')
    tables = tomllib.loads((TEXTS / "en.toml").read_text(encoding="utf-8"))
    named = {
        f"{table}.{name}"
        for table in ("suggestions", "report", "chat")
        for name in tables[table]
        if f'"{name}"' in code
    }
    assert [name for name in sorted(names - named) if f'"{name}"' not in code] == []
    of_scripts = [name.partition(".")[2] for name in ENGLISH if name.startswith(("script.", "chart."))]
    assert [name for name in of_scripts if not re.search(rf"\b{name}\b", scripts)] == []


def test_a_visitor_is_read_from_the_address():
    assert visitor_of({}) == Visitor("UTC", Language.ENGLISH)
    assert visitor_of({"timezone": "Europe/Berlin", "lang": "de"}) == Visitor("Europe/Berlin", Language.GERMAN)
    assert visitor_of({"timezone": "No/Where", "lang": "tlh"}) == Visitor("UTC", Language.ENGLISH)
    assert visitor_of({"lang": "pt-BR"}).language is Language.PORTUGUESE


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ({}, "", "en"), ({}, "de-DE,de;q=0.9,en;q=0.8", "de"), ({}, "it,fr;q=0.5", "fr"), ({}, "zh-TW", "zh"),
        ({}, "tlh, x;q=1, ;;,", "en"), ({"lang": "es"}, "de", "es"), ({"lang": "tlh"}, "de", "de"),
        ({}, "de" * 999, "en"),
    ],
)  # fmt: skip
def test_a_browser_that_names_no_language_is_read_from_what_it_accepts(query, accepted, language):
    assert language_of(query, accepted) == language


def test_numbers_and_times_are_those_of_the_visitor():
    german = Words(Visitor("Europe/Berlin", Language.GERMAN))
    assert (german.number(21_765.5, 1), german.percent(-0.42, 2)) == ("21.765,5", "\u22120,42\u00a0%")
    assert german.moment(utc(NOON)) == "19. März 13:00"
    assert german.clocks(utc(NOON)) == "CET"
    assert 'title="19. März 12:00 UTC">19. März 13:00<' in german.moment_html(utc(NOON))
    chinese = Words(Visitor("Asia/Shanghai", Language.CHINESE))
    assert (chinese.moment(utc(NOON)), chinese.ahead(15), chinese.ahead(240)) == ("3月19日 20:00", "15分钟", "4小时")
    assert [Words().age(seconds) for seconds in (3, 240, 7200, 200_000)] == ["1 min", "4 min", "2 h", "2 days"]
    assert Words().clocks(utc(NOON)) == "UTC"
