import tomllib
from string import Formatter

import pytest

from assistant.replies import phrases as module
from assistant.replies.clarifications import ASSUMED
from assistant.replies.phrases import TEXTS, phrases
from assistant.understanding.frame import Language
from forecaster.schema import ForecastWarning

ENGLISH = phrases(Language.ENGLISH).texts


def placeholders(text):
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_there_is_a_file_for_every_language_and_no_other():
    assert {path.stem for path in TEXTS.iterdir()} == set(Language)


@pytest.mark.parametrize("language", Language)
def test_every_language_says_the_same_things_with_the_same_facts(language):
    texts = phrases(language).texts
    assert list(texts) == list(ENGLISH)
    assert {name: placeholders(text) for name, text in texts.items()} == {
        name: placeholders(text) for name, text in ENGLISH.items()
    }
    assert all(text for text in texts.values())
    assert len(texts["time.months"].split()) == 12


@pytest.mark.parametrize("language", [each for each in Language if each is not Language.ENGLISH])
def test_what_has_words_is_translated(language):
    same = {name for name, text in phrases(language).texts.items() if text == ENGLISH[name]}
    alike = {
        "names.btc", "names.eth", "names.comma", "names.of_source", "time.first", "time.day", "time.date", "time.at",
        "time.in", "time.beside", "time.origin", "time.based_on_of", "time.minute", "time.minutes", "compare.item",
        "compare.prices", "chances.stake", "chances.in_dollars", "metrics.skill_title", "metrics.one", "record.label",
        "failures.cause", "metrics.direction_title",
    }  # fmt: skip
    assert same <= alike


def test_every_assumption_has_a_word():
    assert {f"assumed.{key}" for key in (*ASSUMED, "said")} == {n for n in ENGLISH if n.startswith("assumed.")}


def test_an_unknown_name_and_a_missing_fact_are_errors():
    with pytest.raises(KeyError):
        phrases(Language.ENGLISH).say("no.such")
    with pytest.raises(KeyError):
        phrases(Language.ENGLISH).say("price.now", coin="Bitcoin")


def test_what_is_no_text_is_refused():
    tables = tomllib.loads("[time]\nhour = 1")
    with pytest.raises(ValueError, match=r"time\.hour is no text"):
        module.flat(tables, "en.toml")


def test_every_warning_has_words():
    assert {f"warnings.{each}" for each in ForecastWarning} == {
        name for name in ENGLISH if name.startswith("warnings.")
    }
