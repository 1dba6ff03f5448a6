"""The page: Gradio Blocks over one turn of the agent, and two tabs; long because only this file may know Gradio.

    header    the name and the newest prices (ticker.py)
    Chat      the conversation (transcript.py, cards/), suggestions, the box to type in
    tabs      Model report (report_tab.py) and Track record (record_tab.py), each filled when it is opened

``gr.HTML`` is not used: it evaluates strings in the browser, which our Content-Security-Policy forbids.
Markdown shows the same HTML: sanitized where visitors or models have a say in it, as it is where all of it is ours.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, cast

import gradio as gr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from assistant.agent import LONGEST_MESSAGE
from assistant.page.colours import theme_colours
from assistant.page.feedback import Feedback
from assistant.page.gate import OnlyWhatIsUsed
from assistant.page.icon import Icon
from assistant.page.live_chart import chart_routes
from assistant.page.options import GREETING, MOST_SUGGESTIONS, TITLE, plain, site_of, view_of
from assistant.page.services import Behind
from assistant.page.tabs import NO_LEDGER, report_tab, track_record_tab, without_record
from assistant.page.ticker import Prices, ticker
from assistant.page.transcript import (
    Shown,
    asked,
    conversation,
    for_browser,
    found_again,
    from_page,
    judged,
    stopped,
)
from assistant.page.turn_limit import AT_ONCE, WAITING, Places
from assistant.page.turns import replies
from assistant.understanding import known_zone
from forecaster.errors import CryptoSenseError
from forecaster.schema import Symbol

STATIC = Path(__file__).parent / "static"
STYLES = ("chat.css", "card.css", "page.css")
SCRIPTS = ("chat.js", "following.js", "kept.js", "contact.js", "embed.js", "chart.js")
HINT = "<span>Enter to send · Shift+Enter for new line</span> · <span>Educational, not financial advice</span>"
LOADING = '<p class="loading">One moment\u2026</p>'
UNAVAILABLE = "This cannot be shown right now. Please try again in a minute."
# Gradio would offer handlers as public endpoints, and build what a message from the browser names
QUIETLY: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}
AT_GRADIO = 4 * (AT_ONCE + WAITING)  # turns that reach us: those beyond our own limits are told so in words
PRICE_EVERY = 60.0  # seconds

log = logging.getLogger(__name__)


def chat_app(behind: Behind, allowed_origins: Sequence[str] = ()) -> Starlette:
    """The whole page as an ASGI app that wants to be mounted at "/", last; its lifespan must be entered.

    `allowed_origins` are the sites whose widget the page talks to when it is framed (static/embed.js).

    Importing this module loads Gradio, which takes seconds: do both in a thread.
    """
    # our CORS middleware keeps Gradio's own away, which would let every site read the answers
    app = Starlette(routes=chart_routes(), middleware=[Middleware(CORSMiddleware), Middleware(OnlyWhatIsUsed)])
    gr.mount_gradio_app(
        cast(Any, app),  # asks for a FastAPI, and uses nothing of it that a Starlette has not
        build_page(behind, allowed_origins),
        path="/",
        theme=_theme(),
        css="\n".join((STATIC / name).read_text(encoding="utf-8") for name in STYLES),
        head=_head(allowed_origins),
        favicon_path=str(STATIC / "favicon.svg"),
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        run_history=False,
        mcp_server=False,
        max_file_size="1kb",
        app_kwargs={"middleware": [Middleware(Icon)]},
    )
    return app


def build_page(behind: Behind, sites: Sequence[str] = ()) -> gr.Blocks:
    """The header over three tabs. What a visitor's address asks for is filled in when the page is opened."""
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True)
    usual = view_of({}, behind.offered)
    with page:
        with gr.Row(elem_id="top"):
            name = gr.Markdown(f"# {TITLE}", elem_id="name")
            prices = gr.Markdown("", elem_id="ticker")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Chat", elem_id="tab-chat"):
                chat = _conversation(usual.greeting)
                with gr.Column(elem_id="composer"):
                    with gr.Row(elem_id="suggestions"):
                        suggestions = [
                            gr.Button(text, size="sm", min_width=0, elem_id=f"suggestion-{n}")
                            for n, text in enumerate(usual.suggestions)
                        ]
                    box = _box(behind.offered)
                    with gr.Row(elem_id="below"):
                        fresh = gr.Button("New chat", size="sm", min_width=0, elem_id="fresh")
                        gr.Markdown(HINT, elem_id="hint")
                    kept = gr.Textbox(elem_id="kept", label="Kept in the browser")  # never seen, as the next
                    restore = gr.Button("Restore", elem_id="restore")
            with gr.Tab("Model report", elem_id="tab-report") as report:
                report_body = gr.Markdown(LOADING, sanitize_html=False)
            with gr.Tab("Track record", elem_id="tab-record") as record:
                coins = list(behind.offered)
                coin = gr.Radio(coins, value=coins[0], label="Coin", elem_id="coin", container=False)
                record_body = gr.Markdown(LOADING, sanitize_html=False)
        _wire_turn(behind, chat, box, suggestions, kept, sites)
        _wire_store(behind.offered, chat, kept, restore, fresh)
        _wire_tabs(behind, report, report_body, record, coin, record_body)
        _wire_address(behind.offered, page, name, chat, suggestions)
        _wire_prices(behind, page, prices)
        _wire_feedback(behind.feedback, chat)
    page.queue(default_concurrency_limit=AT_ONCE, max_size=AT_GRADIO, api_open=False)
    return page


