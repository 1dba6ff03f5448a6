"""A forecast's body in few bytes, deflated; long because packing and unpacking are read side by side.

Quantiles are whole numbers, the rest is JSON:

    version 1 | minutes below an hour, hours, bytes a price, bytes a share | bytes of JSON | deflated JSON, then planes
    version 2 | deflated JSON of the whole forecast, for one that is of another form

A price is kept as round(SCALE * ln(price / last_close)), less what the horizon before it foretells by the square root
of time, so that it comes back to one part in 1e9. Chances and moves come back to 1e-9: what is kept of them is how far
they are from what the quantiles tell. Numbers lie byte by byte (all low bytes, then all next ones), each plane a block
of its own, because the high bytes are alike. What a header promises is all that is ever inflated.
"""

import json
import struct
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from forecaster.errors import ConfigurationError
from forecaster.quantiles import HORIZONS, KEYS, LEVELS, MEDIAN, Floats, median_move, probability_up
from forecaster.schema import MINUTES, Forecast

SCALE = 6e8  # of a log return: half a unit is 0.83e-9 of the price
FINE = 1e9  # of a chance, and of a move in percent
NUMBERS, WHOLE = 1, 2  # versions
HEADER = struct.Struct("<BBBBBH")
LONGEST = 1 << 18  # bytes that a forecast of another form may inflate to
LEFT_OUT = ("id", "symbol", "source", "as_of", "age_seconds", "last_close", "model", "horizons")  # are columns
USUAL = (  # what the JSON usually says, from which deflating it begins
    b'"stale_quote","sources_disagree","backend_fallback","clock_skew","model_expired","gaps_filled","closes_only",'
    b'"out_of_distribution","unevaluated_symbol","stale_candles","hourly"],"notes":["the model was not graded on '
    b': the record is BTC-USD\'s","of the last 300 hours had no trade and were filled forward"],'
    b'{"quote":"USDT","skill":{"metric":"mae","value":0.00,"ci_low":-0.000,"ci_high":0.00,"n":20065,"baseline":'
    b'"persistence"},"coverage":{"50":0.49,"80":0.79,"95":0.95},"warnings":[],"notes":[]}'
)

Whole = NDArray[np.int64]


class Ladder(NamedTuple):
    """The horizons of a kept forecast: the first `short` of MINUTES, then 1 to `hours` hours."""

    short: int
    hours: int

    @property
    def minutes(self) -> tuple[int, ...]:
        """Ahead of as_of, in order."""
        return (*MINUTES[: self.short], *range(60, 60 * self.hours + 1, 60))

    @classmethod
    def of(cls, forecast: Forecast) -> "Ladder | None":
        """That of a forecast; None where it has another one."""
        given = tuple(horizon.minutes for horizon in forecast.horizons)
        short = sum(minutes < 60 for minutes in given)
        ladder = cls(short, len(given) - short)
        return ladder if short <= len(MINUTES) and ladder.hours <= HORIZONS and ladder.minutes == given else None


class Header(NamedTuple):
    """What a body of version 1 begins with."""

    version: int
    short: int
    hours: int
    price: int  # bytes each
    share: int
    text: int  # bytes of JSON

    @property
    def prices(self) -> int:
        """Bytes of all prices."""
        return (self.short + self.hours) * len(LEVELS) * self.price

    @property
    def shares(self) -> int:
        """Bytes of all chances and moves."""
        return 2 * (self.short + self.hours) * self.share


def pack(forecast: Forecast) -> bytes:
    """The body of a forecast, without what the row's columns say."""
    ladder = Ladder.of(forecast)
    if ladder is None or not _usual(forecast):
        return bytes([WHOLE]) + zlib.compress(forecast.model_dump_json().encode(), 9)
    prices = np.array([[each.quantiles[key] for key in KEYS] for each in forecast.horizons])  # (H, Q)
    units = np.rint(SCALE * np.log(prices / forecast.last_close)).astype(np.int64)
    shares = np.array([(each.probability_up, each.expected_move_pct) for each in forecast.horizons])  # (H, 2)
    told = np.rint(FINE * (shares - _shares(units / SCALE))).astype(np.int64)
    said = forecast.model_dump(mode="json", exclude=set(LEFT_OUT))
    if (forecast.last_price, forecast.price_time) == (forecast.last_close, forecast.as_of):
        del said["last_price"], said["price_time"]
    text = json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()
    deflated, widths = _deflated(text, _residual(units, ladder), told)
    return HEADER.pack(NUMBERS, *ladder, *widths, len(text)) + deflated


