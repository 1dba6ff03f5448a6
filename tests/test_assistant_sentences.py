import pytest

from assistant.sentences import LONGEST, Sentences


def cut(*pieces):
    sentences = Sentences()
    complete = [sentence for piece in pieces for sentence in sentences.feed(piece)]
    return [*complete, *filter(None, [sentences.rest()])]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It is $69,930.25. It was less.", ["It is $69,930.25. ", "It was less."]),
        ("Really? Yes! So.", ["Really? ", "Yes! ", "So."]),
        ('He said "no." Then left.', ['He said "no." ', "Then left."]),
        ("Am 19. März um 13:00 Uhr. Danach.", ["Am 19. März um 13:00 Uhr. ", "Danach."]),
        ("At 5 p.m. it rose, e.g. by much. Then.", ["At 5 p.m. it rose, e.g. by much. ", "Then."]),
        ("涨了。跌了！", ["涨了。", "跌了！"]),
        ("One line\nand another", ["One line\n", "and another"]),
        ("1. First\n2. Second", ["1. First\n", "2. Second"]),
    ],
)
def test_a_text_is_cut_after_its_sentences_however_it_arrives(text, sentences):
    assert cut(text) == sentences
    assert cut(*text) == sentences


def test_nothing_is_lost_and_a_text_without_an_end_is_cut():
    text = "word " * 1_000
    pieces = cut(text)
    assert "".join(pieces) == text
    assert all(len(piece) <= LONGEST for piece in pieces) and len(pieces) > 5