def _conversation(greeting: str) -> gr.Chatbot:
    return gr.Chatbot(
        [{"role": "assistant", "content": greeting}],
        elem_id="chat",
        label="Conversation",
        show_label=False,
        scale=1,
        layout="bubble",
        autoscroll=False,
        buttons=[],
        feedback_options=("Like", "Dislike"),
        latex_delimiters=[],
        allow_tags=False,
    )


def _box(offered: Sequence[Symbol]) -> gr.Textbox:
    coins = [symbol.partition("-")[0] for symbol in offered[:3]]
    return gr.Textbox(
        elem_id="box",
        label="Your question",
        show_label=False,
        placeholder=f"Ask about {', '.join(coins)}\u2026",
        lines=1,
        max_lines=6,
        max_length=LONGEST_MESSAGE,
        submit_btn=True,
    )


def _wire_turn(
    behind: Behind,
    chat: gr.Chatbot,
    box: gr.Textbox,
    suggestions: list[gr.Button],
    kept: gr.Textbox,
    sites: Sequence[str],
) -> None:
    """Ask on Enter, on the button and on a suggestion; stop on the stop button."""
    places = Places()

    async def answer(
        typed: str, page: object, event: gr.EventData, request: gr.Request, *labels: str
    ) -> AsyncIterator[tuple[Any, ...]]:
        # a button that was changed for a visitor is another object, of the same name
        named = dict(zip((button.elem_id for button in suggestions), labels, strict=True))
        clicked = named.get(event.target.elem_id) if isinstance(event.target, gr.Button) else None
        question = clicked or typed
        if not question.strip():
            yield gr.skip(), gr.skip(), gr.skip()
            return
        query = dict(request.query_params)
        site, zone = site_of(query, sites), known_zone(query.get("timezone", ""))
        before = shown = [*from_page(page), asked(question)]
        yield (
            gr.Textbox(value=typed if clicked else "", submit_btn=False, stop_btn=True),
            shown,
            for_browser(shown, False),
        )
        async for reply in replies(behind.turn, places, conversation(before), site, zone):
            shown = before + reply
            yield gr.skip(), shown, gr.skip()
        yield gr.Textbox(submit_btn=True, stop_btn=False), shown, for_browser(shown, True)

    def broken_off(page: object) -> tuple[Any, list[Shown], str]:
        shown = stopped(from_page(page))
        return gr.Textbox(submit_btn=True, stop_btn=False), shown, for_browser(shown, True)

    answering = gr.on(
        [box.submit, *(button.click for button in suggestions)],
        answer,
        [box, chat, *suggestions],
        [box, chat, kept],
        trigger_mode="once",  # until the turn is over, the browser lets no second one begin
        concurrency_limit=AT_GRADIO,
        **QUIETLY,
    )
    box.stop(None, cancels=[answering], queue=False, **QUIETLY)
    # not as the button's own handler: the page would offer to send while the browser still holds the turn to be running
    answering.failure(broken_off, chat, [box, chat, kept], queue=False, **QUIETLY)


