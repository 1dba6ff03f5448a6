"""What messages were read as: a conversation travels whole with each turn, and need not be read anew each time.

Messages themselves are not kept, only their hashes, and those for minutes.
"""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from hashlib import blake2b
from threading import Lock

from cachetools import TTLCache

from assistant.understanding.conversation import Before
from assistant.understanding.frame import Question

KEPT = 1024  # messages
KEPT_FOR = 600.0  # seconds
ELSEWHEN = timedelta(days=400, hours=1, minutes=17)  # another time of day, day, weekday, month and year

Reading = tuple[Question, Before]  # what a message asks, and what the next one may leave out


class Readings:
    """The readings of messages in what was said before them; of those that name a time, at the moment they were read.

    Safe to share between threads and conversations.
    """

    def __init__(self) -> None:
        self._kept: TTLCache[Hashable, tuple[Reading, datetime | None]] = TTLCache(KEPT, KEPT_FOR)
        self._keeping = Lock()

    def of(
        self,
        typed: str,
        before: Before,
        around: Hashable,
        now: datetime,
        read: Callable[[datetime], Reading],
    ) -> Reading:
        """What `read` gives at `now`, from what is kept where that must be the same; `around` is all else it reads."""
        key = (blake2b(typed.encode("utf-8", "surrogatepass"), digest_size=16).digest(), before, around)
        with self._keeping:
            kept, when = self._kept.get(key) or (None, None)
        if kept is not None and when in (None, now):
            return kept
        reading = read(now)
        timed = when is not None or reading != read(now + ELSEWHEN)
        with self._keeping:
            self._kept[key] = reading, now if timed else None
        return reading
