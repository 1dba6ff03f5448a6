"""The chat page: Gradio Blocks over one turn of the agent. Only `app` knows Gradio."""

from assistant.page.feedback import Feedback
from assistant.page.services import Behind

__all__ = [
    "Behind",
    "Feedback",
    "app",
    "tabs",
]
