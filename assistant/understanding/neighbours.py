"""What parts of a message, and the asks that they become, take from those beside them."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.understanding.frame import Ask, Intent
from assistant.understanding.meaning import TIMES
from assistant.understanding.message_parts import Message, Part, says_nothing


def adds_nothing(part: Part) -> bool:
    """Whether a part only asks what the record tells anyway: "and what came of it", "hit rate?"."""
    return part.intent in (Intent.METRICS, Intent.CANDLES, Intent.OTHER) and says_nothing(part.slots)


def with_coin(parts: Sequence[Part], message: Message) -> list[Part]:
    """The parts; those before the one that names the message's only coin speak of it too: "1h, 4h and 8h for eth"."""
    first = next((place for place, part in enumerate(parts) if part.slots.symbols), 0)
    if len(message.named) != 1:
        return list(parts)
    coined = [replace(part, slots=replace(part.slots, symbols=message.named)) for part in parts[:first]]
    return [*coined, *parts[first:]]


def timed_alike(asks: Sequence[Ask]) -> list[Ask]:
    """Forecasts in a row with the time of the last of them, where the others name none: "btc and eth in 3 hours"."""
    told = list(asks)
    for place in range(len(told) - 2, -1, -1):
        this, after = told[place], told[place + 1]
        if this.intent is after.intent is Intent.FORECAST and not any(getattr(this, name) for name in TIMES):
            told[place] = replace(this, **{name: getattr(after, name) for name in (*TIMES, "zone", "assumed")})
    return told
