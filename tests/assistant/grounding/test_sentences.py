import asyncio
import re
from functools import cache
from itertools import cycle, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.grounding.sentences import AHEAD, LONGEST, Sentences
from assistant.offline_model import CHUNK
from assistant.understanding.frame import Language
from tests.support.conversations.composed import YEAR, composed
from tests.support.conversations.said import cases, on_day

ANSWER_DAYS = YEAR[27::28]  # beside the phrases, which are composed for every day
FRAGMENTS = (
    "29.", "1.", "12.", "2026.", " ", "  ", "\n", "\n\n", "\u00a0", "\u202f", "Nov", "ember", "November", "Nov.",
    "2026", "sept", "iembre", "März", "x", "Word", "word", "ist", ".", "...", "…", "?", "!", "?!", '"', "»", "«", "“",
    "”", "’", ")", "**", "。", "！", "？", "涨了", "z. B.", "p. m.", "U.S.", "$1.5", "etc.", "1. x", "don't.", ". ",
)  # fmt: skip
ENDLESS = ("a" * 300, " a" * 150, "\n" * 400, "." * 400)
short = st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)
texts = st.lists(st.sampled_from(FRAGMENTS + ENDLESS), max_size=30).map("".join)


def cut(*pieces):
    sentences = Sentences()
    complete = [sentence for piece in pieces for sentence in sentences.feed(piece)]
    return [*complete, *sentences.rest()]


def in_pieces(text, size):
    return cut(*(text[start : start + size] for start in range(0, len(text), size)))


def shape(text):
    """The text with every digit alike: where it ends depends on how many there are, not on which."""
    return re.sub(r"\d", "8", text)


def cut_differently(texts, sizes=None):
    """Texts with the sizes of pieces, out of all sizes unless some are given, of which other sentences come."""
    found = []
    for text in texts:
        whole = cut(text)
        found += [(text, size) for size in sizes or range(1, len(text)) if in_pieces(text, size) != whole]
    return found


@cache
def answers(language):
    """What is answered, each case on a day of its own."""
    days = cycle(ANSWER_DAYS)
    return sorted({shape(on_day(case, next(days)).said(language)) for case in asyncio.run(cases())})


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It is $69,930.25. It was less.", ["It is $69,930.25. ", "It was less."]),
        ("It rose by $1.5. So.", ["It rose by $1.5. ", "So."]),
        ("Really? Yes! So.", ["Really? ", "Yes! ", "So."]),
        ("Wait… There it is.", ["Wait… ", "There it is."]),
        ('He said "no." Then left.', ['He said "no." ', "Then left."]),
        ('"How good is it?" shows it. Ask.', ['"How good is it?" shows it. ', "Ask."]),
        ("„Wie gut ist es?“ zeigt sie. Fragen Sie.", ["„Wie gut ist es?“ zeigt sie. ", "Fragen Sie."]),
        ("Essayez « Où ? » ou « Quand ? » Voilà.", ["Essayez « Où ? » ou « Quand ? » ", "Voilà."]),
        ("Essayez «\u00a0Où\u00a0?\u00a0» Voilà.", ["Essayez «\u00a0Où\u00a0?\u00a0» ", "Voilà."]),
        ("Am 19. März um 13:00 Uhr. Danach.", ["Am 19. März um 13:00 Uhr. ", "Danach."]),
        ("Am 1. Juni 2026. Danach.", ["Am 1. Juni 2026. ", "Danach."]),
        ("Am 29. Nov. 2026 um 13:00 Uhr. Danach.", ["Am 29. Nov. 2026 um 13:00 Uhr. ", "Danach."]),
        ("Es waren 29. Niemand fragte.", ["Es waren 29. ", "Niemand fragte."]),
        ("Es ist der 29. Nov", ["Es ist der 29. Nov"]),
        ("Es waren 29. Nove", ["Es waren 29. ", "Nove"]),
        ("It closed in November. Nobody asked.", ["It closed in November. ", "Nobody asked."]),
        ("It closed on Nov. 29. Then.", ["It closed on Nov. 29. ", "Then."]),
        ("At 5 p.m. it rose, e.g. by much. Then.", ["At 5 p.m. it rose, e.g. by much. ", "Then."]),
        ("The U.S. Fed met. Then.", ["The U.S. Fed met. ", "Then."]),
        ("Don't. Can't.", ["Don't. ", "Can't."]),
        ("Es fiel, z. B. um 5 Mio. Dollar. Danach.", ["Es fiel, z. B. um 5 Mio. Dollar. ", "Danach."]),
        ("A las 5 p. m. subió, p. ej. mucho. Luego.", ["A las 5 p. m. subió, p. ej. mucho. ", "Luego."]),
        ("Às 9 a. m. caiu. Depois.", ["Às 9 a. m. caiu. ", "Depois."]),
        ("Prices, ranges, etc. are known. Ask.", ["Prices, ranges, etc. are known. ", "Ask."]),
        ("涨了。跌了！", ["涨了。", "跌了！"]),
        ("真的吗？！“是的。”好。", ["真的吗？！", "“是的。”", "好。"]),
        ("原因：timed out. 请稍后再试。", ["原因：timed out. ", "请稍后再试。"]),
        ("One line\nand another", ["One line\n", "and another"]),
        ("1. First\n2. Second", ["1. First\n", "2. Second"]),
        ("  \n Later.  Then. ", ["  \n ", "Later.  ", "Then. "]),
    ],
)
def test_a_text_is_cut_after_its_sentences_however_it_arrives(text, sentences):
    assert cut(text) == sentences
    assert cut_differently([text]) == []


