"""Numbers in words and in other countries' writing, as plain digits."""

import re

from assistant.understanding.frame import Language
from assistant.understanding.slots.coins import COINS

_DIGITS = dict(zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_TENS = {"十": 10, "百": 100, "千": 1000}
_HAN_NUMBER = re.compile("[零〇一二两三四五六七八九十百千万]+")
_TEN_THOUSANDS = re.compile(r"(?<!\d)(\d+(?:\.\d+)?) ?[万w](?:(\d)千|(\d{1,4}))?(?![a-z])")
_HAN_CLOCK = re.compile("(\\d{1,2})[点點](?:半|([0-5]\\d)分?)(?!小时)")
_HAN_HALF = re.compile("(\\d{1,3})个半(小时|钟头|天)")
_AFTER = "个小点天日年月周分次刻份千万多倍季号到至"  # a lone numeral counts something only before one of these

_SMALL = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "dozen": 12,
}  # fmt: skip
_TIES = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_ONES = "|".join(["one", *_SMALL])
_WORDED = re.compile(rf"\b(?:({'|'.join(_TIES)})(?:[ -]({_ONES}))?|({'|'.join(_SMALL)}))\b")
_HUNDRED = re.compile(r"\b(\d+|a|one) hundred(?: and)?(?: (\d{1,2}))?\b")
_GROUPED = re.compile(r"(?<![\d.,])([1-9]\d{0,2})((?:[.,' ]\d{3})+)(?![\d]|[.,]\d{3})")
_DECIMAL_COMMA = re.compile(r"(?<![\d,])([1-9]\d*),(\d{1,2})(?![\d,])|(?<![\d,.])(0),(\d{1,10})(?![\d,])")
_THOUSANDS = re.compile(
    r"\$? ?(?<!\d)(\d+(?:\.\d+)?) ?(?:k|к|thousand|grand|mila?|tsd|tys|тыс|тыщ)\b(?: ?(?:dollars?|bucks|usd[tc]?)\b)?"
    r"|\$? ?(?<!\d)(\d+(?:\.\d+)?) ?(?:m|mio|million)\b"
)
_A_THOUSAND = re.compile(
    r"(?<!\d )\b(?:(?:a|one) (?:thousand|grand)\b(?: (?:dollars?|bucks|usd[tc]?)\b)?"
    r"|(?:thousand|grand) (?:dollars?|bucks|usd[tc]?)\b)"
)
_DOTS = re.compile(r"(?<=\d) ?\.{2,} ?(?=\d)")
_LEADING_POINT = re.compile(r"(?<![\w.)])\.(?=\d)")
_CENTS = re.compile(r"(?<![\w.$])(\d{1,3}(?:\.\d+)?)(?: ?cents?|ct|c)\b")
_LAKH = re.compile(r"(?<![\w.$])(\d{1,4}(?:\.\d+)?) ?(lakhs?|crore)\b")
_FRACTION = re.compile(r"(?<![\w.$/])([1-3])/(2|3|4|5|8|10)(?= ?[^\W\d])")  # "1/2 btc"
# "%5", "yüzde 5"
_PERCENT_FIRST = re.compile(r"(?<![\w.])(?<!\d )(?:% ?|percent )(\d{1,3}(?:\.\d{1,2})?)(?![\w.]| ?%)")
_RANGED = re.compile(r"(?<![\w.$-])([5-9]\d(?:\.\d)?)(?:er)? (?=(?:confidence |prediction )?(?:range|interval|band)\b)")
_SHARES = re.compile(  # "9 times out of 10"
    r"(?<![\w.$])([1-9]\d?) (?:times )?(?:out of|in(?= \d+\b(?! ?(?:min|h|day|week)))) (\d{1,3})\b"
    r"(?: (?:times|cases))?|(?<![\w.$])([1-9]\d?) of (\d{1,3}) (?:times|cases)\b"
)
_TENTHS = re.compile("([一二三四五六七八九])成")
_DOLLARS = re.compile(r"(?:\$|\bus\$|\busdt? ) ?(\d+(?:\.\d+)?)|\b(\d+(?:\.\d+)?) ?(?:\$|usdt?\b|dollars?\b|bucks?\b)")


