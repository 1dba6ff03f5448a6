"""Coins that only their writing shows to be coins: "SOL" but not "hace sol", "link price" but not "the link".

They are found in a message as it was typed, before it becomes plain English, and get a mark that stays with them.
"""

import re
from collections.abc import Collection

from assistant.understanding.slots.coins import FIAT, FOREIGN, MARK, NAMES, SPELT, WORDS, any_of
from forecaster.schema import Symbol

_HAN = re.compile(r"[\u3400-\u9fff]")
# Letters of other alphabets that look like Latin ones: the Cyrillic ones, then the Greek ones.
_ALIKE = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0405\u0406\u0408"
    "\u0430\u0432\u0435\u0442\u043a\u043c\u043d\u043e\u0440\u0441\u0445\u0443\u0455\u0456\u0458"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u03b1\u03b2\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c7",
    "ABEKMHOPCTXSIJabetkmhopcxysijABEZHIKMNOPTYXabikvoptx",
)
_WORD = re.compile(r"[^\W\d_]+")
# An unknown ticker is capitals that are no abbreviation, in a message that is not in capitals throughout.
_ABBREVIATIONS = """
    BTC XBT ETH USD USDT USDC EUR GBP JPY CNY CHF BRL MXN AUD CAD INR KRW ARS COP CLP UTC GMT EST EDT PST PDT CET CEST
    BST JST IST MAE RMSE MAPE MASE MSE CRPS LSTM RNN GRU API REST JSON LLM GPT MCP ATH ATL HODL FOMO FUD DYOR ASAP HTML
    SQL XML CSV CEO ETF RSI MACD EMA SMA VWAP NFT IMO IMHO LOL OMG WTF FYI EOD EOW BTW IDK TBH TLDR FAQ URL GPU CPU
    PLEASE PLS NOW WHAT WILL THE AND FOR NOT ALL YES YOU WHY HOW BUY SELL HOLD TODAY HIGH LOW LONG SHORT DOWN UP
    REALLY VERY EVER MUST ONLY NEVER BUT ARE CAN WHO WHEN WHERE THIS THAT HELP STOP MOON PUMP DUMP NEXT LAST HOUR HOURS
    PRICE BOTH ONE TWO SIX TEN UND WIE WAS WANN DER DIE DAS QUE POR COMO CON PARA QUI EST LES DES SUR HEUTE JETZT
    MORGEN USA FED SEC CPI PPI GDP FOMC ECB NYSE IPO ROI APY APR TVL DEFI DEX CEX KYC AML OTC PNL VIX PDF YTD LFG
    BRO SEHR DAN
"""
_KNOWN = frozenset(_ABBREVIATIONS.split())
# As typed. ASCII boundaries, since in Chinese no space stands between a code and the words around it.
_SOLE = r"(?<![A-Za-z0-9_\u01c2]){}(?![A-Za-z0-9_])"
_CHINESE = re.compile(any_of(name for name in NAMES.sure if _HAN.search(name)))
_DOLLAR = re.compile(r"(?<![\w$])\$(?P<code>[A-Za-z][A-Za-z0-9]{1,9})(?!\w)")
_PAIR = re.compile(
    r"(?<![A-Za-z0-9_/.-])"
    r"(?:(?P<code>[A-Za-z][A-Za-z0-9]{1,9})[-/](?i:usd[tc]?)|(?P<joined>[A-Z][A-Z0-9]{1,7}?)USD[TC]?)"
    r"(?![A-Za-z0-9_/-])"
)
_NO_PAIR = frozenset(["price", "coin", "coins", "euro", "value", "cost", "in", "to", "at", "or", "and", "eur", "us"])
_CAPITALS = re.compile(_SOLE.format(rf"(?P<code>{WORDS.upper()})"))
_TICKER = re.compile(r"(?<![A-Za-z0-9'/_.=\-])(?P<code>[A-Z]{3,5})(?![A-Za-z0-9'/_=\-])")
_NOUN = (
    r"price|coin|token|crypto|forecast|prediction|chart|rate|kurs|preis|prognose|coins|precio|cours|"
    r"的?(?:价格|價格|行情|币|幣|预测|預測|走势|走勢|多少|现在|現在)"
)
_BESIDE = re.compile(
    _SOLE.format(rf"(?P<code>{WORDS})") + rf"(?=(?:'s)?[ -]?(?:{_NOUN})(?![A-Za-z]))"
    rf"|(?:price|forecast|prediction|chart|value|preis|kurs|prognose) (?:of|for|von|für) (?P<after>{WORDS})"
    r"(?![A-Za-z0-9_'-])(?! (?:term|future|to|between|and|on)\b)"
    r"|(?:(?:precio|valor|cotizaci[oó]n|prix|cours|preço|cotação) d[ea]|vale|cuesta|cotiza|vaut|co[uû]te|custa)"
    r" (?P<latin>sol|ada)(?![A-Za-z0-9_'-])",
    re.IGNORECASE,
)
_JOINT = r"[ ]?(?:, ?|\b(?:and|or|und|oder|y|et|ou|vs\.?|versus)\b|&|/|\+|和|跟|与|與)[ ]?"
_SURE = rf"(?:(?<![A-Za-z])(?:{SPELT})|{MARK}[a-z0-9]{{1,12}})"
_LISTED = re.compile(
    rf"(?P<before>{_SURE} ?{_JOINT})(?P<code>{WORDS})"
    r"(?=[ ]?(?:[?!.,]|$|(?:and|or|vs|tomorrow|now|next|today|price|in|who|which|what|over|this|last"
    r"|for|did|lost|gained|fell|rose|moved|doing|going|trading)\b))"
    rf"|(?P<listed>{_SURE} +{_SURE} +)(?P<last>{WORDS})(?=[ ]?(?:[?!.,]|$))"
    rf"|(?<!the )(?<!this )(?<!your )(?<![A-Za-z0-9_\u01c2-])(?P<first>{WORDS})"
    rf"(?= ?{_JOINT}(?:{_SURE}|{WORDS})(?![A-Za-z0-9_-]))",
    re.IGNORECASE,
)
_FRAMED = re.compile(  # what no everyday word of English, German and Chinese can be
    r"(?<![A-Za-z0-9_'\u01c2-])(?<!\bel )(?<!\ble )(?<!\bdel )(?<!\bdu )(?<!\bhace )(?<!\bo )(?<!\bal )"
    r"(?P<code>sol|ada)(?![A-Za-z0-9_-])"
    r"|(?<=\d )(?P<counted>link|dot|near|sol|ada)(?![A-Za-z0-9_-])"
    r"|(?:(?:what's|whats|how's|hows|how is|where's|where|where is|will|is|did|does|what about|how about|where"
    r"|for|on|of|liegt|steht|kostet) |^)(?P<framed>link|dot|near)(?= (?:doing|now|next|tomorrow|today|tonight|looking"
    r"|by|at|(?:in )?(?:\d+|two|three|four|five|six|eight|ten|twelve)"
    r"|go(?:es)?|ends?|lands?|trade|close|going (?:up|down|to)|rise|fall|trading|worth|morgen|heute|um)\b| ?\?)"
    r"|(?<!\bi )(?<!you )(?<!we )\b(?:does|did|might|could|can|would|will|should|has|had|kann|wird|könnte|schafft)"
    r" (?P<subject>link|dot)(?= [a-z])",
    re.IGNORECASE,
)


