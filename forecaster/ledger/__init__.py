"""Every forecast issued live, what became of it, and the record that follows."""

from forecaster.ledger.history import Past
from forecaster.ledger.ledger import Ledger, Open
from forecaster.ledger.recorder import Recorder
from forecaster.ledger.scoring import Settled, graded, graded_all
from forecaster.ledger.track_record import Graded, Kept, LedgerPage, Outcome, TrackRecord
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
    "graded",
    "graded_all",
    "migrate",
    "tables",
]
