"""Holds every reply, whichever model wrote it, to what tools gave."""

from assistant.grounding.grounding import Checked, Grounding, Refused, leaving_out, refusing

__all__ = [
    "Checked",
    "Grounding",
    "Refused",
    "leaving_out",
    "refusing",
]
