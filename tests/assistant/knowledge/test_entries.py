"""The entries: what they may hold, that languages agree, and that adding one is adding a file."""

import re
import shutil

import pytest

from assistant.grounding.figures import Kind, figures_in
from assistant.grounding.grounding import Grounding
from assistant.grounding.vouched import BANDS
from assistant.knowledge import Library
from assistant.knowledge.entries import FOLDER, Entry, read_entries
from forecaster.artifact import load_artifact
from forecaster.errors import ConfigurationError
from forecaster.inference import open_model
from forecaster.settings import Settings
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.explanations.placeholders import PLACEHOLDER
from tools.registry import bind_tools

LANGUAGES = ("de", "en", "es", "fr", "pt", "zh")
LONGEST = 600  # characters of a filled text
MOST_ASKED = 31
ENTRIES = read_entries()
IDS = [f"{language}/{topic}" for topic, language in ENTRIES]


class Shipped(FakeBackend):
    """Speaks of the model that ships."""

    def __init__(self):
        super().__init__(longest=24)
        self.model = open_model(load_artifact(Settings.load().model_dir), "onnx")

    async def report(self):
        return self.model.report

    async def facts(self):
        return self.model.facts


@pytest.fixture(scope="module")
def explain():
    return next(each for each in bind_tools(Shipped(), KNOWLEDGE) if each.tool.name == "explain")


def test_there_are_some_sixty_topics_and_half_of_them_in_every_language():
    topics = {each: {topic for topic, language in ENTRIES if language == each} for each in LANGUAGES}
    assert len(topics["en"]) >= 55
    assert len(topics["de"]) == MOST_ASKED
    assert all(topics[each] == topics["de"] for each in LANGUAGES if each != "en")
    assert {language for _, language in ENTRIES} == set(LANGUAGES)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=IDS)
def test_no_number_stands_in_an_entry_but_the_names_of_ranges(entry):
    text = " ".join((entry.title, *entry.sentences))
    for figure in figures_in(PLACEHOLDER.sub("x", text)):
        assert figure.kind is Kind.PERCENT and figure.readings[0].value in BANDS, figure.text
    assert not re.search(r"\d", re.sub(r"(?:50|80|95)(?:-%| ?%)", "", PLACEHOLDER.sub("x", text)))


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=IDS)
def test_an_entry_is_a_few_plain_sentences(entry):
    assert 1 <= len(entry.sentences) <= 4
    assert all(each[-1] in ".。" for each in entry.sentences)
    assert entry.language != "en" or len(entry.asked) >= 3


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=IDS)
async def test_every_placeholder_is_filled_and_the_text_is_short_and_may_be_said(entry, explain):
    result = await explain.call({"topic": entry.topic, "language": entry.language})
    text = result.data.text
    assert not PLACEHOLDER.search(text) and len(text) <= LONGEST
    between = "" if entry.language == "zh" else " "
    assert len(text) >= len(PLACEHOLDER.sub("", between.join(entry.sentences)))  # no sentence is left out
    grounding = Grounding([{"role": "user", "content": entry.asked[0] if entry.asked else entry.title}])
    grounding.learn(result.text, result.data)
    checked = [*grounding.check(text), *grounding.end()]
    assert [each for each in checked if each.objection] == []


async def test_a_topic_is_added_by_adding_a_file(tmp_path):
    folder = tmp_path / "entries"
    shutil.copytree(FOLDER, folder)
    text = "# Proof of work\n\nMining secures {offered} and others.\n\nasked:\n- who digs new coins with computers\n"
    (folder / "en" / "proof-of-work.md").write_text(text)
    library = Library.load(folder=folder)
    assert library.find("with which computers are coins dug")[0].topic == "proof-of-work"
    explain = next(each for each in bind_tools(FakeBackend(), library) if each.tool.name == "explain")
    assert "proof-of-work" in explain.tool.description
    assert "Mining secures BTC" in (await explain.call({"topic": "proof-of-work"})).data.text


@pytest.mark.parametrize("text", ["", "No title\n\nA sentence.", "# Title alone\n"])
def test_a_file_that_is_no_entry_is_told_by_its_name(tmp_path, text):
    file = tmp_path / "en" / "broken.md"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"en/broken\.md is no entry"):
        Entry.read(file)


def test_a_topic_without_english_is_refused(tmp_path):
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "neu.md").write_text("# Neu\n\nEin Satz.\n")
    with pytest.raises(ConfigurationError, match="no English entry for neu"):
        read_entries(tmp_path)
