"""Candle files: rows of many layouts read as hourly candles, and candles written again."""

from forecaster.market.files.inspection import in_words, told_of
from forecaster.market.files.reader import CandleFile, read_candles
from forecaster.market.files.rows import Reading
from forecaster.market.files.source import FileSource
from forecaster.market.files.writer import check_writable, write_candles

__all__ = [
    "CandleFile",
    "FileSource",
    "Reading",
    "check_writable",
    "in_words",
    "read_candles",
    "told_of",
    "write_candles",
]
