"""What strangers and language models write costs in proportion to its length, whatever its shape."""

import time
from collections.abc import Callable, Sequence

import pytest

from assistant.grounding.figures import figures_in
from assistant.grounding.grounding import Grounding
from assistant.grounding.refusals import newest_words, quotes_prompt
from assistant.grounding.sentences import Sentences
from assistant.page.options import plain
from assistant.page.transcript import defused
from assistant.thoughts import Thoughts
from assistant.understanding import IntentClassifier, read_question

SHAPES = (
    *("a", " ", "\n", "\t", "\r\n", "\f", "\u00a0", "\u202f", "\u200b", "\u202e", "é", "e\u0301", "ß", "\u0131"),
    *("\ufb01", "😀", "1", "0", "00", "9.", "1,", "1,234", "0.", "1e9 ", "+1 ", "−1 ", "x1 ", "1x", "\uff11", "٣", "१"),
    *("$", "$1", "-", "5 %", "一", "千", "万", "百分之一", "…", "。", "！", "«\u00a0", "”", "'", "!?", "?! ", ". . "),
    *("a.b", "a. ", "z. B. ", "one ", "hundred ", "one hundred ", "and ", "k ", "1k ", "mil ", "tausend", "eintausend"),
    *("hundert", "cien ", "cent ", "veinte y ", "vingt et un ", "per ", "per cent ", "por ciento ", "bps ", "basis "),
    *("usd ", "btc ", "BTC-", "29. ", "29. Nov", "jan ", "12:00 ", "12:", "2026-", "2026-11-29 ", "1/2/", "10:00 am "),
    *("1. 5\n", "- x\n", "# ", "> ", "|", "(", "((", "[", "[a](", "<", "<a ", "</", "&", "&amp;", "*", "**a", "_", "`"),
    *("```\n", "\\", "||\n", "http://a.", "a@b.", "buy ", "you should ", "sell now ", "kaufen ", "<think>"),
    *("</think>", "<|", '{"', "{", "[[", "null,"),
)
SHORT = 500  # characters
AGAIN = 3  # times that a growth is seen before it counts: other programs may have slowed one
NOTICED = 0.01  # seconds: what takes less is not the trouble, and is too short to be compared


def _sentences(text: str) -> None:
    sentences = Sentences()
    sentences.feed(text)
    sentences.rest()


def _checked(text: str) -> None:
    grounding = Grounding([{"role": "user", "content": text}])
    assert sum(len(each.text) for each in (*grounding.check(text), *grounding.end())) >= 0


def _thoughts(text: str) -> None:
    thoughts = Thoughts()
    thoughts.read(text, unheard=True)
    thoughts.rest()


READERS: dict[str, Callable[[str], object]] = {
    "figures": lambda text: list(figures_in(text)),
    "sentences": _sentences,
    "grounding": _checked,
    "thoughts": _thoughts,
    "prompt": quotes_prompt,
    "newest words": newest_words,
    "page": defused,
    "address": plain,
}


def seconds(read: Callable[[str], object], text: str) -> float:
    """Of this thread's own processor time, at best."""
    taken = []
    for _ in range(3):
        before = time.thread_time()
        read(text)
        taken.append(time.thread_time() - before)
    return min(taken)


def grows(read: Callable[[str], object], short: int, shapes: Sequence[str] = SHAPES) -> list[tuple[str, float]]:
    """The shapes of which four times as much takes more than six times as long, whenever it is measured."""
    found = []
    for shape in shapes:
        long = (shape * (4 * short))[: 4 * short]
        taken = [seconds(read, long)]
        while len(taken) <= AGAIN and taken[-1] > NOTICED and taken[-1] > 6 * seconds(read, long[:short]):
            taken.append(seconds(read, long))
        if len(taken) > AGAIN:
            found.append((shape, min(taken)))
    return found


@pytest.mark.parametrize("name", READERS)
def test_four_times_the_text_takes_less_than_six_times_as_long(name):
    assert grows(READERS[name], 2 * SHORT) == [] and len(set(SHAPES)) >= 100


def test_four_times_the_question_takes_less_than_six_times_as_long():
    classifier = IntentClassifier.load()
    assert grows(lambda text: read_question([text], classifier), SHORT) == []


def test_a_reader_that_goes_back_again_and_again_is_found():
    assert grows(lambda text: [sign for at in range(len(text)) for sign in text[at::2]], 2 * SHORT, SHAPES[:3]) != []


@pytest.mark.parametrize("number", ["hundred " * 200, "1" + "0" * 400, "万" * 400, "9" * 5000, "0." + "0" * 4000 + "1"])
def test_a_number_beyond_all_bounds_is_no_error(number):
    assert all(reading.value < 1e300 for figure in figures_in(number) for reading in figure.readings)
