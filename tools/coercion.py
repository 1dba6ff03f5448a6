"""What a caller meant by an argument that is not of its type: "6" for 6, null for nothing, "XBT" for BTC-USD.

Language models and MCP clients send such arguments. What may be read in one way alone is read so, by the tool's own
JSON schema; all else stays as it came, for the tool's check to refuse.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from forecaster.market import catalogue, nearest, spellings
from forecaster.schema import SYMBOL

LONGEST = 64  # characters of a text that is read
LARGEST = 10**15  # a whole number from here on is no count and no price
QUOTES = ("usd", "usdt", "usdc")  # the dollars that a coin is quoted in
_WHOLE = re.compile(r"[+-]?\d{1,15}(?:\.0{1,15})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_PAIR = re.compile(rf"\$?(?P<code>.{{1,40}}?)\s*(?P<mark>[-/_: ]?)\s*(?P<quote>{'|'.join(QUOTES)})", re.IGNORECASE)
_CODE = re.compile(r"[A-Z0-9]{2,12}", re.ASCII)
_SYMBOL = f"^{SYMBOL.pattern}$"


class Understood(NamedTuple):
    """Arguments as a tool takes them, and of these the ones that were written another way."""

    arguments: dict[str, object]
    told: dict[str, object]


def understood(arguments: type[BaseModel], given: Mapping[str, object]) -> Understood:
    """What was meant. Never raises: what cannot be read stays as it is."""
    kinds = _kinds(arguments)
    taken: dict[str, object] = {}
    for name, value in given.items():
        if value is None and name in kinds:  # left out
            continue
        taken[name] = _read(value, kinds[name]) if name in kinds else value
    told = {name: _plain(value) for name, value in taken.items() if name in kinds and _differs(given[name], value)}
    return Understood(taken, told)


def near(given: object) -> tuple[str, ...]:
    """The symbols most like what was asked for, where a text names no coin that is known; else none."""
    texts = [given] if isinstance(given, str) else given if isinstance(given, list | tuple) else []
    strange = [text for text in texts if isinstance(text, str) and _symbol(text) is None]
    return nearest(strange[0].strip(), catalogue()) if strange else ()


def is_symbol_argument(arguments: type[BaseModel], name: str) -> bool:
    """Whether an argument takes a symbol, or several."""
    return any(
        kind.get("pattern") == _SYMBOL or kind.get("items", {}).get("pattern") == _SYMBOL
        for kind in _kinds(arguments).get(name, ())
    )


@cache
def _kinds(arguments: type[BaseModel]) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    """The JSON schemas that an argument may fit, by its name."""
    schema = arguments.model_json_schema()
    shared = schema.get("$defs", {})

    def alternatives(each: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        each = shared.get(str(each["$ref"]).rpartition("/")[2], {}) if "$ref" in each else each
        return [inner for one in each["anyOf"] for inner in alternatives(one)] if "anyOf" in each else [each]

    return {name: tuple(alternatives(each)) for name, each in schema.get("properties", {}).items()}


def _read(value: object, kinds: Sequence[Mapping[str, Any]]) -> object:
    """The first reading of a value that one of the kinds allows; the value itself where none does."""
    for kind in kinds:
        read = _of_kind(value, kind)
        if read is not None:
            return read
    return value


def _of_kind(value: object, kind: Mapping[str, Any]) -> object:
    """A value as one kind of schema has it; None where it cannot be read so."""
    match kind.get("type"), value:
        case "integer", str() if len(value) <= LONGEST and _WHOLE.fullmatch(value.strip()):
            return int(value.strip().partition(".")[0])
        case "integer", float() if value.is_integer() and abs(value) < LARGEST:
            return int(value)
        case "number", str() if len(value) <= LONGEST and _NUMBER.fullmatch(value.strip()):
            number = float(value)
            return number if math.isfinite(number) else None
        case "boolean", str() if value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        case "string", str() if len(value) <= LONGEST:
            return _text(value, kind)
        case "array", list() | tuple() | str():
            return _list(value, kind)
    return None


def _text(value: str, kind: Mapping[str, Any]) -> str | None:
    if kind.get("pattern") == _SYMBOL:
        return _symbol(value)
    wanted = value.strip().casefold()
    return next((each for each in kind.get("enum", ()) if str(each).casefold() == wanted), None)


def _list(value: Sequence[object] | str, kind: Mapping[str, Any]) -> list[object] | tuple[object, ...] | None:
    """Several values, as a list or in one text; as a tuple where each place has a kind of its own."""
    if isinstance(value, str):
        if len(value) > 8 * LONGEST:
            return None
        try:
            several = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
        except ValueError:
            return None
        value = several if isinstance(several, list) else [several]
    items, each = kind.get("prefixItems", ()), kind.get("items", {})
    of = [items[place] if place < len(items) else each for place in range(len(value))]
    read = [_read(inner, [one]) for inner, one in zip(value, of, strict=True)]
    return tuple(read) if items else read


def _symbol(text: str) -> str | None:
    """The symbol that a text means: by a name of the catalogue, or by a code that is quoted in dollars."""
    text = text.strip()
    if len(text) > LONGEST:
        return None
    names = _names()
    if known := names.get(text.removeprefix("$").casefold()):
        return known
    pair = _PAIR.fullmatch(text)
    if pair is None:
        return None
    code = pair["code"].strip()
    if known := names.get(code.casefold()):
        return known
    quoted = pair["mark"] or pair["quote"].lower() == "usdt"  # "PYUSD" is a coin of its own
    return f"{code.upper()}-USD" if quoted and _CODE.fullmatch(code.upper()) else None


@cache
def _names() -> Mapping[str, str]:
    """Every way to write a coin of the catalogue, in any language."""
    coins = catalogue().values()
    return {name.casefold(): coin.symbol for coin in coins for name in (*coin.local.values(), *spellings(coin))}


def _differs(given: object, taken: object) -> bool:
    """Whether a reading is worth telling: "6" for 6 is none, "XBT" for BTC-USD is one."""
    if isinstance(taken, str):
        return given != taken
    if isinstance(taken, list | tuple):
        if not isinstance(given, list | tuple) or len(given) != len(taken):
            return True
        return any(_differs(one, other) for one, other in zip(given, taken, strict=True))
    return False


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
