"""The chat: an agent over the tools, its embedded language model, and the page that shows it."""

import forecaster  # noqa: F401  # first: it tells the libraries to be quiet
from assistant.agent import Agent, build_agent, run_turn
from assistant.budget import Budget
from assistant.chat_models import open_chat_model
from assistant.events import Event, Token, ToolFinished
from assistant.terminal import run_ask

__all__ = [
    "Agent",
    "Budget",
    "Event",
    "Token",
    "ToolFinished",
    "build_agent",
    "open_chat_model",
    "page",
    "run_ask",
    "run_turn",
]
