"""Time zones by their IANA names, and what people call them: "CET", or a city where there are no such letters."""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

USUAL = "UTC"
SHARED = {  # letters that several zones go by, and the offset of the one that is usually meant
    "CST": timedelta(hours=-6), "PST": timedelta(hours=-8), "IST": timedelta(hours=5, minutes=30),
}  # fmt: skip
RENAMED = {  # cities by whose old names browsers still know their zones
    "Calcutta": "Kolkata", "Dacca": "Dhaka", "Katmandu": "Kathmandu", "Kiev": "Kyiv", "Rangoon": "Yangon",
    "Saigon": "Ho Chi Minh",
}  # fmt: skip
NAMES = Path(__file__).with_name("cities.toml")
REGIONS = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()  # noqa: SIM905
)  # of the names that end in a city


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; UTC where nobody knows it, or it has no name that can be told."""
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such name, or one that is no file
        return ZoneInfo(USUAL)
    return zone if city_of(name) or letters_of(datetime(2026, 1, 1, tzinfo=zone)) else ZoneInfo(USUAL)


def city_of(name: str, language: str = "en") -> str | None:
    """The city that a zone is named by, as a language calls it: "New York"; None for "UTC" or "US/Pacific"."""
    region, _, place = name.partition("/")
    city = place.rpartition("/")[2].replace("_", " ")
    city = RENAMED.get(city, city)
    return _names().get(city, {}).get(language, city) if region in REGIONS and city else None


@cache
def _names() -> dict[str, dict[str, str]]:
    """What languages call cities otherwise than the database does."""
    return tomllib.loads(NAMES.read_text(encoding="utf-8"))


def letters_of(time: datetime) -> str | None:
    """What the clocks of its zone are called at that time, such as "CET"; None where that is a number, or misleads."""
    name = time.tzname()
    if name is None or not name.isalpha():
        return None
    return name if name not in SHARED or time.utcoffset() == SHARED[name] else None
