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
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, cast

import gradio as gr
from pydantic import BaseModel
from rjsmin import jsmin
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from assistant.agent import LONGEST_MESSAGE
from assistant.page.colours import theme_colours
from assistant.page.document import ADDRESS, Document, Page, Preview, choices, texts_of
from assistant.page.feedback import Feedback
from assistant.page.gate import OnlyWhatIsUsed
from assistant.page.live_chart import chart_routes
from assistant.page.options import TITLE, plain, site_of, view_of
from assistant.page.services import Behind
from assistant.page.tabs import report_tab, track_record_tab, without_record
from assistant.page.ticker import Prices, ticker
from assistant.page.transcript import (
    Shown,
    asked,
    conversation,
    for_browser,
    found_again,
    from_page,
    judged,
    on_page,
    stopped,
)
from assistant.page.turn_limit import AT_ONCE, WAITING, Places
from assistant.page.turns import replies
from assistant.page.visitor import visitor_of
from assistant.page.words import MOST_SUGGESTIONS, Heard, Words, suggestions_for
from forecaster.errors import CryptoSenseError, NoRecord
from forecaster.schema import Symbol

STATIC = Path(__file__).parent / "static"
STYLES = ("chat.css", "card.css", "page.css", "steady.css", "accessible.css", "actions.css", "alerts.css")
SCRIPTS = (
    *("chat.js", "following.js", "kept.js", "contact.js", "settling.js", "embed.js"),
    *("names.js", "actions.js", "queue.js", "export.js", "live.js", "alerts.js", "chart.js"),
)
# Gradio would offer handlers as public endpoints, and build what a message from the browser names
QUIETLY: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}
AT_GRADIO = 4 * (AT_ONCE + WAITING)  # turns that reach us: those beyond our own limits are told so in words
SESSIONS = AT_ONCE + WAITING  # visitors whose buttons and texts Gradio remembers
FORGOTTEN_AFTER = 2.0  # seconds
PRICE_EVERY = 60.0  # seconds
USUAL_AHEAD = 60  # minutes ahead whose record is shown first

log = logging.getLogger(__name__)


def chat_app(behind: Behind, allowed_origins: Sequence[str] = (), origin: str = "") -> Starlette:
    """The whole page as an ASGI app that wants to be mounted at "/", last; its lifespan must be entered.

    `allowed_origins` are the sites whose widget the page talks to when it is framed (static/embed.js), `origin` is
    where the service is reached from outside, which previews of links name.

    Importing this module loads Gradio, which takes seconds: do both in a thread.
    """
    # our CORS middleware keeps Gradio's own away, which would let every site read the answers
    app = Starlette(middleware=[Middleware(CORSMiddleware), Middleware(OnlyWhatIsUsed)])
    app.routes.append(Route(ADDRESS, Preview(behind.forecast, behind.offered[0]).answer))
    app.routes.extend(chart_routes())
    prices = Prices(behind.price)
    gr.mount_gradio_app(
        cast(Any, app),  # asks for a FastAPI, and uses nothing of it that a Starlette has not
        build_page(behind, prices, allowed_origins),
        path="/",
        theme=_theme(),
        css="\n".join(map(_static, STYLES)),
        head=_head(allowed_origins),
        favicon_path=str(STATIC / "favicon.svg"),
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        run_history=False,
        mcp_server=False,
        max_file_size="1kb",
        app_kwargs={"middleware": [Middleware(Document, Page(behind.offered, origin, prices.known))]},
    )
    return app


