"""Made-up candles written in the layouts that people have."""
