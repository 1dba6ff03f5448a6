"""Alerts: what somebody wants to be told of, watched on the live feed, kept in the database, and delivered."""

from forecaster.alerts.addresses import Allowed, Dial, Resolve
from forecaster.alerts.alerts import Alert, Fresh, Listing, Wanted
from forecaster.alerts.bodies import Notice
from forecaster.alerts.counting import Counting
from forecaster.alerts.courier import Pace
from forecaster.alerts.desk import Desk
from forecaster.alerts.sending import Receiver, signature
from forecaster.alerts.service import Alerts
from forecaster.alerts.told import TOKENS, StreamAlerts

__all__ = [
    "TOKENS",
    "Alert",
    "Alerts",
    "Allowed",
    "Counting",
    "Desk",
    "Dial",
    "Fresh",
    "Listing",
    "Notice",
    "Pace",
    "Receiver",
    "Resolve",
    "StreamAlerts",
    "Wanted",
    "signature",
]
