"""API keys: who sent one. Only their SHA-256 is known here, so that settings and memory give none away."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

from forecaster.errors import ConfigurationError

ENTRY = re.compile(r"([A-Za-z0-9_.-]{1,40}):([0-9a-f]{64})")
SCHEME = b"bearer "
HOLDER = "cryptosense.key"  # where the name of who holds the key lies in a request's scope
LONGEST = 200  # bytes of a key that are worth hashing
CHALLENGE = 'Bearer realm="CryptoSense"'  # for WWW-Authenticate
NEW_KEY = (  # prints a new key and its hash
    "python -c 'import hashlib, secrets; k = secrets.token_urlsafe(32); "
    "print(k, hashlib.sha256(k.encode()).hexdigest())'"
)


class Keys:
    """The keys that are let in, by the name of who holds each."""

    def __init__(self, entries: Sequence[str]) -> None:
        """`entries` are NAME:SHA-256 in hex; a name may occur twice while its key is being replaced.

        Raises ConfigurationError without quoting an entry.
        """
        found = [ENTRY.fullmatch(entry) for entry in entries]
        self._holders = [(each[1], each[2]) for each in found if each]
        if len(self._holders) != len(entries):
            raise ConfigurationError(
                "CRYPTOSENSE_API_KEYS holds something that is not NAME:SHA-256.",
                f"Separate entries with commas. This prints a new key and its hash: {NEW_KEY}.",
            )

    def __len__(self) -> int:
        return len(self._holders)

    def holder(self, key: bytes) -> str | None:
        """The name of who holds `key`, or None for a wrong one. Takes as long for every key of one length."""
        digest, name = hashlib.sha256(key[:LONGEST]).hexdigest(), None
        for each, known in self._holders:
            if hmac.compare_digest(digest, known):
                name = each
        return name if len(key) <= LONGEST else None


def sent_key(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The key of `Authorization: Bearer KEY` or `X-API-Key: KEY`, if there is one; the first of several."""
    for name, value in headers:
        if name == b"x-api-key":
            return value.strip()
        if name == b"authorization" and value[: len(SCHEME)].lower() == SCHEME:
            return value[len(SCHEME) :].strip()
    return None
