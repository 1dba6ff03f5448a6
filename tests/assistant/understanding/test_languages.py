import pytest

from assistant.understanding.frame import Language
from assistant.understanding.intents import IntentClassifier


@pytest.fixture(scope="module")
def reader():
    return IntentClassifier.load().reader


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what will it be tomorrow", "en"),
        ("¿y mañana?", "es"),
        ("cuanto vale bitcoin", "es"),
        ("und in 6 Stunden", "de"),
        ("wie steht btc", "de"),
        ("et dans 6 heures", "fr"),
        ("combien vaut le btc", "fr"),
        ("e em 6 horas", "pt"),
        ("quanto custa o eth", "pt"),
        ("6小时后", "zh"),
        ("prévision eth 30min", "fr"),  # by its accent
        ("sol 4h prognose", "de"),  # a coin's code is no word
        ("eth 9pm ist?", "en"),  # nor is a zone's
        ("ETH?", "en"),
        ("", "en"),
    ],
)
def test_languages_are_told_by_their_small_words(reader, text, language):
    assert reader.language(text, Language.ENGLISH) == language


@pytest.mark.parametrize("before", Language)
@pytest.mark.parametrize("text", ["ETH?", "btc", "???", "6h"])
def test_a_message_too_short_to_tell_keeps_the_language_before(reader, text, before):
    assert reader.language(text, before) is before


@pytest.mark.parametrize("before", sorted(set(Language) - {Language.ENGLISH}))
def test_whoever_turns_to_english_is_read_in_english(reader, before):
    assert reader.language("and what will it be in six hours?", before) is Language.ENGLISH


@pytest.mark.parametrize(
    ("text", "language", "english"),
    [
        ("Wird ETH morgen steigen?", "de", "will eth tomorrow rise ?"),
        ("dans 6 heures", "fr", "in 6 hours"),
        ("在24小时内", "zh", "in 24 hours within"),
        ("二十四小时", "zh", "24 hours"),
        ("6.5万", "zh", "$65000"),
        ("el modelo", "es", "the model"),
        ("o modelo é bom", "pt", "the model is good"),
        ("bitconi tommorow", "en", "bitcoin tomorrow"),
        ("gonna hit", "en", "going to hit"),
    ],
)
def test_words_that_matter_become_english(reader, text, language, english):
    assert reader.english(text, Language(language)) == english


def test_a_short_message_in_an_italian_conversation_is_italian(reader):
    assert reader.languages("e btc?", Language.ENGLISH, "it") == (Language.ENGLISH, "it")
    assert reader.languages("e btc?", Language.ENGLISH) == (Language.PORTUGUESE, None)


@pytest.mark.parametrize(
    ("text", "guest"), [("ücretsiz mi şimdi", "tr"), ("cześć", "pl"), ("señor", None), ("für", None)]
)
def test_a_letter_that_only_one_language_has_tells_it(reader, text, guest):
    assert reader.languages(text, Language.ENGLISH)[1] == guest
