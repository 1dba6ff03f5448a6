"""The chat: an agent over the tools, its embedded language model, and the page that shows it."""
