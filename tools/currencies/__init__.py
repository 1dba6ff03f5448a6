"""Other currencies than the dollar: what one is worth now, and the prices that are named in them."""

from tools.currencies.conversion import InCurrency, facts_of, in_currency, in_dollars
from tools.currencies.rates import Rate, is_simulated, quoted_in, rate_of

__all__ = ["InCurrency", "Rate", "facts_of", "in_currency", "in_dollars", "is_simulated", "quoted_in", "rate_of"]
