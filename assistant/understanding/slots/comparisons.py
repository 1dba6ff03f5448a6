"""Coins beside each other: what they are compared by, or one coin's price in the other."""

import re

from assistant.understanding.frame import CompareBy
from assistant.understanding.slots.coins import COINS

RISES = (
    r"(?:ris(?:es?|en|ing)|rose|(?:pump|gain|jump|climb|soar|rall?y|skyrocket|rocket|rebound|recover|advance|strengthen"
    r"|moon|explode|grow|add)(?:s|d|ed|ing)?|(?:bounc|surg|increas|spik|appreciat)(?:es?|ed|ing)|(?:rip|pop)(?:s|ped|ping)?"
    r"|rallies|grew|up|higher|green|plus(?= \$?\d))"
)
FALLS = (
    r"(?:f(?:alls?|alling|allen|ell)|los(?:es?|ing|t)|losers?|(?:dump|crash|tank|bleed|slump|plummet|crater|weaken"
    r"|descend)(?:s|es|ed|ing)?|(?:declin|decreas|plung|slid|tumbl|collaps|nuk|retrac|nosediv)(?:es?|ed|ing)|sell-?off"
    r"|(?:drop|dip|slip)(?:s|ped|ping)?|sinks?|sinking|corrects?|correct(?:ions?|ing)|sheds?|shedding|pull ?backs?"
    r"|g[ia]ves? back|down|lower|red|(?:minus|less)(?= \$?\d))"
)
MOVES = rf"(?:{RISES}|{FALLS}|mov(?:es?|ed|ing)|budg(?:es?|ed|ing)|swings?|changes?|fluctuates?)"
_MOVED = rf"(?:{RISES}|{FALLS}|mov(?:ed?|es|ing)|budged|changed|slid|did|do|done|performed)"
_COMPARED: dict[CompareBy, re.Pattern[str]] = {
    "volatility": re.compile(
        r"\b(?:volatile|volatility|nervous|unstable|erratic|restless|stable"
        r"|(?:calm|wild|tame|quiet|smooth)(?:e?r|e?st)?|(?:chopp|jump|bump|shak|risk|jitter|wobbl|swing|stead)(?:y|ier|iest)"
        r"|(?:swings?|(?:moves?|jumps?|bounces?|whips?) around|fluctuates?|wobbles?|oscillates?)(?: the)?"
        r" (?:more|most|less|least|harder))\b"
    ),
    "record": re.compile(
        r"\b(?:forecasts?|predictions?|model|calls) (?:\w+ ){0,2}(?:better|best|worse|more accurate) (?:for"
        r"|on|with)\b|\b(?:predict(?:ed|able)?|forecast(?:ed|s)?|model|accura\w+) (?:\w+ ){0,3}(?:better"
        r"|best"
        r"|most accurate\w*)\b|\bmore (?:accurate|predictable|reliable)\b|\bbetter record\b|\brecord better\b"
        r"|\byou (?:\w+ )?(?:better|worse|best|worst) (?:at|on|for|with)\b"
        r"|\b(?:accuracy|skill|track record|hit rate) (?:on|for|of|with)\b"
        r"|\b(?:right|correct|wrong|off) (?:more|most|less|least) often\b"
        r"|\b(?:more|most|less|least) often (?:right|correct|wrong|off)\b"
    ),
    "forecast": re.compile(
        r"\b(?:(?:forecast(?:ed)?|predicted|expected|likely) to \w+ (?:the )?(?:more|most|better|best|less|least|worse"
        r"|worst)|wid(?:er|est)|narrow(?:er|est)|more upside|more downside|more likely|likelier"
        r"|better (?:forecast|outlook|chance|odds)"
        r"|(?:higher|highest|best|better|more|most) (?:chances?|odds|probability|shot)"
        r"|will (?:rise|fall|drop"
        r"|gain|move|go up|go down|do"
        r"|perform) (?:the )?(?:more|most|better)|will (?:move|rise|fall|outperform))\b"
    ),
    "move": re.compile(
        rf"\b(?:vs|versus|compare[ds]?|comparison|rank(?:ed|ing)?|better|worse|outperform\w*|beat(?:s|en)?"
        rf"|winning|ahead of"
        rf"|{_MOVED} (?:\w+ )?(?:the )?(?:more(?! than \$?\d)|most|best|worst|better|harder|hardest|further|farther"
        r"|faster|fastest|less|least)"
        rf"|(?:more|most|less|least) {_MOVED}"
        rf"|(?:which|who) (?:one |coin |of them |is )?(?:{RISES}|{FALLS}|went (?:up|down))"
        r"|biggest|best perform\w+|worst perform\w+|winners?|losers?|stronger|strongest|weaker|weakest"
        r"|(?:top|the) (?:\d+ )?(?:gainers?|losers?|movers?)|top \d+ coins)\b"
    ),
    "price": re.compile(r"\b(?:more expensive|cheaper|cheapest|costs? more|worth more|most expensive|higher price)\b"),
}
_RATIO = re.compile(
    r"COIN(?:'s| price| worth| value| valued| measured| priced| expressed)*(?: ?/ ?| ?- ?| in | per "
    r"| against | ratio to | into | to )COIN|\b(?:swap|exchange|trade|switch|change)\w*\b.{0,24}COINs? (?:for|to) COIN"
)
_HOW_MANY = re.compile(r"\bhow (?:many|much) (?:of )?COINs?(?! ?(?:,|and|or|vs|versus|&|/)).{0,32}COIN")
_RATIO_WORD = re.compile(r"\bratio\b|\bcross rate\b|COIN.{0,12} how (?:many|much) (?:of )?COIN")
_CALMER = re.compile(r"\b(?:less|least|calm\w*|quiet\w*|stable|stead\w+|tame\w*|smooth\w*)\b")
_MOVES_LEAST = re.compile(
    r"\b(?:mov(?:es?|ed|ing)|budg(?:es?|ed)|chang(?:es?|ed)) (?:the )?(?:less|least)\b|\bnarrow(?:er|est)\b"
    r"|\bflattest\b|\b(?:barely|hardly|least) (?:mov\w+|budg\w+|chang\w+)"
)


def ranked(text: str) -> str:
    """A text in which who did worst, rose least or fell least is told by a word for up or down."""
    for moved, instead in ((FALLS, "rose"), (RISES, "fell")):
        text = re.sub(rf"\b{moved} (?:the )?(?:less|least)\b(?! than)", instead, text)
    return re.sub("worse|worst", "lower", text)


def is_calmest(text: str) -> bool:
    """Whether it is asked who of several coins moves least, or has the narrowest range."""
    return _MOVES_LEAST.search(text) is not None or (
        compared_by(text) == "volatility" and _CALMER.search(text) is not None
    )


def compared_by(text: str) -> CompareBy | None:
    """What two coins are compared by, where a text compares."""
    return next((by for by, pattern in _COMPARED.items() if pattern.search(text)), None)


def is_ratio(text: str) -> bool:
    """Whether a text asks for one coin's price in another."""
    named = COINS.sub("COIN", text)
    return named.count("COIN") == 2 and any(pattern.search(named) for pattern in (_RATIO, _RATIO_WORD, _HOW_MANY))


def is_turned(text: str) -> bool:
    """Whether the second coin's price is asked in the first: "how many sol for one bitcoin"."""
    return _HOW_MANY.search(COINS.sub("COIN", text)) is not None
