"""Numbers that are no times, each typed once: price, two prices, percentage of a move, level of a range, amount.

    readied plain English -> Quantities, and the text without them

Nothing is a price by default: a number is one where it has a currency, where something passes it, or where a coin
that costs about as much is named.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from assistant.understanding.frame import AmountIn, Direction, Side
from assistant.understanding.slots.amounts import NUMBER, amount_in
from tools import DEAREST

PricedLike = Callable[[float], bool]
LEAST_PRICE = 100  # a smaller number is no price, unless it says so or a coin that costs about as much is named
_PRICE = rf"-?\$?{NUMBER}"
_NOT_A_PRICE = (
    r"(?! ?(?:%|percent|hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|am|pm|utc|oclock|candles?|forecasts?"
    r"|predictions?|times|x)\b|[:%]| ?%)"
)
PERCENT = re.compile(rf"(?P<sign>[+-]|± ?)?(?<![\w.])(?P<number>{NUMBER}) ?(?:%|percent\b|pct\b|per cent\b)")
_PERCENT_OF = re.compile(rf"{NUMBER} ?(?:%|percent) of \$?{NUMBER}(?!\w)")
_BETWEEN = re.compile(
    rf"\b(?:between|from|in|within|inside|range|stay|stays|staying|holds?)\b(?: (?:the|a|range|of|within|in|between))*"
    rf" ?(?P<low>{_PRICE})(?P<low_k>k)? ?(?:and|to|-|,|until|or|~)+ ?(?P<high>{_PRICE}){_NOT_A_PRICE}"
    rf"|(?<![\w.-])(?P<l2>\$?{NUMBER}) ?(?:-|to|~) ?(?P<h2>\$?{NUMBER})(?: range| zone| band)?{_NOT_A_PRICE}"
)
_ABOVE_BELOW = re.compile(
    rf"\babove (?P<low>{_PRICE})(?: and| but| or)* (?:below|under) (?P<high>{_PRICE}){_NOT_A_PRICE}"
    rf"|\bbelow (?P<h2>{_PRICE})(?: and| but)* (?:above|over) (?P<l2>{_PRICE}){_NOT_A_PRICE}"
)
_MONEY = re.compile(r"(?P<sign>-)?\$(\d+(?:\.\d+)?)")
PASSED = re.compile(
    r"(?:\b(?:above|over|below|under|beneath|hits?|hitting|reach(?:es|ing)?|breaks?|breaking|cross(?:es|ing)?"
    r"|pass(?:es|ing)?|exceeds?|tops?|touch(?:es|ing)?|than|past|beyond|beats?|at least|gets? to|goes? to|going to"
    r"|falls? to|drops? to|rises? to|climbs? to|up to|down to|to|at|back|stop|liquidat\w+|wicks?|strike"
    r"|target)\b|[<>]=?)"
    r"(?: (?:the|a|mark|level|price|of|as|about|around|back|at|is|to|down|up|loss|dollars?|usd)){0,3}"
    r" ?(?P<number>\d{2,9}(?:\.\d+)?)\b" + _NOT_A_PRICE
)
_SMALL = re.compile(
    r"\b(?:above|over|below|under|beneath|hits?|hitting|reach(?:es|ing)?|breaks?|breaking|cross(?:es|ing)?"
    r"|pass(?:es|ing)?|exceeds?|tops?|touch(?:es|ing)?|than|beyond|at least|wicks?)\b"
    r"(?: (?:the|a|mark|level|price|of|about|around|to|down)){0,3} ?(?P<number>\d{1,9}(?:\.\d{1,10})?)(?![\d.]*\d)"
    r"(?! ?coins?\b)" + _NOT_A_PRICE
)
_BARE = re.compile(r"(?<![\w$.:/-])(?P<number>\d{4,9}(?:\.\d+)?)(?![\w:%-]| ?(?:hours|minutes))")
_BELOW = re.compile(
    r"\b(?:below|under|beneath|less than|lower than|falls?|fell|drops?|down to|sinks?|smaller than|dips?|down|crash"
    r"|liquidat\w+|stop(?:ped)? ?(?:loss|out)?|wick|lose|loses|losing)\b|<"
)
_ABOVE = re.compile(r"\b(?:above|over|higher than|more than|exceeds?|rises?|climbs?|up to|at least|stay|hold)\b|>")
_SHORT = re.compile(r"\bshort\b")
_LEVEL = re.compile(
    r"\b(?:range|ranges|band|bands|interval|confidence|confident|sure|certain|certainty|safe|safely|probability|likely"
    r"|chance|quantile|percentile|guarantee[d]?|worst case|best case|floor|ceiling|odds)\b"
)
_RANGE = re.compile(r"\b(?:range|ranges|band|bands|interval|between|confidence interval)\b")
_FLOOR = re.compile(
    r"\b(?:safe|safely|floor|above|at least|lowest|bottom|minimum|worst case|not (?:fall|drop|go) (?:below|under)"
    r"|downside|support|hold)\b"
)
_CEILING = re.compile(r"\b(?:ceiling|below|under|at most|highest|maximum|best case|upside|resistance|top)\b")
_MOVE = re.compile(
    r"\b(?:moves?|moving|swings?|drops?|dropping|falls?|falling|rises?|rising|pumps?|dumps?|crash(?:es)?|gains?|loses?"
    r"|dips?|jumps?|increases?|decreases?|declines?|up|down|rally|rallies|climbs?|corrections?|plunges?|change|changes"
    r"|fluctuates?|tanks?|soars?|surges?|sinks?|higher|lower|green|red|bounces?|retrace)\b|[±+-] ?\d"
)
_UP = re.compile(
    r"\b(?:rises?|rising|pumps?|gains?|jumps?|increases?|up|rally|climbs?|soars?|surges?|higher|green"
    r"|bounces?)\b|\+ ?\d"
)
_DOWN = re.compile(
    r"\b(?:drops?|dropping|falls?|falling|dumps?|crash(?:es)?|loses?|dips?|decreases?|declines?|down"
    r"|corrections?|plunges?"
    r"|tanks?|sinks?|lower|red|retrace)\b|(?<!\w)- ?\d"
)
_TOUCH = re.compile(
    r"\b(?:touch(?:es|ed)?|hits?|hitting|wicks?|tags?|taps?|reach(?:es|ing)?|liquidat\w+|stop(?:ped)? ?(?:out|loss)"
    r"|stop hit|at any (?:point|time|moment)|on the way|along the way|even (?:for )?(?:once|briefly|a moment)|briefly"
    r"|intra|get to|gets to|trigger(?:ed|s)?|barrier)\b"
)
_CLOSES = re.compile(r"\bclos(?:e|es|ing)\b|\bend(?:s)? (?:above|below|over|under)\b|\bfinish(?:es)?\b")
_PATH = re.compile(
    r"\b(?:hour(?:s)? by hours?|hourly (?:forecast|path|breakdown|prediction|steps?)|each hours?|every hours?|per hour"
    r"|step by step|trajectory|path|(?:all|next) (?:24|twenty-four) (?:hours )?one by one|breakdown|by the hour"
    r"|hour for hour)\b"
)
_OWN = re.compile(
    r"\b(?:have|has|got|own|hold|holding|invest(?:ed|ing|s)?|put|spend|spent|savings|worth of|deposit|with|stake|bag of"
    r"|bought|buy|purchase|get for|for|lose|loss on|risk)\b[^?]{0,16}$"
)


@dataclass(frozen=True, slots=True)
class Quantities:
    """What the numbers of a question are. Prices in the quote currency, percentages in percent."""

    threshold: float | None = None
    below: bool = False
    between: tuple[float, float] | None = None
    move_pct: float | None = None
    direction: Direction = "either"
    turn: Direction = "either"  # up or down, where the text says which, with or without a percentage
    level: float | None = None
    side: Side = "range"
    touch: bool = False
    path: bool = False
    amount: float | None = None
    amount_in: AmountIn = "coin"
    sums: bool = False  # a share of a number is asked for, which is no question about a coin


def quantities_in(
    text: str, coins: "re.Pattern[str]", like: PricedLike, *, foreign_money: bool = False
) -> tuple[Quantities, str]:
    """What the numbers of a readied text are, times aside, and the text with each in a word for its kind.

    `coins` finds the coins of the text, `like` says whether a number may be the price of one of them, and
    `foreign_money` that an amount is in a currency that is no dollar.
    """
    found = Quantities(touch=_touches(text), path=_PATH.search(text) is not None, turn=_turn(text))
    if _PERCENT_OF.search(text):
        return replace(found, sums=True), _PERCENT_OF.sub(" n ", text)
    found, text = _percent(found, text)
    if amount := amount_in(text, coins, foreign_money=foreign_money):
        found, text = replace(found, amount=amount.value, amount_in=amount.unit), amount.rest
    found, text = _two_prices(found, text, like)
    if found.between is None:
        found, text = _threshold(found, text, like)
    return found, text


def _touches(text: str) -> bool:
    return _TOUCH.search(text) is not None and _CLOSES.search(text) is None


def _percent(found: Quantities, text: str) -> tuple[Quantities, str]:
    """A percentage: how sure a range is to be, or how far the price is to move."""
    at = PERCENT.search(text)
    if at is None:
        return found, text
    number = float(at["number"])
    rest = text[: at.start()] + " percent " + text[at.end() :]
    leveled = _LEVEL.search(rest) is not None
    moved = _MOVE.search(rest) is not None or (at["sign"] or "").strip() in ("+", "-", "±")
    near = rest[max(0, at.start() - 24) : at.start() + 32]
    if (
        leveled
        and 1 <= number < 100
        and not (
            moved
            and number < 50
            and not re.search(
                r"percent (?:\w+ )?(?:range|band|interval|sure|safe|certain|confiden\w+|probability|chance|likely)",
                near,
            )
        )
    ):
        side: Side = "range"
        if not _RANGE.search(rest):
            side = "below" if _CEILING.search(rest) and not re.search(r"\b(?:not|won't|never)\b", rest) else "above"
            side = "below" if side == "above" and _SHORT.search(rest) and "safe" in rest else side
            side = side if _FLOOR.search(rest) or _CEILING.search(rest) else "range"
        return replace(found, level=number, side=side), rest
    if number > 0 and (moved or leveled or found.touch):
        signed: dict[str, Direction] = {"+": "up", "-": "down"}
        direction = signed.get((at["sign"] or "").strip(), found.turn)
        return replace(found, move_pct=min(number, 1000.0), direction=direction), rest
    return found, rest


def _turn(text: str) -> Direction:
    """Up or down, where a text says which."""
    up, down = _UP.search(text) is not None, _DOWN.search(text) is not None
    return "either" if up == down else "up" if up else "down"


def _two_prices(found: Quantities, text: str, like: PricedLike) -> tuple[Quantities, str]:
    for pattern in (_ABOVE_BELOW, _BETWEEN):
        for at in pattern.finditer(text):
            low, high = (at["low"] or at["l2"]), (at["high"] or at["h2"])
            first, second = float(low.replace("$", "")), float(high.replace("$", ""))
            if "$" in high and "$" not in low and second >= 1000 and first < second / 100:
                first *= 1000  # "69-71k"
            written = "$" in low + high or min(first, second) >= LEAST_PRICE
            if 0 < min(first, second) >= max(first, second) / 20 and (written or (like(first) and like(second))):
                between = (min(first, second, float(DEAREST)), min(max(first, second), float(DEAREST)))
                if between[0] < between[1]:
                    return replace(found, between=between), f"{text[: at.start()]} money {text[at.end() :]}"
    return found, text


def _threshold(found: Quantities, text: str, like: PricedLike) -> tuple[Quantities, str]:
    """A price that the coin may pass, and whether below is meant."""
    if found.amount is not None and found.amount_in == "quote" and "$" not in text:
        return found, text
    near = [(at.start(), at[2], at[0]) for at in _MONEY.finditer(text) if not at["sign"]]
    near += [(at.start("number"), at["number"], at["number"]) for at in (*PASSED.finditer(text), *_BARE.finditer(text))]
    near = [each for each in near if float(each[1]) >= (1 if each[2][0] == "$" else LEAST_PRICE)]
    near += [(at.start(), at[2], at[0]) for at in _MONEY.finditer(text) if like(float(at[2]))]
    near += [(at.start("number"), n, n) for at in _SMALL.finditer(text) if like(float(n := at["number"]))]
    for place, number, whole in sorted(set(near)):
        value = float(number)
        year = (
            not text.startswith("$", place)
            and 2020 <= value <= 2099
            and re.search(r"\b(?:in|by|since|of) $", text[:place])
        )
        if year or (_OWN.search(text[:place]) and not PASSED.search(text)):
            continue
        rest = text[:place] + " money " + text[place + len(whole) :]
        below = _BELOW.search(text) is not None and not (re.search(r"\b(?:above|over)\b", text) is not None)
        if re.search(r"\bliquidat\w+", text) and _SHORT.search(text):
            below = False
        return replace(found, threshold=min(value, float(DEAREST)), below=below), rest
    return found, text
