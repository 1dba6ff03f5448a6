"""The chat page: Gradio Blocks over one turn of the agent. The only module that knows Gradio.

``gr.HTML`` is not used: it evaluates strings in the browser, which our Content-Security-Policy forbids.
Markdown shows the same HTML, sanitized.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read while Gradio is imported
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.agent import LONGEST_MESSAGE, Event
from assistant.ticker import ticker
from assistant.transcript import Reply, Shown, asked, conversation, from_page, stopped
from forecaster.errors import CryptoSenseError
from forecaster.schema import Price

# one turn: the conversation so far, newest last -> what happens.
Turn = Callable[[Sequence[Mapping[str, str]]], AsyncIterator[Event]]
PriceOf = Callable[[str], Awaitable[Price]]  # symbol -> newest closed price. A backend's `price` is one.

STATIC = Path(__file__).parent / "static"
GREETING = (
    "Hi! I can answer questions about the price of Bitcoin and Ether, forecast their next hours with trained LSTMs, "
    "and tell you how good such forecasts have been. What do you want to know?"
)
SUGGESTIONS = (
    "What's BTC next hour?",
    "Is the model any good?",
    "How did BTC do today?",
    "What's the price of ETH?",
)
HINT = "<span>Enter to send · Shift+Enter for new line</span> · <span>Educational, not financial advice</span>"
COLOURS = {
    "light": {"page": "#f6f7f9", "panel": "#ffffff", "ink": "#14181f", "dim": "#5d6778", "line": "#e4e7ec"},
    "dark": {"page": "#0c1017", "panel": "#141a24", "ink": "#e8edf5", "dim": "#8b96a8", "line": "#243042"},
}
ROLES = {  # colour -> what Gradio calls the places where it belongs
    "page": ("body_background_fill", "background_fill_secondary", "block_background_fill"),
    "panel": ("background_fill_primary", "input_background_fill", "code_background_fill"),
    "ink": ("body_text_color", "block_info_text_color", "button_secondary_text_color"),
    "dim": ("body_text_color_subdued", "input_placeholder_color", "block_label_text_color"),
    "line": ("border_color_primary", "block_border_color", "input_border_color"),
}
CONCURRENT_TURNS = 8
WAITING_TURNS = 64
# Gradio would offer handlers as public endpoints, and build what a message from the browser names
QUIETLY: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}
GRADIO_API = "/gradio_api/"
USED = ("queue/", "run/predict", "cancel", "reset", "heartbeat/", "startup-events")  # of what Gradio serves
FRAME = 0.05  # seconds between two updates of a streaming reply
PRICE_PATIENCE = 5.0  # seconds until the ticker gives up
PRICE_EVERY = 60.0  # seconds

log = logging.getLogger(__name__)


def chat_app(turn: Turn, price_of: PriceOf) -> Starlette:
    """The whole page as an ASGI app that wants to be mounted at "/", last; its lifespan must be entered.

    Importing this module loads Gradio, which takes seconds: do both in a thread.
    """
    # our CORS middleware keeps Gradio's own away, which would let every site read the answers
    app = Starlette(middleware=[Middleware(CORSMiddleware), Middleware(OnlyWhatIsUsed)])
    gr.mount_gradio_app(
        cast(Any, app),  # asks for a FastAPI, and uses nothing of it that a Starlette has not
        build_chat(turn, price_of),
        path="/",
        theme=_theme(),
        css=(STATIC / "chat.css").read_text(encoding="utf-8"),
        head=f"<script>{(STATIC / 'chat.js').read_text(encoding='utf-8')}</script>",
        favicon_path=str(STATIC / "favicon.svg"),
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        run_history=False,
        mcp_server=False,
        max_file_size="1kb",
    )
    return app


def build_chat(turn: Turn, price_of: PriceOf) -> gr.Blocks:
    """The page: a header with the price, the conversation, suggestions and the box to type in."""
    page = gr.Blocks(title="CryptoSense", analytics_enabled=False, fill_height=True)
    with page:
        with gr.Row(elem_id="top"):
            gr.Markdown("# CryptoSense", elem_id="name")
            price = gr.Markdown("", elem_id="ticker")
        chat = gr.Chatbot(
            [{"role": "assistant", "content": GREETING}],
            elem_id="chat",
            label="Conversation",
            show_label=False,
            scale=1,
            layout="bubble",
            autoscroll=False,
            buttons=[],
            feedback_options=None,
            latex_delimiters=[],
            allow_tags=False,
        )
        with gr.Column(elem_id="composer"):
            with gr.Row(elem_id="suggestions"):
                suggestions = [gr.Button(text, size="sm", min_width=0) for text in SUGGESTIONS]
            box = gr.Textbox(
                elem_id="box",
                label="Your question",
                show_label=False,
                placeholder="Ask about BTC or ETH",
                lines=1,
                max_lines=6,
                max_length=LONGEST_MESSAGE,
                submit_btn=True,
            )
            gr.Markdown(HINT, elem_id="hint")
        _wire_turn(turn, chat, box, suggestions)
        _wire_price(price_of, page, price)
    page.queue(default_concurrency_limit=CONCURRENT_TURNS, max_size=WAITING_TURNS, api_open=False)
    return page


class OnlyWhatIsUsed:
    """Keeps Gradio's uploads, deep links, proxy and the like out of reach: the page needs none of them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what the page asks for."""
        path = str(scope.get("path", ""))
        unused = GRADIO_API in path and not path.partition(GRADIO_API)[2].startswith(USED)
        await (PlainTextResponse("Not Found", 404) if unused else self._app)(scope, receive, send)


