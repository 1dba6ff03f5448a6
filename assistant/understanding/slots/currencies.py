"""Currencies other than the dollar that a message names, each marked so that its amount is read as money.

"500 eur of eth" -> "$500 <EUR> of eth",  "btc in reais" -> "btc in <BRL>"
"""

import re

from assistant.understanding.spelling import plain

CURRENCY = "\u01c0"  # a letter of no European language: what follows it is a currency's code
MARKED = re.compile(rf"{CURRENCY}([a-z]{{3}})")
_NAMES = {
    "eur": "eur euro euros eurs € balles 欧元 歐元 евро ユーロ",
    "gbp": "gbp pound pounds quid sterling £ libra libras pfund livres~sterling sterline 英镑 фунтов ポンド",
    "jpy": "jpy yen yens ienes iene ¥ 日元 日圆 иен 円",
    "cny": "cny rmb yuan yuans renminbi 人民币 块人民币 元人民币 块钱人民币 юаней",
    "inr": "inr rupee rupees rupias rupia rupien roupies ₹ 卢比 рупий",
    "brl": "brl reais em~real pra~real para~real r$ 雷亚尔",
    "chf": "chf franken swiss~franc swiss~francs francs~suisses francos~suizos francos~suicos schweizer~franken 瑞郎",
    "krw": "krw korean~won 韩元 원화",
    "rub": "rub ruble rubles rouble roubles rubel rublos roubles 卢布 рубль рублей рублях рубли ₽",
    "try": "turkish~lira lira liras tl ₺",
    "mxn": "mxn pesos peso~mexicano pesos~mexicanos",
    "aud": "aud aussie~dollar aussie~dollars australian~dollars",
    "cad": "cad canadian~dollar canadian~dollars",
    "hkd": "hkd 港币 港元",
    "sgd": "sgd singapore~dollars",
    "nzd": "nzd",
    "sek": "sek schwedische~kronen",
    "pln": "pln zl zloty zlotys zlotych",
    "ars": "ars pesos~argentinos",
    "zar": "zar",
    "ngn": "ngn naira",
    "zwl": "zwl zimbabwe~dollar zimbabwe~dollars zimbabwean~dollar zimbabwean~dollars",
    "thb": "thb baht บาท",
    "idr": "idr rupiah",
    "php": "php philippine~peso philippine~pesos",
    "vnd": "vnd vietnamese~dong",
    "twd": "twd taiwan~dollars 新台币 台币",
    "ils": "ils shekel shekels",
    "aed": "aed dirham dirhams",
    "czk": "czk czech~koruna tschechische~kronen",
    "uah": "uah hryvnia гривен гривна гривнах",
    "kzt": "kzt tenge тенге",
    "cop": "cop pesos~colombianos",
    "clp": "clp pesos~chilenos",
    "pen": "soles~peruanos",
}  # fmt: skip
_CODES = {plain(name.replace("~", " ")): code for code, names in _NAMES.items() for name in names.split()}
_LONGEST = sorted(_CODES, key=len, reverse=True)
_WORDS = "|".join(re.escape(name) for name in _LONGEST if re.fullmatch(r"[a-z ]+", name))
_SIGNS = "|".join(re.escape(name) for name in _LONGEST if not re.fullmatch(r"[a-z ]+", name))
_NAME = re.compile(
    rf"(?<![a-z\u01c2])(?<!usd[/-])(?P<word>{_WORDS})(?![a-z]|[/-]?usd)|(?P<sign>{_SIGNS})"
    r"|(?:(?<=btc)|(?<=eth)|(?<=sol)|(?<=xrp))(?P<code>eur|gbp|jpy|brl)\b"
)
_BEFORE = re.compile(rf"{CURRENCY}(?P<code>[a-z]{{3}}) {{0,2}}(?P<amount>\d[\d.,']{{0,24}}(?:k\b)?)")
_AFTER = re.compile(
    rf"(?<![a-z\d$])(?P<amount>\d[\d.,']{{0,24}}(?: ?(?:k|mil|tausend|thousand)\b)?)"
    rf" {{0,2}}{CURRENCY}(?P<code>[a-z]{{3}})"
)


def currencies_marked(text: str) -> str:
    """A plain text in which every currency but the dollar bears a mark, and its amounts are money."""
    text = _NAME.sub(lambda at: f" {CURRENCY}{_CODES[at['word'] or at['sign'] or at['code']]} ", text)
    text = _AFTER.sub(lambda at: f"${at['amount']} {CURRENCY}{at['code']}", text)
    return _BEFORE.sub(lambda at: f"${at['amount']} {CURRENCY}{at['code']}", text)


def currency_in(marked: str) -> str | None:
    """The ISO code of the first currency of a marked text, or None."""
    found = MARKED.search(marked)
    return found[1].upper() if found else None


def unmarked(marked: str) -> str:
    """A text without the marks."""
    return " ".join(MARKED.sub(" ", marked).split())