# In Romance languages "sol" is the sun where it shines, rises or sets, and else the coin.
_SUN = re.compile(
    r"(?:\b(?:hace|har[aá]|hac[ií]a|faz|far[aá]|fazia|fait|fera|tomar|toma|puesta|salida|nascer|p[oô]r"
    r"|coucher|lever|bajo|sob|sous|luz"
    r"|rayos?|raios?|ras)(?: (?:el|o|le|du|de|del|do|d'))* sol\b|\bsol (?:brilla|brilha|brille|nasce|nace"
    r"|sale|naciente))",
    re.IGNORECASE,
)
_ROMANCE_COIN = re.compile(
    r"(?<![A-Za-z0-9_\u01c2-])(?P<code>sol|ada)(?![A-Za-z0-9_-])"
    r"|\b(?:prix|precio|pre[çc]o|prezzo|cours|cotiza[a-z]*|val[a-zíé]+|cuesta|custa|vaut|costa|combien)"
    r"(?: (?:de|do|du|del|di|d[ae]|le|la|el|o))? (?P<priced>near|dot|link|uni|atom)(?![A-Za-z0-9_'-])"
    r"|\b(?:o|el|le|il) (?P<subject>near|dot|link)(?= (?:val|va|est[aáà]|cost|cust|sub|ca[iy]|chut|mont))",
    re.IGNORECASE,
)


