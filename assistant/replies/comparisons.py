"""Coins beside each other, in words: who is highest or lowest on what was asked, with the figure of each."""

from collections.abc import Callable

from assistant.replies.clarifications import reading
from assistant.replies.speech import Speech
from assistant.understanding import Ask, Intent
from tools import ComparedCoin, Comparison


def comparison(speech: Speech, ask: Ask, found: Comparison, *, brief: bool) -> list[str]:
    """Who is ahead, or behind where that was asked; two prices as their ratio first."""
    ahead = found.by == "forecast"
    least = ask.below or ask.worst or (ask.direction == "down" and not ahead)
    value = _VALUES[found.by]
    known = [each for each in found.rows if value(each) is not None]
    sized = found.by == "move" and (ask.worst or (ask.farthest and not least))  # up or down alike
    rows = sorted(known, key=lambda each: abs(value(each) or 0) if sized else value(each) or 0, reverse=not least)
    items = [
        speech.say("compare.item", coin=speech.coin(each.symbol), value=_told(speech, found.by, each)) for each in rows
    ]
    facts = {
        "coin": speech.coin(rows[0].symbol if sized else found.lowest if least else found.highest),
        "items": speech.comma(items),
        "over": _over(speech, ask, found),
        "ahead": speech.ahead(found.hours),
        "origin": "" if brief else _origin(speech, found),
    }
    even = found.by in ("move", "volatility") and len({_told(speech, found.by, each) for each in rows}) == 1
    if even and len(rows) > 1:
        end = "even"
    elif sized:
        end = "calmest" if least else "farthest"
    else:
        end = "least" if least else "most"
    told = [speech.say(f"compare.{found.by}_{end}", **facts)]
    if found.by == "price" and found.ratio is not None and len(found.rows) > 1:
        first, second = (each.symbol.partition("-")[0] for each in found.rows[:2])
        ratio = {"amount": speech.coins(1, first), "worth": speech.coins(found.ratio, second)}
        told = [speech.say("price.worth", origin="", **ratio), speech.say("compare.prices", **facts)]
    if ahead:  # who may rise, unless it is asked whose range is wider
        up = ask.direction != "down"
        likeliest = sorted(found.rows, key=lambda each: each.probability_up or 0.0, reverse=up)
        chances = [
            speech.say("compare.item", coin=speech.coin(each.symbol), value=speech.chance(each.probability_up))
            for each in likeliest
            if each.probability_up is not None
        ]
        told.insert(
            1 if ask.farthest or least else 0,
            speech.say("compare.up", items=speech.comma(chances), ahead=facts["ahead"]),
        )
    return told


def missing(speech: Speech, found: Comparison) -> list[str]:
    """The coins that could not be compared."""
    intent = Intent.FORECAST if found.by in ("forecast", "record") else Intent.PRICE
    coins = tuple(each.symbol for each in found.left_out)
    return [speech.say("failures.missing", what=reading(speech, Ask(intent, coins)))] if coins else []


_VALUES: dict[str, Callable[[ComparedCoin], float | None]] = {
    "price": lambda coin: coin.price,
    "move": lambda coin: coin.change_pct,
    "volatility": lambda coin: coin.volatility_pct,
    "forecast": lambda coin: coin.width_pct,
    "record": lambda coin: coin.skill_pct,
}


def _told(speech: Speech, by: str, coin: ComparedCoin) -> str:
    """A coin's figure in its unit; moves and records have their sign."""
    value = _VALUES[by](coin) or 0.0
    if by == "price":
        return speech.price(value, coin.symbol, coin.quote)
    return speech.percent(value, 1 if by == "record" else 2, sign=by in ("move", "record"))


def _over(speech: Speech, ask: Ask, found: Comparison) -> str:
    """The last hours, or from one moment to another."""
    if found.start is None or found.end is None or ask.start is None:
        return speech.over(found.hours)
    newest = max(each.as_of for each in found.rows)
    return speech.period(found.start, None if found.end >= newest else found.end, newest, ask.zone)


def _origin(speech: Speech, found: Comparison) -> str:
    """The sources, and the newest of the candles."""
    sources = dict.fromkeys(speech.source(each.source) for each in found.rows)
    newest = max(each.as_of for each in found.rows)
    return speech.say("time.origin", source=speech.listed(list(sources)), time=speech.near(newest, newest))
