"""What a step says it looks up, and where that comes from, in every language."""

import pytest

from assistant.agent import ToolFinished, ToolStarted
from assistant.page.cards.steps import step_failed, step_found, step_title
from assistant.understanding.frame import Language
from tests.support.conversations import said
from tools.registry import NAMES


@pytest.mark.parametrize(
    ("name", "args", "title"),
    [
        ("forecast", {"symbol": "BTC-USD", "hours": 1}, "The forecast of Bitcoin for the next hour"),
        ("forecast", {"symbol": "BTC-USD", "minutes": 30}, "The forecast of Bitcoin for 30 minutes"),
        ("forecast", {"symbol": "SOL-USD", "until": "2026-03-19T17:00Z"}, "The forecast of Solana for 13:00 EDT"),
        ("forecast", {"symbol": "BTC-USD", "hours": 6, "threshold": 70000.0, "touch": True},
         "The forecast of Bitcoin for 6 hours ahead, 70,000, touched on the way"),
        ("forecast", {"symbol": "BTC-USD", "hours": 24, "path": True},
         "The forecast of Bitcoin for 24 hours ahead, step by step"),
        ("get_price", {"symbol": "ETH-USD", "currency": "EUR"}, "The price of Ethereum, EUR"),
        ("get_price", {"symbol": "BTC-USD", "at": "2026-03-18T12:00Z"},
         "The price of Bitcoin, 08:00 EDT on 18 March 2026"),
        ("get_candles", {"symbol": "BTC-USD", "hours": 6}, "What Bitcoin did over the last 6 hours"),
        ("get_candles", {"symbol": "BTC-USD", "start": "2026-03-18T12:00Z"},
         "What Bitcoin did over the last hours, 08:00 EDT on 18 March 2026"),
        ("compare", {"symbols": ["BTC-USD", "ETH-USD"], "by": "move"}, "How Bitcoin and Ethereum compare"),
        ("track_record", {"symbol": "BTC-USD", "worst": True},
         "What became of the live forecasts of Bitcoin, the worst miss"),
        ("detect_anomalies", {"symbol": "BTC-USD", "hours": 24},
         "The unusual moves of Bitcoin, over the last 24 hours"),
        ("explain", {"topic": "record"}, "How good the model has been"),
        ("explain", {"topic": "rmse"}, "An explanation"),
    ],
)  # fmt: skip
def test_a_step_says_what_is_looked_up(name, args, title):
    assert step_title(ToolStarted("1", name, args), "America/New_York") == title


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", sorted(NAMES))
def test_no_step_shows_a_name_or_a_form_that_only_programs_read(name, language):
    args = {"symbol": "BTC-USD", "symbols": ["BTC-USD"], "hours": 6, "topic": "record"}
    title = step_title(ToolStarted("1", name, args, language), "UTC")
    assert not any(sign in title for sign in ("-USD", "_", "{", ":")) and name not in title.split(" ")[0]


@pytest.mark.parametrize(
    "args",
    [{}, {"symbol": 1}, {"symbols": [None]}, {"symbol": "BTC-USD", "hours": "six", "until": "x", "between": [1]},
     {"symbol": "no coin"}, {"symbol": "BTC-USD", "minutes": -1, "at": "2026-03-18T12:00"}],
)  # fmt: skip
@pytest.mark.parametrize("name", [*sorted(NAMES), "<b>"])
def test_whatever_a_model_asked_for_has_a_title(name, args):
    assert step_title(ToolStarted("1", name, args), "UTC")


async def test_what_was_found_names_its_sources_and_nothing_that_tools_tell_a_model():
    for result in (await said.forecast(), await said.data("get_price"), await said.data("get_candles")):
        found = step_found(ToolFinished("1", "x", True, '{"a": 1}', 0.2, result, Language.GERMAN), "Europe/Berlin")
        assert found.startswith("Quelle: Bitstamp, 13:") and found.endswith(" CET am 19. März 2026."), found
    assert step_found(ToolFinished("1", "x", True, '{"a": 1}', 0.2, await said.record()), "UTC") == ""
    assert step_found(ToolFinished("1", "x", False, "No.", 0.2, None), "UTC") == ""


def test_a_step_that_failed_says_so_in_its_language():
    failed = ToolFinished("1", "forecast", False, "", 0.2, None, Language.SPANISH)
    assert step_failed(failed, "El {x}") == "El {x} (no funcionó)"