def marked(typed: str, *, romance: bool = False, words: Collection[str] = ()) -> str:
    """A text as typed, in which a coin that only its writing or its neighbours show to be one bears a mark.

    `romance` says that the text's language has everyday words such as "sol" in it; `words` are no unknown tickers,
    however they are written.
    """
    shouted = not any(letter.isalpha() and not letter.isupper() for letter in typed)  # so that capitals say nothing
    text = _CHINESE.sub(lambda found: _mark(NAMES.sure[found[0]]), typed)
    text = _DOLLAR.sub(_coded, text)
    text = _PAIR.sub(_coded, text)
    if not shouted:
        text = _CAPITALS.sub(_coded, text)
        text = _TICKER.sub(lambda found: found[0] if _is_word(found["code"], words) else _coded(found), text)
    elif re.fullmatch(r"\W*[A-Z]+\W*", typed):
        text = _CAPITALS.sub(_coded, text)
    text = _BESIDE.sub(_coded, text)
    if not romance:
        text = _FRAMED.sub(_coded, text)
    elif not _SUN.search(text):
        text = _ROMANCE_COIN.sub(_coded, text)
    for _ in range(2):  # "btc, sol and ada"
        text = _LISTED.sub(_coded, text)
    return text


def latin(typed: str) -> str:
    """A text as typed, in which letters that only look Latin are so where they stand for them: in a coin's name or
    code ("\u0412\u0422\u0421"), and beside Latin ones in a word."""
    return _WORD.sub(lambda word: _latin(word[0]), typed)


def _latin(word: str) -> str:
    """A word in Latin letters; left as it is where others are meant."""
    if word.isascii() or not (seen := word.translate(_ALIKE)).isascii():
        return word
    mixed = any(letter.isascii() for letter in word)
    return seen if mixed or seen.lower() in NAMES.sure else word


def _is_word(code: str, words: Collection[str]) -> bool:
    return code in _KNOWN or (code.lower() in words and code.lower() not in NAMES.codes)


def _coded(found: "re.Match[str]") -> str:
    """A code as typed with its mark; left as it is where it is a currency or a stock."""
    named = found.groupdict()
    code = next(code for name, code in named.items() if code and name not in ("before", "listed"))
    low, before = (
        code.lower(),
        named.get("before") or named.get("listed") or found[0][: found[0].rfind(code)].lstrip("$"),
    )
    if low in FIAT or FOREIGN.fullmatch(low):
        return found[0].replace("$", " ") if found[0].startswith("$") else found[0]
    if low in NAMES.sure and low not in NAMES.codes:
        return found[0]  # "bitcoin/usd": a name, which is read as such
    if low not in NAMES.codes and low in _NO_PAIR:
        return found[0]
    return f"{before} {MARK}{low} "


def _mark(symbol: Symbol) -> str:
    return f" {MARK}{symbol.partition('-')[0].lower()} "
