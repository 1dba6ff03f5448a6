"""Candles in, forecasts out. Knows nothing of chat, HTTP servers or LangChain."""
