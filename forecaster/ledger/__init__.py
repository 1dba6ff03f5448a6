"""Every forecast issued live, what became of it, and the record that follows."""

from forecaster.ledger.cursor import cursor_up_to
from forecaster.ledger.history import Past
from forecaster.ledger.ledger import Ledger, Open
from forecaster.ledger.recorder import Recorder
from forecaster.ledger.scoring import Settled, graded, graded_all
from forecaster.ledger.track_record import Graded, Kept, LedgerPage, Outcome, TrackRecord, Waiting
from forecaster.ledger.upgrade import migrate

__all__ = [
    "Graded",
    "Kept",
    "Ledger",
    "LedgerPage",
    "Open",
    "Outcome",
    "Past",
    "Recorder",
    "Settled",
    "TrackRecord",
    "Waiting",
    "cursor_up_to",
    "graded",
    "graded_all",
    "migrate",
    "tables",
]