def build_page(behind: Behind, newest: Prices, sites: Sequence[str] = ()) -> gr.Blocks:
    """The header over three tabs, in English. What a visitor's address asks for, the document says (document/)."""
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True, fill_width=True)
    usual = view_of({}, behind.offered)
    texts = texts_of(Words(), usual, behind.offered)
    with page:
        with gr.Row(elem_id="top"):
            name = gr.Markdown(f"# {TITLE}", elem_id="name")
            prices = gr.Markdown("", elem_id="ticker")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(**texts["tab-chat"], elem_id="tab-chat"):
                chat = _conversation(usual.greeting)
                with gr.Column(elem_id="composer"):
                    with gr.Row(elem_id="suggestions"):
                        suggestions = [
                            gr.Button(text, size="sm", min_width=0, elem_id=f"suggestion-{n}")
                            for n, text in enumerate(usual.suggestions)
                        ]
                    box = _box(texts["box"])
                    with gr.Row(elem_id="below"):
                        fresh = gr.Button(**texts["fresh"], size="sm", min_width=0, elem_id="fresh")
                        gr.Markdown(**texts["hint"], elem_id="hint")
                    kept = gr.Textbox(elem_id="kept", label="Kept in the browser")  # never seen, as the next
                    restore = gr.Button("Restore", elem_id="restore")
            with gr.Tab(**texts["tab-report"], elem_id="tab-report") as report:
                report_body = gr.Markdown(**texts["report"], elem_id="report", sanitize_html=False)
            with gr.Tab(**texts["tab-record"], elem_id="tab-record") as record:
                coins = list(behind.offered)
                coin = gr.Radio(coins, value=coins[0], **texts["coin"], elem_id="coin", container=False)
                ahead = gr.Radio(value=USUAL_AHEAD, **texts["horizon"], elem_id="horizon", container=False)
                outcomes = gr.Markdown(**texts["outcomes"], elem_id="outcomes", sanitize_html=False)
        forget = partial(_forget_soon, page)
        _wire_turn(behind, chat, box, suggestions, kept, sites, forget)
        _wire_store(behind.offered, chat, kept, restore, fresh, suggestions, forget)
        _wire_report(behind, report, report_body)
        _wire_record(behind, record, coin, ahead, outcomes)
        _wire_address(behind.offered, page, name, chat, suggestions)
        _wire_prices(behind.offered, newest, page, prices)
        _wire_feedback(behind.feedback, chat)
    page.state_session_capacity = SESSIONS
    page.queue(default_concurrency_limit=AT_ONCE, max_size=AT_GRADIO, api_open=False)
    return page


def _forget_soon(page: gr.Blocks, request: gr.Request) -> None:
    """Let Gradio forget the visitor, of whom it would keep all that is shown: a conversation is nobody else's."""
    visitor, held = request.session_hash or "", page.state_holder

    def forget() -> None:
        held.session_data.pop(visitor, None)
        held.time_last_used.pop(visitor, None)

    asyncio.get_running_loop().call_later(FORGOTTEN_AFTER, forget)


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