def _wire_turn(turn: Turn, chat: gr.Chatbot, box: gr.Textbox, suggestions: list[gr.Button]) -> None:
    """Ask on Enter, on the button and on a suggestion; stop on the stop button."""

    async def answer(typed: str, page: object, event: gr.EventData) -> AsyncIterator[tuple[Any, Any]]:
        suggested = event.target.value if isinstance(event.target, gr.Button) else None
        question = suggested or typed
        if not question.strip():
            yield gr.skip(), gr.skip()
            return
        before = shown = [*from_page(page), asked(question)]
        yield gr.Textbox(value=typed if suggested else "", submit_btn=False, stop_btn=True), shown
        async for reply in _replies(turn, conversation(before)):
            shown = before + reply
            yield gr.skip(), shown
        yield gr.Textbox(submit_btn=True, stop_btn=False), shown

    def stop(page: object) -> tuple[Any, list[Shown]]:
        return gr.Textbox(submit_btn=True, stop_btn=False), stopped(from_page(page))

    answering = gr.on(
        [box.submit, *(button.click for button in suggestions)],
        answer,
        [box, chat],
        [box, chat],
        trigger_mode="once",  # until the turn is over, the browser lets no second one begin
        concurrency_limit=CONCURRENT_TURNS,
        **QUIETLY,
    )
    box.stop(stop, chat, [box, chat], cancels=[answering], queue=False, **QUIETLY)


async def _replies(turn: Turn, said: Sequence[Mapping[str, str]]) -> AsyncIterator[list[Shown]]:
    """The reply as it grows, not oftener than the eye can follow."""
    reply, drawn = Reply(), 0.0
    try:
        async for event in turn(said):
            reply.add(event)
            if time.monotonic() - drawn >= FRAME:
                drawn = time.monotonic()
                yield reply.messages()
    except Exception:  # its text may hold anything, so it goes to the log and not to the visitor
        log.exception("A turn of the chat failed.")
        reply.fail()
    yield reply.messages()


def _wire_price(price_of: PriceOf, page: gr.Blocks, line: gr.Markdown) -> None:
    """Fill the ticker when the page opens, and every minute."""

    async def newest() -> str:
        try:
            async with asyncio.timeout(PRICE_PATIENCE):
                return ticker(await price_of("BTC-USD"))
        except (CryptoSenseError, TimeoutError) as error:
            log.warning("The page shows no price. %s", error)
        return ticker(None)

    gr.on([page.load, gr.Timer(PRICE_EVERY).tick], newest, None, line, queue=False, **QUIETLY)


def _theme() -> gr.themes.Base:
    """The neutral colours, light and dark, in Gradio's terms; system fonts, so that none is loaded."""
    theme = gr.themes.Base(
        font=["system-ui", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )
    return theme.set(**dict(_colours("light", "")), **dict(_colours("dark", "_dark")))


def _colours(scheme: str, suffix: str) -> Iterator[tuple[str, str]]:
    colours = COLOURS[scheme]
    for role, names in ROLES.items():
        yield from ((f"{name}{suffix}", colours[role]) for name in names)
