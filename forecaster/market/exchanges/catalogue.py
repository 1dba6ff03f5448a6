"""The exchanges that can be asked, by name; short because adding one is a file of its own and a line here."""

from forecaster.market.exchanges.base import Exchange
from forecaster.market.exchanges.binance import Binance
from forecaster.market.exchanges.bitstamp import Bitstamp
from forecaster.market.exchanges.coinbase import Coinbase
from forecaster.market.exchanges.kraken import Kraken

EXCHANGES: dict[str, type[Exchange]] = {kind.name: kind for kind in (Bitstamp, Coinbase, Kraken, Binance)}
