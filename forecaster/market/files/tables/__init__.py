"""Tables of candle files: what a file is and holds, read in bounded batches, and where a bad row stands in it."""

from forecaster.market.files.tables.opening import open_tables

__all__ = ["open_tables"]
