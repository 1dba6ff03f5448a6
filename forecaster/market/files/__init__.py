"""Candle files: rows of many layouts read as hourly candles, and candles written again."""

from forecaster.market.files.reader import FileSource, check_writable, read_candles, write_candles

__all__ = [
    "FileSource",
    "check_writable",
    "read_candles",
    "write_candles",
]
