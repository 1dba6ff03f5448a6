"""The tabs beside the chat, as HTML: the model's report and its live record."""

from assistant.page.tabs.model_record import ModelRecord
from assistant.page.tabs.record_tab import track_record_tab, without_record
from assistant.page.tabs.report_tab import report_tab

__all__ = [
    "ModelRecord",
    "report_tab",
    "track_record_tab",
    "without_record",
]
