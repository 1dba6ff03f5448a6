"""Numbers that are no times, each typed once; long because each kind of them has its own words.

    readied plain English -> prices, moves, levels and amounts as Quantities, and the text without them

Nothing is a price by default: it has a currency, or something passes it, or a coin that costs about as much is named.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from assistant.understanding.frame import AmountIn, Direction, Side
from assistant.understanding.slots.amounts import LEAST_PRICE, NUMBER, SHARE, amount_in, shares_multiplied
from assistant.understanding.slots.comparisons import FALLS, MOVES, RISES, ranked
from tools import DEAREST

PricedLike = Callable[[float], bool]
_PRICE = rf"-?\$?{NUMBER}"
_NOT_A_PRICE = (
    r"(?! ?(?:%|percent|hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|am|pm|utc|oclock|candles?|forecasts?"
    r"|predictions?|times|x)\b|[:%]| ?%)"
)
PERCENT = re.compile(rf"(?P<sign>[+-]|± ?)?(?<![\w.])(?P<number>{NUMBER}) ?-? ?(?:%-?|percent\b|pct\b|per cent\b)")
_BETWEEN = re.compile(
    rf"\b(?:between|btw|btwn|from|in|within|inside|range|stay|stays|staying|holds?|strangle|condor|corridor)\b"
    rf"(?: (?:the|a|at|range|of|within|in|between))*"
    rf" ?(?P<low>{_PRICE}) ?(?:and|up to|to|-|,|/|until|by|or|a|~|&|到|至|から)+ ?(?P<high>{_PRICE}){_NOT_A_PRICE}"
    rf"|(?<![\w.-])(?P<l2>\$?{NUMBER}) ?(?:-|to|~|(?:by|and)(?=.{{0,60}}\bbetween\b)) ?(?P<h2>\$?{NUMBER})"
    rf"(?: range| zone| band)?{_NOT_A_PRICE}"
)
_ABOVE_BELOW = re.compile(
    rf"\b(?:above|over|(?:not|no) (?:lower|less) than|at least) (?P<low>{_PRICE})(?: (?:and|but|or|nor|gets|goes))*"
    rf" (?:below|under|(?:not|no) (?:higher|more) than|at most) (?P<high>{_PRICE}){_NOT_A_PRICE}"
    rf"|\b(?:below|under|(?:not|no) (?:higher|more) than) (?P<h2>{_PRICE})(?: (?:and|but|nor|gets|goes|rises|climbs))*"
    rf" (?:above|over|(?:not|no) (?:lower|less) than) (?P<l2>{_PRICE}){_NOT_A_PRICE}"
)
_MONEY = re.compile(r"(?P<sign>- ?)?\$(\d+(?:\.\d+)?)")
PASSED = re.compile(
    r"(?:\b(?:above|over|below|under(?:neath)?|beneath|hits?|hitting|reach(?:es|ing)?|breaks?|breaking|cross(?:es|ing)?"
    r"|pass(?:es|ing)?|exceeds?|tops?|touch(?:es|ing)?|than|past|beyond|beats?|at least|gets? to|goes? to|going to"
    r"|falls? to|drops? to|rises? to|climbs? to|up to|down to|to|at|back|stop|liq(?:uidat\w+)?|wicks?|tags?"
    r"|strike|profit|tp|target)\b|[<>]=?)"
    r"(?: (?:the|a|mark|level|price|of|as|about|around|back|at|is|to|for|down|up|loss|dollars?|usd)){0,3}"
    r" ?(?P<number>\d{2,9}(?:\.\d+)?)\b" + _NOT_A_PRICE
)
_SMALL = re.compile(
    r"(?:\b(?:above|over|below|under(?:neath)?|beneath|hits?|hitting|reach(?:es|ing)?|breaks?|breaking|cross(?:es|ing)?"
    r"|pass(?:es|ing)?|exceeds?|tops?|touch(?:es|ing)?|than|from|beyond|at(?: least)?|los(?:e|es|ing)|wicks?|tags?"
    r"|kiss(?:es)?|holds?|keeps?|(?:falls?|drops?|dips?|rises?|climbs?|gets?|goes|up|down|back) to)\b|[<>]=?)"
    r"(?: (?:the|a|mark|level|price|of|about|around|to|down)){0,3} ?(?P<number>\d{1,9}(?:\.\d{1,10})?)(?![\d.]*\d)"
    r"(?! ?coins?\b)" + _NOT_A_PRICE
)
_BARE = re.compile(r"(?<![\w$.:/-])(?P<number>\d{4,9}(?:\.\d+)?)(?![\w:%-]| ?(?:hours|minutes))")
_PASSING = re.compile(r"\b(?:exceeds?|breaks?|cross(?:es)?|hits?|reach(?:es)?|touch(?:es)?|above|below)\b")
_ASKED_OF = re.compile(
    rf"{_PASSING.pattern}|\b(?:holds?|possible|realistic|reachable|achievable|doable|likely|odds|chances?|probability)\b"
    r"|\d *attime\b"
)
_ANY = re.compile(rf"(?<![\w$.:/-])(?P<number>{NUMBER})(?![\w:%-]| ?(?:hours?|minutes?|days?|coins?|percent)\b)")
_BELOW = re.compile(
    r"\b(?:below|under(?:neath)?|beneath|less than|lower than|falls?|fell|drops?|down to|sinks?|smaller than|dips?|down"
    r"|crash|liquidat\w+|stop(?:ped)? ?(?:loss|out)?|wick|lose|loses|losing|(?:fails? to|not|won't) hold)\b|<"
)
_ABOVE = re.compile(r"\b(?:above|over)\b|\bliquidat\w+.*\bshort\b|\bshort\b.*\bliquidat")
RAREST = 20  # percent that a worst case is told with
NEARER = 8  # times nearer to what the coin costs is a price, less is a move: "up $20000" of one at $65,000
LIKELY = 50  # percent from which on a chance belongs to a price that is asked for
_SURE = (
    r"(?:range|ranges|band|bands|interval|confiden\w+|sure|certain|certainty|safe|safely|probability|quantile"
    r"|percentile|level|guarantee[d]?|prediction interval|ci)"
)
_LEVELED = re.compile(
    rf"\bpercent (?:\w+ ){{0,2}}{_SURE}\b|\b{_SURE}(?: (?:of|at|is|level|to|with|the|a|that))* percent\b"
    r"|\bwith (?:a |the )?percent (?!move|drop|rise|fall|gain|loss)|\bpercent (?:of the time|chance)\b"
)
_RARELY = re.compile(
    r"\b(?:has|have|having|with) (?:only |just |about )?(?:an? )?percent (?:chance|probability|odds|risk)"
    r" (?:of|to|that)\b|\bonly (?:an? )?percent (?:likely|probable|chance)\b"
    r"|\bpercent (?:likely|probable) to (?:exceed|pass|beat)\b"
)
_QUANTILE = re.compile(r"\bpercent (?:quantile|percentile)\b|\b(?:quantile|percentile) (?:of |at )?percent\b")
_WORST_CASE = re.compile(r"\b(?:worst case|var|value at risk|tail)\b")
_BAD_CASE = re.compile(rf"{_WORST_CASE.pattern}|\bworst\b")
_WHICH_PRICE = re.compile(r"\b(?:what|which|the) (?:\w+ ){0,2}(?:price|level|floor|value)\b")
_ODDS = re.compile(r"\b(?:chances?|odds|probability|likely|likelihood)\b")
_RANGE = re.compile(r"\b(?:stays? within|range|ranges|band|bands|interval|between|confidence interval)\b")
_DENIED = re.compile(r"\b(?:not|won't|wont|never|doesn't|does not|will not|isn't|no)\b")
_OVER = re.compile(r"\b(?:above|over|exceed(?:s|ed)?|higher than|rises? (?:above|past))\b")
_UNDER = re.compile(r"\b(?:below|under(?:neath)?|beneath|lower than|falls? (?:below|under)|fall)\b")
_FLOOR = re.compile(r"\b(?:safe(?:ly)?|floor|at least|lowest|bottom|minimum|worst|downside|support|holds?)\b")
_CEILING = re.compile(r"\b(?:ceiling|at most|highest|maximum|best case|upside|resistance|top)\b")
_MOVE = re.compile(rf"\b{MOVES}\b|[±+-] ?\d|\bwithin percent\b")
_UP = re.compile(rf"\b(?:percent above|above where|upside|{RISES})\b|\+ ?\d")
_DOWN = re.compile(rf"\b(?:percent below|below where|downside|loss(?:es)?|{FALLS})\b|\B- ?\d")
_BY_MONEY = re.compile(  # how far it moves, not where to
    rf"\b{MOVES}(?: (?!(?:to|below|under|past|at|on|of|for|from|with)\b)[^\W\d]+)?"
    r"(?: (?:by|more|less|than|at|least|over|above|about|another|up|down))*"
    rf" \$(?P<n>{NUMBER})(?!\w| into\b)|\$(?P<m>{NUMBER}) (?:or more )?{MOVES}\b|\b{MOVES} of \$(?P<o>{NUMBER})(?!\w)"
    rf"|\b(?:by|(?:by|at|of) (?:more than|over|above|at least)) \$(?P<p>{NUMBER})(?!\w)"
)
_MULTIPLES: tuple[tuple[re.Pattern[str], float, Direction], ...] = (
    (re.compile(r"\b(?:doubles?|doubling|2x)\b"), 100.0, "up"),
    (re.compile(r"\b(?:triples?|tripling|3x)\b"), 200.0, "up"),
    (re.compile(r"\b(?:halves?|halving in (?:price|value)|cut in half)\b"), 50.0, "down"),
)
_TOUCH = re.compile(
    r"\b(?:touch(?:es|ed|ing)?|hits?|hitting|(?:wick|tag|tap|kiss|scratch|graz|brush)(?:e?s|ed|g?ing|p?ing)?|reach(?:es|ing)?|liq(?:uidat\w+)?|liqs|rekt"
    r"|(?:my )?stop(?:ped)?(?:[ -]?(?:out|loss))?|stop hit|take profit|tp|fill(?:ed|s)?|trigger(?:ed|s)?|barrier"
    r"|(?:any|some) (?:point|time|moment)|sometime|(?:on|along) the way|(?:even|at least) once"
    r"|graze|even for a moment|briefly|intra\w*|gets? to|survive"
    r"|go(?:es|ing)? (?:back |down |up )?to(?= \$\d)"
    r"|knock(?:ed)? out|sees?(?= \$\d))\b"
)
_CLOSES = re.compile(
    r"(?<!how )\bclos(?:es?|ing)\b(?! (?:to|of)\b)|\bends? (?:above|below|over|under)\b|\bfinish(?:es)?\b"
)
_STAYS = re.compile(  # never beyond the price, whatever it closes at
    r"\b(?:stay|remain|hold|keep)(?:s|ing)?\b(?: +(?:in +money|\d+ +\w+|(?!(?:n|money|between)\b)[^\d\s]+)){0,4}"
    r" +(?:above|over|below|beneath|under)\b|\bhold(?:s|ing)? +(?:[^\d\s]+ +)?money\b"
    r"|\b(?P<not>(?:not?|ne|never|without|won't|doesn't)(?: +\S+){0,2} +(?:(?:above|over|below|under) +money"
    r" +(?:fall|drop|rise|go)s?|(?:fall|fell|drop|dip|go|sink|slip|break|rise|climb|get)(?:s|ing)?(?: back| not)?"
    r" (?:above|over|below|under))|(?:fall|drop|rise)s? +(?:\S+ +){1,6}not (?:above|over|below|under))\b"
)
_STAYS_BETWEEN = re.compile(r"\b(?:stay|remain|hold|keep|trad)(?:e?s|ing)?\b|\bleaves?\b")
_PATH = re.compile(
    r"\b(?:hours? (?:by|for|after|x) hours?|hourly(?: please)?\W*$|hourly (?:\w+ )?(?:forecast|path|breakdown"
    r"|prediction|steps?|for|over|until|till|to|table|values)|each hours?|(?:for )?(?:each|every)(?: one)? of the next"
    r"|every hours?|per hour|(?:one|a) (?:row|line) (?:an hour|each|per)|a table of|step by step|trajectory|path"
    r"|one by one|breakdown|by the hour|hour-by-hour)(?!\w)"
)
_FILLED = re.compile(r"\b(?:at|price|stop|liq\w*|(?:limit|order).* (?:for|on|by)) $")  # "does my buy at $62000 fill"
_PASSES = re.compile(r"\b(?:above|over|below|under\w*|than|hits?|reach\w*|to|at|touch\w*|breaks?|cross\w*|pass\w*) $")
_SIDED = re.compile(  # without such a word the side is not said: "btc 55k tonight, odds?"
    r"\b(?:above|over|exceed\w*|tops?|beats?|break\w*|pass(?:es)?|cross(?:es)?|clears?|past|beyond|least|more|than|holds?|holding"
    r"|stay\w*|keep\w*|remain\w*|surviv\w*|still|floor|support)\b|>"
)
_LOSES = re.compile(r"\blos(?:e|es|ing) (?:the )?$")  # "will it lose 64k"
_OWN = re.compile(
    r"\b(?:have|has|got|own|(?:i|we|am|im|i'm|are|who|and) (?:already |still |currently )?"
    r"(?:hold|holding)|invest(?:ed|ing|s)?|put|spend|spent|savings|worth of|deposit|with|stake|bag of"
    r"|bought|buy|purchase|get for|for|lose|loss on|risk)\b[^?]{0,16}$"
)


@dataclass(frozen=True, slots=True)
class Quantities:
    """What the numbers of a question are. Prices in the quote currency, percentages in percent."""

    threshold: float | None = None
    below: bool | None = False  # None: the side of the price that is further away
    between: tuple[float, float] | None = None
    percent: float | None = None  # that is neither a move nor a level by itself: "make it 50 %"
    move_pct: float | None = None
    move: float | None = None  # the same in the quote currency
    direction: Direction = "either"
    turn: Direction = "either"  # up or down, where the text says which, with or without a percentage
    level: float | None = None
    side: Side = "range"
    touch: bool = False
    closes: bool = False  # a close is named, and no touch
    stays: bool = False
    path: bool = False
    amount: float | None = None
    amount_in: AmountIn = "coin"
    sums: bool = False  # a share of a number is asked for, which is no question about a coin


def quantities_in(
    text: str, coins: "re.Pattern[str]", like: PricedLike, *, foreign_money: bool = False
) -> tuple[Quantities, str]:
    """What the numbers of a readied text are, times aside, and the text with each in a word for its kind.

    `coins` finds its coins, `like` whether a number may be the price of one, `foreign_money` that it is no dollar.
    """
    turn = _turn(ranked(text))
    closes = _CLOSES.search(text) is not None
    touch = _TOUCH.search(text) is not None and not closes
    stays = _STAYS_BETWEEN.search(text) is not None
    found = Quantities(touch=touch, closes=closes, path=_PATH.search(text) is not None, turn=turn)
    if not _BAD_CASE.search(text):  # "value at risk 5 % of 2 eth" speaks of all that it names
        text = shares_multiplied(text, coins)
        if SHARE.search(text):
            return replace(found, sums=True), SHARE.sub(" n ", text)
    found, text = _percent(found, text)
    if (by := _BY_MONEY.search(text)) and not like(float(money := by["n"] or by["m"] or by["o"] or by["p"]) / NEARER):
        text = text.replace(f"${money}", " money ", 1)
        if found.move_pct is None and not foreign_money and 0 < float(money) <= DEAREST:
            found = replace(found, move=float(money), direction=turn)
    if foreign_money:  # of which each would pass for an amount
        found, text = _two_prices(found, text, like)
    if amount := amount_in(text, coins, like, foreign_money=foreign_money and not found.touch):
        found, text = replace(found, amount=amount.value, amount_in=amount.unit), amount.rest
    if found.between is None:
        found, text = _two_prices(found, text, like)
    if found.between is None:
        found, text = _threshold(found, text, like)
    if found.threshold is not None and not closes and (held := _STAYS.search(text)):
        found = replace(found, touch=True, stays=True, below=bool(found.below) != bool(held["not"]))
    if found.between is not None:
        found = replace(found, stays=stays and not closes)
    return found, text


def _percent(found: Quantities, text: str) -> tuple[Quantities, str]:
    """A percentage: how sure a range is to be, or how far the price is to move."""
    at = PERCENT.search(text)
    if at is None:
        multiple = next((each for each in _MULTIPLES if each[0].search(text)), None)
        if multiple is None:
            return found, text
        return replace(found, move_pct=multiple[1], direction=multiple[2]), multiple[0].sub(" percent ", text)
    number = float(at["number"])
    rest = " ".join(f"{text[: at.start()]} percent {text[at.end() :]}".split())
    moved = _MOVE.search(rest) is not None or (at["sign"] or "").strip() in ("+", "-", "±")
    tail = number <= RAREST and _WORST_CASE.search(rest) is not None
    sure = _LEVELED.search(rest) is not None or (number >= LIKELY and _WHICH_PRICE.search(rest) is not None)
    odd = number <= RAREST and not tail and _ODDS.search(rest) is not None  # "chance of a 4 % pop"
    if _RARELY.search(rest) and not moved and "$" not in rest and 1 <= number < 100:  # "a 10 % chance to be exceeded"
        beyond: Side = "below" if _UNDER.search(rest) or _FLOOR.search(rest) else "above"
        return replace(found, level=number, side=beyond), rest
    if _QUANTILE.search(rest) and 1 <= number < 100:
        return replace(found, level=number, side="below"), rest
    if (sure or tail) and not odd and 1 <= number < 100 and not found.touch and (tail or number >= LIKELY or not moved):
        level = 100 - number if tail else number
        side: Side = "above" if tail else "range" if _RANGE.search(rest) else _side(rest)
        return replace(found, level=level, side=side), rest
    if number > 0 and (moved or found.touch or _ODDS.search(rest)):
        signed: dict[str, Direction] = {"+": "up", "-": "down"}
        direction = signed.get((at["sign"] or "").strip(), _turn(rest))
        return replace(found, move_pct=min(number, 1000.0), direction=direction), rest
    return replace(found, percent=number), rest


def _side(text: str) -> Side:
    """Which of its two ends is asked about: the price it stays above, or the one it stays below."""
    denied = _DENIED.search(text) is not None
    over, under = _OVER.search(text) is not None, _UNDER.search(text) is not None
    if over != under:
        return "below" if over == denied else "above"
    if _FLOOR.search(text):
        return "below" if "short" in text.split() else "above"
    return "below" if _CEILING.search(text) else "range"


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
    if not near and _ASKED_OF.search(text):  # "does it break today the 150", "xrp 1.20 tonight"
        near = [(at.start(), n, n) for at in _ANY.finditer(text) if like(float(n := at["number"]))]
    for place, number, whole in sorted(set(near)):
        value = float(number)
        dated = re.search(r"\b(?:in|by|since|of|the|for|until|before|after) $", text[:place])
        year = dated and 2020 <= value <= 2099 and not text.startswith("$", place)
        filled = found.touch and _FILLED.search(text[:place])
        passed = filled or PASSED.search(text) or any(each.search(text[:place]) for each in (_ODDS, _PASSING))
        owned = _OWN.search(text[:place]) and not passed and not re.search(r"^ *how far|\balert\b", text)
        moved = whole[0] == "$" and not like(value) and found.turn != "either" and not _PASSES.search(text[:place])
        if year or (owned and not moved and not (like(value) and _LOSES.search(text[:place]))):
            continue
        rest = text[:place] + " money " + text[place + len(whole) :]
        if moved:  # "does it lose within 3 hours $500"
            return replace(found, move=min(value, float(DEAREST)), direction=found.turn), rest
        below: bool | None = _BELOW.search(text) is not None and _ABOVE.search(text) is None
        if not below and found.turn == "either" and not _SIDED.search(text):
            below = None
        return replace(found, threshold=min(value, float(DEAREST)), below=below), rest
    return found, text
