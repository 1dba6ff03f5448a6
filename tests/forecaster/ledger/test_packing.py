"""A forecast in few bytes: it comes back as it was issued, and bytes that are none are refused at no cost."""

import random
import zlib

import numpy as np
import pytest

from forecaster.errors import ConfigurationError, InvalidInput
from forecaster.ledger.packing import HEADER, LONGEST, NUMBERS, USUAL, WHOLE, Ladder, pack, unpack
from forecaster.ledger.rows import forecast_row
from forecaster.market.candles import utc
from forecaster.schema import Forecast, ForecastWarning
from tests.support.fakes import NOON
from tests.support.ledger.issued import alike, issued, standing

COLUMNS = ("id", "symbol", "source", "as_of", "age_seconds", "last_close", "model")


def again(forecast: Forecast, body: bytes | None = None) -> Forecast:
    return unpack(body or pack(forecast), {name: getattr(forecast, name) for name in COLUMNS})


@pytest.mark.parametrize(
    "forecast",
    [
        standing(),
        standing(5, drift=-0.03, seed=3),
        standing(1, last_close=1.234e-8, warnings=(ForecastWarning.HOURLY, ForecastWarning.STALE_CANDLES)),
        standing(1, last_close=9.87e9),
        issued(horizons=24),
        issued(horizons=1, drift=0.0),
        standing().model_copy(update={"last_price": 70_123.456789, "price_time": utc(NOON + 77)}),
        standing().model_copy(update={"notes": ("Ünïcödé ✓", ""), "quote": "USDT"}),
        standing().model_copy(update={"notes": tuple("many" * 1000 for _ in range(9))}),
    ],
    ids=lambda forecast: f"{len(forecast.horizons)} horizons at {forecast.last_close:g}",
)
def test_a_forecast_comes_back_as_it_was_issued(forecast):
    assert alike(again(forecast), forecast)


def test_random_distributions_come_back_as_they_were_issued():
    chance = np.random.default_rng(4)
    for seed in range(20):
        drift, last = float(chance.normal(0, 0.01)), float(chance.uniform(0.01, 9e4))
        forecast = standing(seed, drift=drift, seed=seed, last_close=last)
        assert pack(forecast)[0] == NUMBERS
        assert alike(again(forecast), forecast)


def test_what_comes_back_is_packed_to_what_comes_back_again():
    once = again(standing(seed=7))
    assert again(again(once)) == again(once)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: {"quantiles": {key: row.quantiles[key] for key in ("0.025", "0.10", "0.50", "0.90", "0.975")}},
        lambda row: {"median": row.median * 1.001},
        lambda row: {"probability_above": 0.25},
        lambda row: {"target_time": utc(row.target_time.timestamp() + 1)},
        lambda row: {"minutes": 90, "hours": None},
    ],
    ids=["other levels", "another median", "a threshold", "another target", "another horizon"],
)
def test_a_forecast_of_another_form_comes_back_to_the_last_digit(change):
    plain = issued(horizons=2)
    changed = tuple(row.model_copy(update=change(row)) for row in plain.horizons)
    forecast = plain.model_copy(update={"horizons": changed})
    assert pack(forecast)[0] == WHOLE
    assert again(forecast) == forecast


def test_a_row_of_27_horizons_takes_less_than_2_kb():
    for seed in range(5):
        row = forecast_row(standing(seed=seed, warnings=(ForecastWarning.UNEVALUATED_SYMBOL,)))
        size = sum(len(value) if isinstance(value, bytes) else len(str(value)) for value in row.values())
        assert len(row["packed"]) < 1750
        assert size < 2000


def test_only_the_horizons_of_standing_forecasts_are_kept():
    assert Ladder.of(standing()) == (3, 24)
    assert Ladder.of(issued(horizons=24)) == (0, 24)
    turned = standing().model_copy(update={"horizons": standing().horizons[::-1]})
    for other in (turned, standing().model_copy(update={"horizons": standing().horizons[1:]})):
        with pytest.raises(InvalidInput, match="Record one of"):
            forecast_row(other)


def bomb() -> bytes:
    """Few bytes that would inflate to a gigabyte."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=USUAL)
    return b"".join(deflate.compress(bytes(1 << 20)) for _ in range(64)) + deflate.flush()


@pytest.mark.parametrize(
    "body",
    [
        b"\x00",
        bytes([NUMBERS]),
        bytes([9]) + pack(standing())[1:],
        pack(standing())[:-1],
        pack(standing())[:40],
        HEADER.pack(NUMBERS, 3, 24, 3, 2, 300) + bomb(),
        HEADER.pack(NUMBERS, 3, 24, 9, 2, 300) + pack(standing())[HEADER.size :],
        HEADER.pack(NUMBERS, 3, 24, 0, 2, 300) + pack(standing())[HEADER.size :],
        HEADER.pack(NUMBERS, 200, 255, 8, 8, 65_535) + pack(standing())[HEADER.size :],
        HEADER.pack(NUMBERS, 0, 0, 1, 1, 0) + pack(standing())[HEADER.size :],
        bytes([WHOLE]) + zlib.compress(bytes(LONGEST + 1)),
        bytes([WHOLE]) + zlib.compress(b"{}"),
        bytes([WHOLE]) + b"nonsense",
    ],
)
def test_bytes_that_are_no_forecast_are_refused(body):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        again(standing(), body)


def test_a_spoilt_byte_is_refused_or_leaves_a_forecast():
    chance, body = random.Random(3), pack(standing())
    for _ in range(300):
        spoilt = bytearray(body)
        spoilt[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        try:
            assert isinstance(again(standing(), bytes(spoilt)), Forecast)
        except ConfigurationError as error:
            assert "cannot be read" in str(error)


def test_the_format_stays_so_that_what_is_kept_can_be_read_later():
    kept = bytes.fromhex(KEPT)
    assert alike(again(issued(horizons=2), kept), issued(horizons=2))


KEPT = (
    "0100020304bd0042713b61a7eb1a1aea199921391ec8b74472bbae21d06688e30dcd4975bcb121ccf1a64630c79b1be2713c000000ffff"
    "927f7000033c98cfc8c0c48004c05c00000000ffff5a35591d034c9eca800500000000ffff7261e1c4002cecd85402000000fffffaffcb"
    "793b000000ffff7ae0ca751b000000fffffa7ab5a214000000ffff636565620300"
)