@pytest.mark.parametrize("language", Language)
def test_every_text_gives_the_same_sentences_in_pieces_of_every_size(language):
    assert cut_differently(composed(language, YEAR[0], dated=False)) == []


@pytest.mark.parametrize("language", Language)
def test_on_every_day_of_a_year_texts_give_the_same_sentences_in_pieces_of_every_size(language):
    shapes = {}
    for number, day in enumerate(YEAR):
        for text in composed(language, day, dated=True):
            whole, alike = in_pieces(text, 1 + number % 40), shape(text)
            if alike not in shapes:
                shapes[alike] = cut(alike)
            assert list(map(shape, whole)) == shapes[alike]  # so that one of each shape stands for all
    assert len(shapes) >= 10 * (4 if language is Language.CHINESE else 24)  # months are named, or have 1 or 2 digits
    assert cut_differently(shapes) == []


@pytest.mark.parametrize("language", Language)
def test_answers_give_the_same_sentences_in_pieces_of_many_sizes(language):
    assert len(answers(language)) > 80
    assert cut_differently(answers(language), [1, 2, 3, 7, CHUNK, 64]) == []


@pytest.mark.parametrize("language", [each for each in Language if each is not Language.CHINESE])
def test_no_sentence_of_an_answer_begins_in_the_middle(language):
    torn = [
        (each, text)
        for text in answers(language)
        for each in cut(text)
        if not re.match(r"[^\w]*(?:[^\W_a-zà-ÿ])", each)
    ]
    assert torn == []


@settings(deadline=None)
@given(text=texts, places=st.lists(st.integers(min_value=0, max_value=2_000), max_size=12))
def test_any_text_gives_the_same_sentences_wherever_it_is_cut(text, places):
    ends = sorted({min(place, len(text)) for place in places} | {0, len(text)})
    pieces = [text[start:end] for start, end in pairwise(ends)]
    assert cut(*pieces) == in_pieces(text, 1) == cut(text)
    assert "".join(cut(text)) == text


@settings(deadline=None)
@given(language=st.sampled_from(Language), data=st.data())
def test_an_answer_gives_the_same_sentences_wherever_it_is_cut(language, data):
    answer = data.draw(st.sampled_from(answers(language)))
    ends = sorted(data.draw(st.sets(st.integers(min_value=1, max_value=len(answer)), max_size=30)) | {0, len(answer)})
    assert cut(*(answer[start:end] for start, end in pairwise(ends))) == cut(answer)


@settings(deadline=None)
@given(text=short)
def test_a_sentence_is_told_as_soon_as_what_may_change_it_has_come(text):
    sentences, told, whole = Sentences(), 0, cut(text)
    ends = [sum(map(len, whole[: n + 1])) for n in range(len(whole))]
    for place, sign in enumerate(text, start=1):
        told += len(sentences.feed(sign))
        assert told >= sum(end + AHEAD <= place for end in ends)


def test_nothing_is_lost_and_a_text_without_an_end_is_cut():
    text = "word " * 1_000
    pieces = cut(text)
    assert "".join(pieces) == text
    assert all(len(piece) <= LONGEST for piece in pieces) and len(pieces) > 5
