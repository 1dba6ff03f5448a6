"""Holds every reply, whichever model wrote it, to what tools gave."""

from assistant.grounding.claims import Claims
from assistant.grounding.grounding import Checked, Grounding, Refused, leaving_out, refusing

__all__ = [
    "Checked",
    "Claims",
    "Grounding",
    "Refused",
    "leaving_out",
    "refusing",
]