def arabic(text: str) -> str:
    """A Chinese text with its numbers as digits: 二十四小时 is 24小时, 6.5万 is $65000."""
    text = _TENTHS.sub(lambda tenths: f" {10 * _DIGITS[tenths[1]]}% ", text)
    text = _HAN_NUMBER.sub(lambda said: _counted(said, text), text)
    text = _HAN_HALF.sub(r"\1.5\2", text)
    text = _HAN_CLOCK.sub(lambda at: f"{at[1]}:{at[2] or '30'} ", text)
    return _TEN_THOUSANDS.sub(lambda n: f" ${round(float(n[1]) * 10_000) + _tail(n[2] or n[3])} ", text)


def _tail(digits: str | None) -> int:
    return 0 if digits is None else int(digits) * (1000 if len(digits) == 1 else 1)


def _counted(said: "re.Match[str]", text: str) -> str:
    numeral = said[0]
    follows = text[said.end() : said.end() + 1]
    if numeral == "万" or (len(numeral) == 1 and follows not in _AFTER) or (numeral == "一" and follows in "次点下"):
        return numeral
    total, section, digit, unit = 0, 0, 0, 1
    for sign in numeral:
        if sign in _DIGITS:
            digit, unit = _DIGITS[sign], unit if digit == 0 and sign not in "零〇" else 1
        elif sign in _TENS:
            section, digit, unit = section + (digit or 1) * _TENS[sign], 0, _TENS[sign]
        else:
            total, section, digit, unit = (total + section + digit) * 10_000, 0, 0, 10_000
    spoken = unit > 10 and numeral[-1] in _DIGITS and len(numeral) > 2  # 六万三 is 63,000, 一百五 is 150
    value = total + section + digit * (unit // 10 if spoken else 1)
    return f" ${value} " if "万" in numeral else str(value)


def digits(text: str, language: str) -> str:
    """A text in plain English with its numbers as digits and its amounts of money as ``$70000``."""
    text = _WORDED.sub(_worded, text)
    text = _HUNDRED.sub(lambda n: str((int(n[1]) if n[1].isdigit() else 1) * 100 + int(n[2] or 0)), text)
    text = _A_THOUSAND.sub(lambda n: f"{_sign(n)}1000", text)
    text = _DOTS.sub(" to ", text)
    text = _LEADING_POINT.sub("0.", text)
    text = _CENTS.sub(lambda n: f"${float(n[1]) / 100:.10g}", text)
    text = _LAKH.sub(lambda n: f"${_amount(n[1], 10_000_000 if n[2] == 'crore' else 100_000)}", text)
    text = _GROUPED.sub(lambda n: n[1] + re.sub(r"\D", "", n[2]), text)
    if language in (Language.ENGLISH, Language.CHINESE):
        text = _DECIMAL_COMMA.sub(lambda n: f"{n[1]}, {n[2]}" if n[1] else f"{n[3]}.{n[4]}", text)  # a list
    else:
        text = _DECIMAL_COMMA.sub(lambda n: f"{n[1] or n[3]}.{n[2] or n[4]}", text)
    text = _THOUSANDS.sub(lambda n: f" {_sign(n)}{_amount(n[1], 1000) if n[1] else _amount(n[2], 1_000_000)}", text)
    text = _FRACTION.sub(lambda n: f"{int(n[1]) / int(n[2]):.4g}", text)
    text = _SHARES.sub(_share, text)
    text = _RANGED.sub(r"\1% ", _PERCENT_FIRST.sub(r"\1%", text))
    return _DOLLARS.sub(lambda n: f" ${n[1] or n[2]}", text)


def _share(said: "re.Match[str]") -> str:
    some, of = int(said[1] or said[3]), int(said[2] or said[4])
    often = " of the time" if "s" in said[0] else ""  # "9 times out of 10", "19 of 20 cases"
    return f"{100 * some / of:.4g}%{often}" if some < of else said[0]


def _sign(number: "re.Match[str]") -> str:
    """A dollar sign, unless that many coins are meant: "75k doge"."""
    counted = "$" not in number[0] and COINS.match(number.string[number.end() :].lstrip())
    return "" if counted else "$"


def _worded(said: "re.Match[str]") -> str:
    ties, ones, small = said.groups()
    if small:
        return str(_SMALL[small])
    return str(_TIES[ties] + (0 if not ones else 1 if ones == "one" else _SMALL[ones]))


def _amount(number: str, times: int) -> str:
    return f"{float(number) * times:.10g}" if float(number) * times < 1e10 else "9999999999"
