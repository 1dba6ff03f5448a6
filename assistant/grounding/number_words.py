"""Numbers in words that name a price or a percentage: English and Chinese ones are read, others only recognized.

By hand: text2num reads no Chinese and no "hundred grand".
"""

import re

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH = {word: n for n, word in enumerate(_UNITS)} | {word: 20 + 10 * n for n, word in enumerate(_TENS)}
_LARGE = {"hundred": 100, "thousand": 1_000, "grand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_DIGITS = {"\u96f6": 0, "\u4e24": 2} | {sign: n for n, sign in enumerate("一二三四五六七八九", start=1)}
_POWERS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}

_SMALL = "|".join(_ENGLISH)
_BIG = "|".join(_LARGE)
_MORE = "{0,24}"  # words or signs of one number: without a bound, a long row of them is looked through from each on
_PART = rf"(?:{_SMALL}|{_BIG}|and|point|a(?=[ -](?:{_BIG})))"
_ROMANCE = (  # tens and hundreds of Spanish, French, Portuguese and German, where a thousand or a percent sign follows
    r"(?:diez|veinte|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien(?:to)?|dix|vingt|trente|quarante|"
    r"cinquante|soixante|quatre-vingt\w*|cent|dez|vinte|trinta|quarenta|cinquenta|sessenta|oitenta|zehn|zwanzig|"
    r"drei\u00dfig|vierzig|f\u00fcnfzig|sechzig|siebzig|achtzig|neunzig|hundert)"
)
_AFTER = r"(?=[ \u00a0-]?(?:per\s?cent|prozent|por\s?ciento|por\scento|pour\s?cent|%|mil\b|mille\b|tausend))"
WORDS = (
    rf"\b{_PART}(?:[ -]{_PART}){_MORE}[ -](?:{_BIG})\b(?:[ -]{_PART}){_MORE}|"
    rf"\b(?:{_SMALL})(?:[ -](?:{_SMALL}))?(?=[ -](?:per\s?cent|dollars))|"
    rf"\b\w*{_ROMANCE}(?:[ -](?:y|e|et|und)?[ -]?\w+)?{_AFTER}(?:[ -]?(?:mil|mille|tausend)\b)?|"
    r"\b\w+tausend\b|百分之[零一二三四五六七八九十百两]+|"
    rf"[一二三四五六七八九两十百千][一二三四五六七八九两十百千]{_MORE}[千万亿][一二三四五六七八九十百千万两]{_MORE}"
)


def value_of(words: str) -> float | None:
    """The number that words name; None where they cannot be read."""
    chinese = words.removeprefix("百分之")
    if re.fullmatch("[零一二三四五六七八九十百千万亿两]+", chinese):
        return float(_chinese(chinese))
    total = part = 0
    for word in re.split("[ -]", words.lower()):
        if word in _ENGLISH:
            part += _ENGLISH[word]
        elif word == "hundred":
            part = (part or 1) * 100
        elif word in _LARGE:
            total, part = total + (part or 1) * _LARGE[word], 0
        elif word not in ("and", "a"):
            return None
    return float(total + part)


def _chinese(signs: str) -> int:
    total = section = digit = 0
    for sign in signs:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif _POWERS[sign] >= 10_000:
            total, section, digit = (total + section + digit) * _POWERS[sign], 0, 0
        else:
            section, digit = section + (digit or 1) * _POWERS[sign], 0
    return total + section + digit
