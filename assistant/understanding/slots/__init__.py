"""Slots: the coins, times, zones, currencies and other quantities that a question names, in plain English."""

from assistant.understanding.slots.coins import FOREIGN_WORDS, NAME_WORDS, NAMES, name_of, symbols_in
from assistant.understanding.slots.currencies import currencies_marked
from assistant.understanding.slots.durations import unitless
from assistant.understanding.slots.grammar import Slots, mask, read_slots, readied
from assistant.understanding.slots.numbers import arabic
from assistant.understanding.slots.quantities import Quantities
from assistant.understanding.slots.record import metrics_named
from assistant.understanding.slots.times import clocks_joined
from assistant.understanding.slots.written_coins import latin, marked
from assistant.understanding.slots.zones import known_zone, zones_marked

__all__ = [
    "FOREIGN_WORDS",
    "NAMES",
    "NAME_WORDS",
    "Quantities",
    "Slots",
    "arabic",
    "clocks_joined",
    "currencies_marked",
    "known_zone",
    "latin",
    "marked",
    "mask",
    "metrics_named",
    "name_of",
    "read_slots",
    "readied",
    "symbols_in",
    "unitless",
    "zones_marked",
]