def unpack(body: bytes, columns: dict[str, Any]) -> Forecast:
    """The forecast of a body and `columns` (those LEFT_OUT but horizons). Raises ConfigurationError if it is none."""
    try:
        if body[0] == WHOLE:
            return Forecast.model_validate_json(_inflated(zlib.decompressobj(), body[1:], LONGEST))
        header, plain = _opened(body)
        ladder, end = Ladder(*header[1:3]), len(plain) - header.shares
        units = _numbers(plain[header.text : end], 1, header.price).reshape(1, -1, len(LEVELS))
        told = _numbers(plain[end:], 1, header.share).reshape(-1, 2)
        returns = _levelled(units, ladder)[0] / SCALE
        with np.errstate(over="ignore", invalid="ignore"):  # of bytes that were spoilt
            prices, shares = columns["last_close"] * np.exp(returns), _shares(returns) + told / FINE
        said = {"last_price": columns["last_close"], "price_time": columns["as_of"]} | json.loads(plain[: header.text])
        rows = zip(ladder.minutes, prices.tolist(), shares.tolist(), strict=True)
        horizons = [_horizon(columns["as_of"], minutes, row, share) for minutes, row, share in rows]
        return Forecast.model_validate(said | columns | {"horizons": horizons})
    except (ValueError, ValidationError, zlib.error, struct.error, IndexError) as error:
        raise unreadable() from error


def unpacked_numbers(bodies: Sequence[bytes]) -> tuple[Ladder, Floats]:
    """Log returns (n, H, Q) of bodies that share a ladder and are all of version 1, which `ladder_of` tells.

    Raises ConfigurationError where one cannot be read.
    """
    try:
        planes: dict[int, list[bytes]] = {}  # by bytes a price
        places: dict[int, list[int]] = {}
        for place, body in enumerate(bodies):
            header, plain = _opened(body)
            planes.setdefault(header.price, []).append(plain[header.text : len(plain) - header.shares])
            places.setdefault(header.price, []).append(place)
        ladder = Ladder(*header[1:3])
        residual = np.empty((len(bodies), len(ladder.minutes), len(LEVELS)), dtype=np.int64)
        for width, each in planes.items():
            residual[places[width]] = _numbers(b"".join(each), len(each), width).reshape(len(each), *residual.shape[1:])
        return ladder, _levelled(residual, ladder) / SCALE
    except (ValueError, zlib.error, struct.error, IndexError) as error:
        raise unreadable() from error


def ladder_of(body: bytes) -> Ladder | None:
    """The ladder of a body of version 1; None for another."""
    return Ladder(body[1], body[2]) if len(body) > HEADER.size and body[0] == NUMBERS else None


def unreadable() -> ConfigurationError:
    """What a body that is none is answered with."""
    return ConfigurationError(
        "The ledger holds a forecast that cannot be read.",
        "Update CryptoSense, or set CRYPTOSENSE_DATABASE_URL to another database.",
    )


