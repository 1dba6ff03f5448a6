"""Bodies and headers that no endpoint may take, whatever it expects: each made from a body that it does take."""

import gzip
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple

MARK = "SECRET-7f3a"  # must not come back in an answer
JSON = {"content-type": "application/json"}
GZIP = {**JSON, "content-encoding": "gzip"}
ZEROS = 20 * 1024 * 1024  # bytes of a bomb, once unpacked


class Sent(NamedTuple):
    """What is sent instead of a good body."""

    content: bytes | AsyncIterator[bytes]
    headers: Mapping[str, str] = JSON


def with_field(good: bytes, value: str, name: str = MARK) -> bytes:
    """A good object with one more field."""
    return good.rstrip()[:-1] + f', "{name}": {value}}}'.encode()


async def endless() -> AsyncIterator[bytes]:
    """Chunks without end."""
    while True:
        yield b" " * 65536


def _first_key(good: bytes) -> str:
    return str(next(iter(json.loads(good))))


# name -> what is made of a good body, an object
HOSTILE: dict[str, Callable[[bytes], Sent]] = {
    "nothing": lambda good: Sent(b""),
    "white space": lambda good: Sent(b" \n\t "),
    "null": lambda good: Sent(b"null"),
    "true": lambda good: Sent(b"true"),
    "a number": lambda good: Sent(b"1"),
    "a string": lambda good: Sent(f'"{MARK}"'.encode()),
    "a list of nothing": lambda good: Sent(b"[null]"),
    "a list of lists": lambda good: Sent(b"[[[[]]]]"),
    "NaN alone": lambda good: Sent(b"NaN"),
    "NaN in one more field": lambda good: Sent(with_field(good, "NaN")),
    "Infinity in one more field": lambda good: Sent(with_field(good, "Infinity")),
    "-Infinity in one more field": lambda good: Sent(with_field(good, "[-Infinity]")),
    "the first key twice": lambda good: Sent(with_field(good, "null", _first_key(good))),
    "a key twice further in": lambda good: Sent(with_field(good, '{"a": 1, "a": 1}')),
    "an integer too long to read": lambda good: Sent(with_field(good, "1" * 5000)),
    "digits alone": lambda good: Sent(b"1" * 60_000),
    "cut off": lambda good: Sent(good.rstrip()[:-1]),
    "cut in half": lambda good: Sent(good[: len(good) // 2]),
    "something after it": lambda good: Sent(good + f' "{MARK}"'.encode()),
    "twice": lambda good: Sent(good + good),
    "a comma too many": lambda good: Sent(good.rstrip()[:-1] + b",}"),
    "a comment": lambda good: Sent(good + f"// {MARK}".encode()),
    "single quotes": lambda good: Sent(good.replace(b'"', b"'")),
    "a lone surrogate": lambda good: Sent(b'"\\ud800"'),
    "a lone surrogate as the only key": lambda good: Sent(b'{"\\ud800": 1}'),
    "a control character in a key": lambda good: Sent(with_field(good, "1", "a\x01")),
    "zero bytes": lambda good: Sent(b"\x00" * 100),
    "a zero byte after it": lambda good: Sent(good + b"\x00"),
    "a byte order mark": lambda good: Sent(b"\xef\xbb\xbf" + good),
    "UTF-16": lambda good: Sent(good.decode().encode("utf-16")),
    "UTF-16 without a mark": lambda good: Sent(good.decode().encode("utf-16-le")),
    "UTF-32": lambda good: Sent(good.decode().encode("utf-32")),
    "Latin-1": lambda good: Sent(with_field(good, "1", "x").replace(b'"x"', b'"\xe9"')),
    "overlong UTF-8": lambda good: Sent(with_field(good, "1", "x").replace(b'"x"', b'"\xc0\xaf"')),
    "lists too deep": lambda good: Sent(with_field(good, "[" * 20_000 + "]" * 20_000)),
    "objects too deep": lambda good: Sent(with_field(good, '{"a":' * 9_000 + "1" + "}" * 9_000)),
    "deep and open": lambda good: Sent(b"[" * 60_000),
    "a form": lambda good: Sent(f"a=1&b={MARK}".encode()),
    "XML with an entity": lambda good: Sent(b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'),
    "a pickle": lambda good: Sent(b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94."),
    "packed but not said so": lambda good: Sent(gzip.compress(good)),
    "packed": lambda good: Sent(gzip.compress(good), GZIP),
    "a bomb": lambda good: Sent(gzip.compress(bytes(ZEROS)), GZIP),
    "said to be packed": lambda good: Sent(good, GZIP),
    "packed in another way": lambda good: Sent(good, {**JSON, "content-encoding": "br, gzip"}),
    "another type": lambda good: Sent(good, {"content-type": "text/plain"}),
    "no type": lambda good: Sent(good, {}),
    "almost the type": lambda good: Sent(good, {"content-type": "application/jsonp"}),
    "the type of a form": lambda good: Sent(good, {"content-type": "multipart/form-data; boundary=x"}),
    "chunks without end": lambda good: Sent(endless()),
    "a length beyond every limit": lambda good: Sent(good, {**JSON, "content-length": "99999999999999999999"}),
}
