"""Whether the database works: learned from every use of it, told to the log, to /readyz and to metrics."""

import logging
from collections.abc import Callable
from enum import IntEnum
from threading import Lock

from forecaster.database.faults import DAMAGED, FULL, SILENT, SLOW
from forecaster.errors import ConfigurationError, DatabaseError

log = logging.getLogger(__name__)


class Proof(IntEnum):
    """What has just worked; each shows more than the one before."""

    READ = 0
    TRIED = 1  # a transaction that might have written
    WRITTEN = 2
    OPENED = 3  # a file was opened that was not open before


ENDS = {
    SILENT: Proof.READ,
    SLOW: Proof.READ,
    FULL: Proof.WRITTEN,
    DAMAGED: Proof.OPENED,
}  # what shows that a fault is over


class Health:
    """What is wrong with the database, if anything. The log has a line for each change; safe to share between threads.

    Who uses the database for candles and who uses it for forecasts share one.
    """

    def __init__(self, told: Callable[[bool], None] = lambda works: None) -> None:
        """`told` is called at each change with whether the database works."""
        self.fault: ConfigurationError | None = None
        self._told = told
        self._logged: set[str] = set()  # messages, since it last worked
        self._changing = Lock()

    @property
    def silent(self) -> bool:
        """Whether the database did not answer when it was last asked."""
        return isinstance(self.fault, DatabaseError) and self.fault.cause == SILENT

    def failed(self, fault: ConfigurationError) -> None:
        """Note what went wrong."""
        with self._changing:
            before, self.fault = self.fault, fault
            if fault.message not in self._logged:
                self._logged.add(fault.message)
                log.error("%s Going on without it.", fault)
            if before is None:
                self._told(False)

    def worked(self, proof: Proof) -> None:
        """Note what went well."""
        with self._changing:
            if self.fault is None:
                return
            needed = ENDS.get(self.fault.cause, Proof.TRIED) if isinstance(self.fault, DatabaseError) else Proof.TRIED
            if proof >= needed:
                self.fault = None
                self._logged.clear()
                log.warning("The database works again.")
                self._told(True)
