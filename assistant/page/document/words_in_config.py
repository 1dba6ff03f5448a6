"""The words on the page in the visitor's language before anything is drawn.

Gradio tells the browser what stands on the page as JSON within the HTML. Said there, nothing has to be changed, and
nothing moves, once the page is seen.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.page.options import TITLE, View, plain
from assistant.page.visitor import USUAL
from assistant.page.words import MOST_SUGGESTIONS, Words
from forecaster.schema import Symbol

CONFIG = "window.gradio_config = "
HORIZONS = (15, 60, 240, 720, 1440)  # minutes ahead whose record can be chosen
KEYS, ADVICE = "page.keys", "page.advice"

log = logging.getLogger(__name__)


def texts_of(words: Words, view: View, offered: Sequence[Symbol]) -> dict[str, dict[str, Any]]:
    """What parts of the page say, by the part's name and the property that says it."""
    coins = ", ".join(symbol.partition("-")[0] for symbol in offered[:3])
    suggestions = [*view.suggestions, *[""] * (MOST_SUGGESTIONS - len(view.suggestions))]
    loading = f'<p class="loading">{words.say("page.loading")}</p>'
    return {
        "name": {"value": f"# {TITLE if view.title == TITLE else plain(view.title)}"},
        "chat": {"label": words.say("page.conversation")},
        "tab-chat": {"label": words.say("page.chat")},
        "tab-report": {"label": words.say("page.report")},
        "tab-record": {"label": words.say("page.record")},
        "box": {"label": words.say("page.question"), "placeholder": words.say("page.placeholder", coins=coins)},
        "fresh": {"value": words.say("page.fresh")},
        "hint": {"value": f"<span>{words.say(KEYS)}</span> \N{MIDDLE DOT} <span>{words.say(ADVICE)}</span>"},
        "coin": {"label": words.say("page.coin")},
        "horizon": {"label": words.say("page.horizon"), "choices": choices(words)},
        "report": {"value": loading},
        "outcomes": {"value": loading},
        **{f"suggestion-{n}": {"value": text, "visible": bool(text)} for n, text in enumerate(suggestions)},
    }


def choices(words: Words) -> list[tuple[str, int]]:
    """How far ahead, as Gradio takes what can be chosen."""
    return [(words.ahead(minutes), minutes) for minutes in HORIZONS]


def with_words(html: str, words: Words, view: View, offered: Sequence[Symbol]) -> str:
    """The document in a language, as an address wants it; as it was where that is as usual, or it is not understood."""
    begin = html.find(CONFIG)
    if begin < 0 or (words.visitor.language is USUAL and view.usual):
        return html
    begin += len(CONFIG)
    try:
        config, length = json.JSONDecoder().raw_decode(html[begin:])
        for part in config["components"]:
            _say(part["props"], texts_of(words, view, offered), view)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        log.warning("The page is shown in English: its configuration reads otherwise (%s).", type(error).__name__)
        return html
    told = json.dumps(config, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&'":
        told = told.replace(sign, f"\\u{ord(sign):04x}")
    return f"{html[:begin]}{told}{html[begin + length :]}"


def _say(props: dict[str, Any], texts: Mapping[str, Mapping[str, Any]], view: View) -> None:
    name = props.get("elem_id")
    props.update(texts.get(name or "", {}))
    if name == "chat":
        props["value"][0]["content"][0]["text"] = view.shown_greeting
