"""Heads of requests, read only as far as it takes to tell where a request ends.

What is left in doubt here is left to the parser behind it. What the parsers judge differently, and nobody needs (lines
without CR, folded lines, several hosts or none), is refused here, so that it is refused by all.
"""

import re
from typing import NamedTuple

HEAD_BYTES = 16 * 1024  # the longest

_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} [!-~]+ HTTP/1\.([01])\r\n")
_BEGINNING = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}(?: |\Z)")
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r")
_UPGRADE = re.compile(rb"\nupgrade:[^\n]*", re.I)
# questions whose refusal has nothing of its own: OpenAI's addresses have another form, and pages of others need CORS
_OF_OPENAI = rb"/chat/completions|/models|/responses|/completions|/embeddings"
_OURS = re.compile(rb"(?:GET|POST) (?:/predict|/v1(?!%b))[!-~]* HTTP/1\.1\r\n" % _OF_OPENAI)
_UNUSUAL = re.compile(rb"\n(?:origin:|connection:(?![ \t]*keep-alive[ \t]*\r))", re.I)


class Head(NamedTuple):
    """The head of a request."""

    text: bytes  # as the parser is to read it
    end: int  # where it ended in what was received
    body: int | None  # bytes that follow and belong to it; None where the parser alone can tell

    @property
    def is_refusable(self) -> bool:
        """Whether it may be refused as any other, and the connection be used on."""
        return self.body is not None and bool(_OURS.match(self.text)) and not _UNUSUAL.search(self.text)


def read_head(received: bytes) -> Head | None:
    """The head at the beginning; None if more of it must come. Raises ValueError if this is not HTTP/1.1."""
    end = received.find(b"\r\n\r\n", 0, HEAD_BYTES) + 4
    if end < 4:
        if len(received) >= HEAD_BYTES or b"\n\n" in received or not _BEGINNING.match(received):
            raise ValueError
        return None
    text = received[:end]
    line = _LINE.match(text)
    if not line or text.count(b"\n") != text.count(b"\r\n") or b"\n " in text or b"\n\t" in text:
        raise ValueError
    lower = text.lower()
    if lower.count(b"\nhost:") != 1 and (line[1] == b"1" or b"\nhost:" in lower):
        raise ValueError
    if b"\nupgrade:" in lower:  # to another protocol, which nothing here speaks: it is not offered
        text = _UPGRADE.sub(b"", text)
    return Head(text, end, _length(lower))


def _length(lower: bytes) -> int | None:
    if b"\ntransfer-encoding" in lower or b"\nexpect" in lower:
        return None
    if b"\ncontent-length" not in lower:
        return 0
    lengths = _LENGTH.findall(lower)
    return int(lengths[0]) if len(lengths) == lower.count(b"\ncontent-length") == 1 else None