def _wire_store(
    offered: Sequence[Symbol], chat: gr.Chatbot, kept: gr.Textbox, restore: gr.Button, fresh: gr.Button
) -> None:
    """Show what the browser has kept, and begin anew. What static/kept.js writes into `kept` is answered there."""

    def greeting(request: gr.Request) -> Shown:
        greeting = view_of(dict(request.query_params), offered).greeting
        return {"role": "assistant", "content": greeting if greeting == GREETING else plain(greeting)}

    def restored(stored: object, request: gr.Request) -> tuple[list[Shown], str]:
        found = found_again(stored)
        answer = json.dumps({"restored": found.turns, "unanswered": found.unanswered}, ensure_ascii=False)
        return [greeting(request), *found.messages], answer

    def begun_anew(request: gr.Request) -> tuple[list[Shown], str]:
        return [greeting(request)], for_browser([], True)

    restore.click(restored, kept, [chat, kept], queue=False, **QUIETLY)
    fresh.click(begun_anew, None, [chat, kept], queue=False, **QUIETLY)


def _wire_tabs(
    behind: Behind, report: gr.Tab, body: gr.Markdown, record: gr.Tab, coin: gr.Radio, outcomes: gr.Markdown
) -> None:
    """Fill the report when its tab is opened first, the track record each time and for each coin."""

    async def reported(shown: object) -> Any:
        if isinstance(shown, str) and shown.startswith("<article"):
            return gr.skip()
        try:
            return await asyncio.to_thread(report_tab, await behind.record())
        except CryptoSenseError as error:
            log.warning("The page shows no report. %s", error)
        return without_record(UNAVAILABLE)

    async def recorded(symbol: object) -> str:
        chosen = next((each for each in behind.offered if each == symbol), behind.offered[0])
        try:
            return track_record_tab(await behind.track_record(chosen))
        except CryptoSenseError as error:
            log.warning("The page shows no track record. %s", error)
        return without_record(NO_LEDGER)

    report.select(reported, body, body, queue=False, **QUIETLY)
    gr.on([record.select, coin.change], recorded, coin, outcomes, queue=False, **QUIETLY)


def _wire_address(
    offered: Sequence[Symbol], page: gr.Blocks, name: gr.Markdown, chat: gr.Chatbot, suggestions: list[gr.Button]
) -> None:
    """Show what the visitor's address asks for, and mark the page as opened: then nothing overwrites a conversation."""

    def opened(request: gr.Request) -> list[Any]:
        view = view_of(dict(request.query_params), offered)
        texts = [*view.suggestions, *[""] * (MOST_SUGGESTIONS - len(view.suggestions))]
        usual = view.greeting == GREETING  # and there: whoever was quick has asked something since
        greeting = gr.skip() if usual else [{"role": "assistant", "content": plain(view.greeting)}]
        title = gr.Markdown(f"# {plain(view.title)}", elem_classes="opened")
        return [title, greeting, *(gr.Button(text, visible=bool(text)) for text in texts)]

    page.load(opened, None, [name, chat, *suggestions], queue=False, **QUIETLY)


def _wire_prices(behind: Behind, page: gr.Blocks, line: gr.Markdown) -> None:
    """Fill the ticker when the page opens, and every minute."""

    prices_of = Prices(behind.price)

    async def newest(request: gr.Request) -> str:
        return ticker(await prices_of.newest(view_of(dict(request.query_params), behind.offered).symbols))

    gr.on([page.load, gr.Timer(PRICE_EVERY).tick], newest, None, line, queue=False, **QUIETLY)


def _wire_feedback(feedback: Feedback, chat: gr.Chatbot) -> None:
    """Keep a verdict with what it is about; an event that a browser never sends is about nothing."""

    def keep(page: object, event: gr.EventData) -> None:
        about, liked = judged(from_page(page), _told(event, "index")), _told(event, "liked")
        if about and isinstance(liked, bool):
            feedback.add(liked, *about)

    chat.like(keep, chat, None, queue=False, **QUIETLY)


def _told(event: gr.EventData, name: str) -> object:
    try:
        return getattr(event, name, None)
    except TypeError:  # of what a browser never sends
        return None


def _head(allowed_origins: Sequence[str]) -> str:
    origins = f'<meta name="cryptosense-origins" content="{escape(" ".join(allowed_origins))}">'
    return origins + "".join(f"<script>{(STATIC / name).read_text(encoding='utf-8')}</script>" for name in SCRIPTS)


def _theme() -> gr.themes.Base:
    """Our colours, and system fonts, so that none is loaded."""
    theme = gr.themes.Base(
        font=["system-ui", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )
    return theme.set(**theme_colours())
