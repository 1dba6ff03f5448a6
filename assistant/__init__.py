"""The chat: an agent over the tools, its embedded language model, and the page that shows it."""

import forecaster  # noqa: F401  # first: it tells the libraries to be quiet
