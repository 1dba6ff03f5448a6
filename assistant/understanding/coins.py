"""The coins that are offered, by every name people give them, and names of much else that has a price."""

import re

from forecaster.schema import Symbol

_PAIR = r"(?:[-/ ]?usd[tc]?)?"
SYMBOLS: dict[Symbol, re.Pattern[str]] = {
    "BTC-USD": re.compile(rf"(?<![a-z])(?:btcs?|xbt|bit ?coins?){_PAIR}(?![a-z])|₿"),
    "ETH-USD": re.compile(rf"(?<![a-z])(?:eths?|ethers?|ethereums?){_PAIR}(?![a-z])|ξ"),
}
_BOTH = re.compile(
    r"\b(?:both|(?:the|these|those|your|all) (?:2 |supported |available )?coins|the 2|each coin|either coin)\b"
)
_DENIAL = re.compile(r"\b(?:not|instead of|rather than|except)(?: the| for| about)? $")
_FOREIGN_NAMES = (
    "bitcoin cash", "bch", "bitcoin sv", "bsv", "ethereum classic", "etc coin", "doge", "dogecoin", "sol", "solana",
    "xrp", "ripple", "ada", "cardano", "bnb", "binance coin", "ltc", "litecoin", "polkadot", "avax", "avalanche",
    "chainlink", "tron", "trx", "monero", "xmr", "stellar", "xlm", "shib", "shiba", "shiba inu", "pepe", "toncoin",
    "sui", "aptos", "arbitrum", "uniswap", "tether", "usdc", "stablecoin", "stablecoins", "altcoin", "altcoins",
    "polygon", "matic", "cosmos", "filecoin", "hedera", "algorand", "aave", "near protocol", "kaspa", "bonk",
    "memecoin", "memecoins", "hyperliquid", "tesla", "tsla", "nvidia", "nvda", "apple", "aapl", "amazon", "google",
    "alphabet", "microsoft", "msft", "netflix", "facebook", "meta stock", "gamestop", "gme", "coinbase stock",
    "microstrategy", "mstr", "gold", "silver", "oil", "copper", "platinum", "palladium", "natural gas", "wheat", "s&p",
    "s&p 500", "sp500", "nasdaq", "dow jones", "dax", "ftse", "nikkei", "euro stoxx", "stoxx", "ibex", "cac 40",
    "bovespa", "stock market", "stocks", "eur/usd", "gbp/usd", "usd/jpy", "eurusd", "gbpusd", "usdjpy", "forex",
)  # fmt: skip
FOREIGN = re.compile(
    rf"(?<![a-z])(?:{'|'.join(map(re.escape, sorted(_FOREIGN_NAMES, key=len, reverse=True)))})(?![a-z])"
)
FOREIGN_WORDS = frozenset(word for name in _FOREIGN_NAMES for word in re.findall(r"[a-z]+", name))
# An unknown ticker is capitals that are no abbreviation, in a message that is not in capitals throughout.
_TICKER = re.compile(r"(?<![\w'/_.=-])\$?([A-Z]{3,5})(?![\w'/_=-])")
_ABBREVIATIONS = """
    BTC XBT ETH USD USDT EUR GBP JPY CNY CHF BRL MXN AUD CAD INR KRW ARS COP CLP UTC GMT EST EDT PST PDT CET CEST
    BST JST IST MAE RMSE MAPE MASE MSE CRPS LSTM RNN GRU API REST JSON LLM GPT MCP ATH ATL HODL FOMO FUD DYOR ASAP HTML
    SQL XML CSV CEO ETF RSI MACD EMA SMA VWAP NFT IMO IMHO LOL OMG WTF FYI EOD EOW BTW IDK TBH TLDR FAQ URL GPU CPU
    PLEASE PLS NOW WHAT WILL THE AND FOR NOT ALL YES YOU WHY HOW BUY SELL HOLD TODAY HIGH LOW LONG SHORT DOWN UP
    REALLY VERY EVER MUST ONLY NEVER BUT ARE CAN WHO WHEN WHERE THIS THAT HELP STOP MOON PUMP DUMP NEXT LAST HOUR HOURS
    PRICE BOTH ONE TWO SIX TEN UND WIE WAS WANN DER DIE DAS QUE POR COMO CON PARA QUI EST LES DES SUR HEUTE JETZT
    MORGEN
"""

_KNOWN = frozenset(_ABBREVIATIONS.split())


def offered(english: str) -> tuple[Symbol, ...]:
    """The coins that a text names, in its order. A coin that is only denied is not among them."""
    text = FOREIGN.sub(" ", english)  # "bitcoin cash" is not bitcoin
    if _BOTH.search(text):
        return tuple(SYMBOLS)
    places: dict[Symbol, int] = {}
    for symbol, pattern in SYMBOLS.items():
        found = [at.start() for at in pattern.finditer(text) if not _DENIAL.search(text[: at.start()])]
        if found:
            places[symbol] = found[0]
    return tuple(sorted(places, key=lambda symbol: places[symbol]))


def foreign(typed: str, english: str) -> str | None:
    """A coin or stock that a text names and that is not offered: by a known name, or by its ticker as typed."""
    if named := FOREIGN.search(english):
        return named[0]
    if not any(letter.islower() for letter in typed):
        return None
    return next(
        (ticker for ticker in _TICKER.findall(typed) if ticker not in _KNOWN and ticker.casefold() in english),
        None,
    )