def _box(texts: Mapping[str, Any]) -> gr.Textbox:
    return gr.Textbox(
        **texts,
        elem_id="box",
        show_label=False,
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
    forget: Callable[[gr.Request], None],
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
            yield gr.skip(), gr.skip(), gr.skip(), *labels
            return
        query, heard = dict(request.query_params), Heard(behind.turn)
        site, zone = site_of(query, sites), visitor_of(query).zone
        before = [*from_page(page), asked(question)]
        begin = gr.update(value=typed if clicked else "", submit_btn=False, stop_btn=True)
        others: list[Any] = [begin, for_browser(before, False), *labels]
        try:
            async for frame in replies(heard, places, conversation(before), site, zone, _words(request)):
                shown = before + frame.messages
                if frame.whole:
                    following = _suggested(query, behind.offered, heard.results)
                    others = [gr.update(submit_btn=True, stop_btn=False), for_browser(shown, True), *following]
                yield others[0], on_page(shown), *others[1:]
                others = [gr.skip(), gr.skip(), *labels]
        finally:
            forget(request)

    async def broken_off(page: object, request: gr.Request) -> tuple[Any, list[Shown], str]:
        forget(request)
        shown = stopped(from_page(page), _words(request))
        return gr.update(submit_btn=True, stop_btn=False), shown, for_browser(shown, True)

    answering = gr.on(
        [box.submit, *(button.click for button in suggestions)],
        answer,
        [box, chat, *suggestions],
        [box, chat, kept, *suggestions],
        postprocess=False,  # which takes longer than the answer
        trigger_mode="once",  # until the turn is over, the browser lets no second one begin
        concurrency_limit=AT_GRADIO,
        **QUIETLY,
    )
    box.stop(None, cancels=[answering], queue=False, **QUIETLY)
    # not as the button's own handler: the page would offer to send while the browser still holds the turn to be running
    answering.failure(broken_off, chat, [box, chat, kept], queue=False, **QUIETLY)


def _suggested(query: Mapping[str, str], offered: Sequence[Symbol], results: Sequence[BaseModel] = ()) -> list[Any]:
    """The buttons with what goes on from an answer, unless the address says what they ask."""
    view = view_of(query, offered)
    found = suggestions_for(Words(visitor_of(query)), view.symbols[0], offered, results)
    texts = view.suggestions if view.suggests else found
    padded = [*texts, *[""] * (MOST_SUGGESTIONS - len(texts))]
    return [gr.update(value=text, visible=bool(text)) for text in padded]


def _wire_store(
    offered: Sequence[Symbol],
    chat: gr.Chatbot,
    kept: gr.Textbox,
    restore: gr.Button,
    fresh: gr.Button,
    suggestions: list[gr.Button],
    forget: Callable[[gr.Request], None],
) -> None:
    """Show what the browser has kept, and begin anew. What static/kept.js writes into `kept` is answered there."""

    def greeting(request: gr.Request) -> Shown:
        return {"role": "assistant", "content": view_of(dict(request.query_params), offered).shown_greeting}

    async def restored(stored: object, request: gr.Request) -> tuple[Any, Any]:
        forget(request)
        if not stored or str(stored).startswith("{"):  # our own words: a slow page has not yet taken what it was given
            return gr.skip(), gr.skip()
        found = found_again(stored)
        answer = json.dumps({"restored": found.turns, "unanswered": found.unanswered}, ensure_ascii=False)
        return [greeting(request), *found.messages], answer

    def begun_anew(request: gr.Request) -> tuple[Any, ...]:
        return [greeting(request)], for_browser([], True), *_suggested(dict(request.query_params), offered)

    restore.click(restored, kept, [chat, kept], queue=False, **QUIETLY)
    fresh.click(begun_anew, None, [chat, kept, *suggestions], queue=False, **QUIETLY)


def _wire_report(behind: Behind, report: gr.Tab, body: gr.Markdown) -> None:
    """Fill the report when its tab is opened first."""

    async def reported(shown: object, request: gr.Request) -> Any:
        words = _words(request)
        if isinstance(shown, str) and shown.startswith("<article"):
            return gr.skip()
        try:
            return await asyncio.to_thread(report_tab, await behind.record(), words)
        except CryptoSenseError as error:
            log.warning("The page shows no report. %s", error)
        return without_record(words.say("page.unavailable"))

    report.select(reported, body, body, queue=False, **QUIETLY)


def _wire_record(behind: Behind, record: gr.Tab, coin: gr.Radio, ahead: gr.Radio, outcomes: gr.Markdown) -> None:
    """Fill the track record each time its tab is opened, and for each coin and horizon."""
    horizons = [minutes for _, minutes in choices(Words())]

    async def recorded(symbol: object, minutes: object, request: gr.Request) -> str:
        chosen = next((each for each in behind.offered if each == symbol), behind.offered[0])
        far = next((each for each in horizons if each == minutes), USUAL_AHEAD)
        words = _words(request)
        try:
            return track_record_tab(await behind.track_record(chosen, far), words)
        except NoRecord:
            return without_record(words.say("record.no_ledger"))
        except CryptoSenseError as error:
            log.warning("The page shows no track record. %s", error)
        return without_record(words.say("page.unavailable"))

    gr.on([record.select, coin.change, ahead.change], recorded, [coin, ahead], outcomes, queue=False, **QUIETLY)


def _words(request: gr.Request) -> Words:
    return Words(visitor_of(dict(request.query_params)))


def _wire_address(
    offered: Sequence[Symbol], page: gr.Blocks, name: gr.Markdown, chat: gr.Chatbot, suggestions: list[gr.Button]
) -> None:
    """Show what the visitor's address asks for, and mark the page as opened: then nothing overwrites a conversation."""

    def opened(request: gr.Request) -> list[Any]:
        query = dict(request.query_params)
        view = view_of(query, offered)
        # where it is the usual one, it is there: whoever was quick has asked something since
        greeting = [{"role": "assistant", "content": view.shown_greeting}] if view.greets else gr.skip()
        title = gr.Markdown(f"# {plain(view.title)}", elem_classes="opened")
        return [title, greeting, *_suggested(query, offered)]

    page.load(opened, None, [name, chat, *suggestions], queue=False, **QUIETLY)


def _wire_prices(offered: Sequence[Symbol], newest: Prices, page: gr.Blocks, line: gr.Markdown) -> None:
    """Fill the ticker when the page opens, and every minute; in between static/live.js does."""

    async def told(request: gr.Request) -> str:
        prices = await newest.newest(view_of(dict(request.query_params), offered).symbols)
        return ticker(prices, _words(request), offered)

    gr.on([page.load, gr.Timer(PRICE_EVERY).tick], told, None, line, queue=False, **QUIETLY)


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
    return origins + "".join(f"<script>{jsmin(_static(name))}</script>" for name in SCRIPTS)


def _static(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def _theme() -> gr.themes.Base:
    """Our colours, and system fonts, so that none is loaded."""
    theme = gr.themes.Base(
        font=["system-ui", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )
    return theme.set(**theme_colours())
