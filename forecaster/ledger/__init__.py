"""Every forecast issued live, what became of it, and the record that follows."""

from forecaster.ledger.history import Past
from forecaster.ledger.ledger import Ledger, Open
from forecaster.ledger.recorder import Recorder
from forecaster.ledger.track_record import Graded, Kept, LedgerPage, Settled, TrackRecord, graded, graded_all

__all__ = [
    "Graded",
    "Kept",
    "Ledger",
    "LedgerPage",
    "Open",
    "Past",
    "Recorder",
    "Settled",
    "TrackRecord",
    "graded",
    "graded_all",
]