def _usual(forecast: Forecast) -> bool:
    """Whether all that is not kept can be told from what is."""
    start = forecast.as_of.timestamp()
    return (
        all(
            each.quantiles.keys() == set(KEYS)
            and each.median == each.quantiles[KEYS[MEDIAN]]
            and min(each.quantiles.values()) > 0
            and each.target_time.timestamp() == start + 60 * each.minutes
            and each.hours == (None if each.minutes % 60 else each.minutes // 60)
            and each.probability_above is None
            for each in forecast.horizons
        )
        and len(forecast.notes) + sum(map(len, forecast.notes)) < 10_000
    )


def _horizon(as_of: datetime, minutes: int, prices: list[float], shares: list[float]) -> dict[str, Any]:
    return {
        "hours": None if minutes % 60 else minutes // 60,
        "minutes": minutes,
        "target_time": as_of + timedelta(minutes=minutes),
        "median": prices[MEDIAN],
        "quantiles": dict(zip(KEYS, prices, strict=True)),
        "probability_up": min(max(shares[0], 0.0), 1.0),
        "expected_move_pct": max(shares[1], 0.0),
    }


def _shares(returns: Floats) -> Floats:
    """Chances of going up and median moves in percent (..., 2) of log returns (..., Q)."""
    return np.stack([probability_up(returns), 100 * median_move(returns)], axis=-1)


@lru_cache(maxsize=64)
def _growth(ladder: Ladder) -> tuple[float, ...]:
    """By how much each horizon's returns are wider than those of the one before."""
    minutes = np.array(ladder.minutes)
    return tuple(np.sqrt(minutes[1:] / minutes[:-1]).tolist())


def _residual(units: Whole, ladder: Ladder) -> Whole:
    """What the horizon before does not foretell, as steps from level to level: (H, Q) -> (H, Q)."""
    left = units.copy()
    for row, growth in enumerate(_growth(ladder), start=1):
        left[row] -= np.rint(growth * units[row - 1]).astype(np.int64)
    return np.diff(left, axis=-1, prepend=0)


def _levelled(residual: Whole, ladder: Ladder) -> Whole:
    """Back from `_residual`, of many forecasts: (n, H, Q) -> (n, H, Q)."""
    units = np.cumsum(residual, axis=-1)
    for row, growth in enumerate(_growth(ladder), start=1):
        units[:, row] += np.rint(growth * units[:, row - 1]).astype(np.int64)
    return units


def _deflated(text: bytes, *numbers: Whole) -> tuple[bytes, list[int]]:
    """The stream, and how many bytes each of the numbers takes."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=USUAL)
    parts, widths = [deflate.compress(text)], []
    for each in numbers:
        turned = ((each << 1) ^ (each >> 63)).ravel().view(np.uint64)  # small where the number is, and not negative
        width = max(1, -(-int(turned.max(initial=0)).bit_length() // 8))
        for plane in turned.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width].T:
            parts += [deflate.flush(zlib.Z_SYNC_FLUSH), deflate.compress(plane.tobytes())]
        widths.append(width)
    return b"".join([*parts, deflate.flush()]), widths


def _opened(body: bytes) -> tuple[Header, bytes]:
    """The header, and what it says is there. Raises ValueError where that is not so."""
    header = Header._make(HEADER.unpack_from(body))
    if header.version != NUMBERS or header.short > len(MINUTES) or header.hours > HORIZONS or not any(header[1:3]):
        raise ValueError("no header of a forecast")
    if not (1 <= header.price <= 8 and 1 <= header.share <= 8):
        raise ValueError("numbers of no width")
    length = header.text + header.prices + header.shares
    plain = _inflated(zlib.decompressobj(-15, zdict=USUAL), body[HEADER.size :], length)
    if len(plain) != length:
        raise ValueError("not as long as its header says")
    return header, plain


def _numbers(planes: bytes, count: int, width: int) -> Whole:
    """Whole numbers (count, n) of so many times `width` planes."""
    read = np.frombuffer(planes, dtype=np.uint8).reshape(count, width, -1)
    values = read[:, 0].astype(np.uint64)
    for place in range(1, width):
        values |= read[:, place].astype(np.uint64) << np.uint64(8 * place)
    return (values >> np.uint64(1)).view(np.int64) ^ -(values & np.uint64(1)).view(np.int64)


def _inflated(inflate: Any, deflated: bytes, most: int) -> bytes:
    """At most `most` bytes. Raises ValueError where there are more of them, or the stream does not end."""
    plain: bytes = inflate.decompress(deflated, most + 1)
    if len(plain) > most or not inflate.eof:
        raise ValueError("longer than a forecast is, or cut off")
    return plain
