"""Time zones that a message names ("5pm new york", "9:00 ist"), each marked so that nothing else takes it for a word.

Cities come from the time zone database, what people call them besides from zones.toml.
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from assistant.understanding.spelling import plain

ZONE = "\u01c3"  # a letter of no European language: what follows it is a zone's number, in letters
MARKED = re.compile(rf"{ZONE}([a-z])([a-z])")
_JOINED = re.compile(r"[\u3040-\u9fff]")  # scripts that write no spaces between words
_CONTINENTS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
# Cities of the database that are everyday words or coins, or that nobody means who does not say so.
_OTHERWISE = frozenset((
    "center", "midway", "nome", "easter", "casey", "troll", "vostok", "davis", "palmer", "wake",
    "truk", "yap", "apia", "faro", "guam", "menominee", "knox", "marengo", "winamac", "monaco",
    "jersey", "guernsey", "niue", "nauru", "north", "south", "east", "west", "eirunepe", "eastern",
    "central", "pacific", "christmas", "reunion",
))  # fmt: skip
_FOLLOWS = (
    r"(?<=[\d])(?: ?(?:am|pm|a\.m\.?|p\.m\.?|h|hs|hrs|hours|uhr|o'?clock|heures?|horas?|点|點|時|ore|часов))? ?"
    r"(?:in |at |, ?|(?:hora|heure|ora|horario) )?|\b(?:noon|midnight|afternoon|morning|evening|mittag|mitternacht|midi"
    r"|minuit|mediodia|medianoche|meio-dia|meia-noite) (?:in )?"
)
# Short names that are words of Romance languages.
_ROMANCE = frozenset((
    "et", "est", "la", "pt", "art", "ct", "mt", "z", "sf", "wet",
    "west", "eat", "gb", "sg", "mst",
))  # fmt: skip
_HOUR_OF = r"(?:hora (?:de |en )?|heure (?:de |d' )?|ora di |horario (?:de )?|в |по времени )(?:la )?"
_HOUR_IN = re.compile(r"(?<=[\dh]) (?:hora|heure|ora|horario) $")  # "20h hora española"
_OFFSET = re.compile(r"(?<![a-z])(?:utc|gmt) ?(?P<sign>[+-]) ?(?P<hours>1[0-4]|\d)(?::?00)?(?!\d)")


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """Every zone of the IANA database by name, without those that mean something else on each machine."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


@lru_cache(maxsize=1)
def _names() -> tuple[tuple[str, ...], dict[str, str], dict[str, str]]:
    """Every zone, and which of them each name means: names that stand alone, and short ones."""
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        tables = tomllib.load(file)
    cities = {
        zone.rpartition("/")[2].replace("_", " ").lower(): zone
        for zone in sorted(time_zones(), reverse=True)
        if zone.startswith(_CONTINENTS)
    }
    places = {name: zone for name, zone in cities.items() if name not in _OTHERWISE and len(name) > 3}
    places |= {plain(name): zone for zone, names in tables["places"].items() for name in names}
    short = {name: zone for zone, names in tables["short"].items() for name in names}
    offsets = (f"Etc/GMT{sign}{hours}" for sign in "+-" for hours in range(1, 15) if (sign, hours) <= ("-", 14))
    every = sorted({*places.values(), *short.values(), *(zone for zone in offsets if zone in time_zones())})
    return tuple(every), places, short


@lru_cache(maxsize=1)
def _patterns() -> "tuple[re.Pattern[str], re.Pattern[str]]":
    _, places, short = _names()
    edge, end = r"(?<![^\W\d_])", r"(?![^\W\d_])"
    spaced = "|".join(re.escape(name) for name in sorted(places, key=_longest) if not _JOINED.search(name))
    joined = "|".join(re.escape(name) for name in sorted(places, key=_longest) if _JOINED.search(name))
    codes = "|".join(map(re.escape, sorted(short, key=_longest)))
    return (
        re.compile(
            rf"(?:{edge}{_HOUR_OF})?{edge}(?P<place>{spaced})(?:er)?{end}(?:'?s)?(?: (?:local )?(?:time|zeit|시간)\b)?"
            rf"|(?P<joined>{joined})(?:时间|時間)?"
        ),
        re.compile(
            rf"(?P<before>{_FOLLOWS})\(?(?<![^\W\d_])(?P<code>{codes}){end}\)?(?: time\b)?|"
            rf"{edge}(?P<timed>{codes}) (?:time|zeit)\b"
        ),
    )


def zones_marked(text: str, *, romance: bool = False) -> str:
    """A plain text in which every zone is a mark, which `zone_in` reads.

    `romance` says that the text's language has everyday words such as "et" and "la" in it.
    """
    _, places, short = _names()
    alone, codes = _patterns()
    text = _OFFSET.sub(lambda at: f" {_mark(_offset(at['sign'], int(at['hours'])))} ", text)
    text = codes.sub(lambda at: _coded(at, short, romance=romance), text)
    return alone.sub(lambda at: f" {_mark(places[at['place'] or at['joined']])} ", text)


def _coded(at: "re.Match[str]", short: dict[str, str], *, romance: bool) -> str:
    """A short name as a mark; a word of a Romance language stays one, unless it follows "am" or "pm"."""
    code, before = at["code"] or at["timed"], at["before"] or ""
    if romance and code in _ROMANCE and before.strip() not in ("am", "pm"):
        return at[0]
    return f"{_HOUR_IN.sub('', before)} {_mark(short[code])} "


def zone_in(marked: str) -> str | None:
    """The IANA name of the first zone of a marked text, or None."""
    found = MARKED.search(marked)
    return _names()[0][26 * (ord(found[1]) - 97) + ord(found[2]) - 97] if found else None


@lru_cache(maxsize=256)
def known_zone(name: str) -> str:
    """A visitor's zone by its IANA name; UTC where it is none."""
    if len(name) > 64 or name not in time_zones():
        return "UTC"
    return ZoneInfo(name).key


def _mark(zone: str) -> str:
    number = _names()[0].index(zone)
    return f"{ZONE}{chr(97 + number // 26)}{chr(97 + number % 26)}"


def _offset(sign: str, hours: int) -> str:
    """UTC+2 is Etc/GMT-2 in the database."""
    return f"Etc/GMT{'-' if sign == '+' else '+'}{hours}" if hours else "UTC"


def _longest(name: str) -> tuple[int, str]:
    return -len(name), name
