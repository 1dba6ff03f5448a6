"""The head of the page's HTML, and what browsers without scripts show: Gradio's own goes, ours comes."""

import json
import re
from collections.abc import Sequence
from html import escape

from starlette.datastructures import Headers
from starlette.types import Scope

from assistant.page.document.preview import ADDRESS, HEIGHT, WIDTH
from assistant.page.options import TITLE
from assistant.page.visitor import USUAL
from assistant.page.words import Words
from forecaster.schema import Price, Symbol
from tools import decimals_of

HOST = re.compile(r"[\w.-]{1,253}(?::\d{1,5})?|\[[0-9a-fA-F:.]{2,45}\](?::\d{1,5})?", re.ASCII)
_LANGUAGE = re.compile(r'(<html\s+lang=")en(")')
_GRADIOS = re.compile(r'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>\s*')
_MANIFEST = re.compile(r'<link rel="manifest" [^>]*>')  # there is none
_BODY = re.compile(r"<body\b[^>]*>")


def known_origin(scope: Scope, headers: Headers) -> str:
    """Where this request found the service; "" where it names no host that could be one."""
    host = headers.get("host", "")
    return f"{scope.get('scheme', 'http')}://{host}" if HOST.fullmatch(host) else ""


def completed_head(html: str, words: Words, title: str, address: str) -> str:
    """A document with our head; `address` is where the service is reached, for previews, which need it whole.

    The icon is named by its address below the page: a browser would ask the site's root, which belongs to somebody else
    where a proxy serves the page below a path. What Gradio adds to the head comes later, from a script.
    """
    language = words.visitor.language
    name = "zh-Hans" if language.value == "zh" else language.value
    told = title if title == TITLE else f"{title} \N{MIDDLE DOT} {TITLE}"
    described = words.say("page.description")
    previews = {
        "og:type": "website", "og:site_name": TITLE, "og:title": told, "og:description": described,
        "og:url": f"{address}/{'' if language is USUAL else f'?lang={language}'}",
        "og:image": f"{address}{ADDRESS}?lang={language}", "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT), "og:image:alt": described,
    }  # fmt: skip
    others = {"lang": language.value, "stopped": words.say("chat.stopped"), "advice": words.say("page.advice")}
    spoken = json.dumps({**others, **words.of_scripts}, ensure_ascii=False)
    ours = [
        f"<title>{escape(told)}</title>",
        f'<meta name="description" content="{escape(described)}">',
        '<meta name="twitter:card" content="summary_large_image">',
        *(f'<meta property="{each}" content="{escape(text)}">' for each, text in previews.items()),
        f'<meta name="cryptosense-words" content="{escape(spoken)}">',
    ]
    html = _LANGUAGE.sub(rf"\g<1>{name}\g<2>", _GRADIOS.sub("", html), count=1)
    html = _MANIFEST.sub('<link rel="icon" href="favicon.ico" />', html, count=1)
    return html.replace("</head>", f"{''.join(ours)}\n\t</head>", 1)


def with_noscript(html: str, words: Words, symbols: Sequence[Symbol], prices: Sequence[Price]) -> str:
    """A document that says without scripts what it is, and where the same can be read."""
    symbol = symbols[0]
    links = (
        (f"v1/price?symbol={symbol}", words.say("noscript.prices")),
        (f"v1/forecasts?symbol={symbol}&limit=1", words.say("noscript.forecast")),
        (f"v1/track-record?symbol={symbol}", words.say("noscript.record")),
        ("docs", words.say("noscript.docs")),
    )
    listed = "".join(f'<li><a href="{escape(to)}">{escape(text)}</a></li>' for to, text in links)
    told = "".join(f"<li>{escape(_price(words, price))}</li>" for price in prices)
    newest = f"<h2>{escape(words.say('noscript.prices'))}</h2><ul>{told}</ul>" if told else ""
    shown = (
        f'<noscript><main style="max-width:40rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.6 system-ui,sans-serif">'
        f"<h1>{TITLE}</h1><p>{escape(words.say('page.description'))}</p><p>{escape(words.say('noscript.about'))}</p>"
        f"<ul>{listed}</ul>{newest}</main></noscript>"
    )
    return _BODY.sub(lambda body: f"{body[0]}{shown}", html, count=1)


def _price(words: Words, price: Price) -> str:
    amount = words.money(price.price, price.quote, decimals_of(price.symbol, price.price))
    simulated = f" ({words.say('ticker.simulated')})" if price.source == "demo" else ""
    return f"{price.symbol.partition('-')[0]} {amount}, {words.world(price.time)}{simulated}"
