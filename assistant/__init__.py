"""The chat: an agent over the tools, its embedded language model, and the page that shows it.

Its face names modules, each loaded where it is used: the agent's libraries take a second, which whoever wants only what
the knowledge holds need not wait for.
"""

import forecaster  # noqa: F401  # first: it tells the libraries to be quiet

__all__ = ["agent", "budget", "chat_models", "events", "knowledge", "page", "terminal"]
