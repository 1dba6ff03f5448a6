"""Forecasts as a model issues them hour by hour, small enough to keep thousands, and candles to settle them from."""

import hashlib
from typing import Any

import numpy as np
import pytest

from forecaster.ledger.packing import pack
from forecaster.market.candles import Candles, utc
from forecaster.quantiles import KEYS, LEVELS, MEDIAN, ascending, median_move, probability_up
from forecaster.schema import FIVE_MINUTES, HOUR, MINUTES, Forecast, ForecastWarning, Horizon, ModelRef, Symbol
from tests.support.fakes import COVERAGE, NOON, SKILL, candles_ending

MODEL = ModelRef(name="quantile", version="1.0", sha256="a" * 64)
CLOSE = 70_000.0


def issued(
    hour: float = 0,
    *,
    symbol: Symbol = "BTC-USD",
    source: str = "bitstamp",
    horizons: int = 3,
    model: ModelRef = MODEL,
    age: int = 25,
    last_close: float = CLOSE,
    drift: float = 0.001,
    warnings: tuple[ForecastWarning, ...] = (),
) -> Forecast:
    """The forecast issued at the close of `hour`, counted from noon: its bands widen, its median drifts."""
    as_of = NOON + round(hour * HOUR)
    digest = hashlib.sha256(f"{symbol}|{source}|{as_of}|{model.sha256}".encode()).hexdigest()
    return Forecast(
        id=f"fc_{digest[:20]}",
        symbol=symbol,
        source=source,
        quote="USD",
        as_of=utc(as_of),
        age_seconds=age,
        last_close=last_close,
        horizons=tuple(_horizon(as_of, ahead, last_close, drift) for ahead in range(1, horizons + 1)),
        skill=SKILL,
        coverage=COVERAGE,
        warnings=warnings,
        notes=tuple(warning.value for warning in warnings),
        model=model,
    )


def _horizon(as_of: int, ahead: int, last: float, drift: float) -> Horizon:
    spread = 0.01 * ahead**0.5
    prices = last * np.exp(drift + spread * (np.array(LEVELS) - 0.5))
    return Horizon(
        hours=ahead,
        target_time=utc(as_of + ahead * HOUR),
        median=float(prices[len(LEVELS) // 2]),
        quantiles=dict(zip(KEYS, prices.tolist(), strict=True)),
        probability_up=0.55,
        expected_move_pct=0.3,
    )


def closing(hour: int, hours: int = 300, last_close: float = CLOSE) -> Candles:
    """Candles up to the one that closes at `hour`, counted from noon, with `last_close`."""
    return candles_ending(NOON + hour * HOUR, hours, last_close)


def without(candles: Candles, *hours: int) -> Candles:
    """The candles but those that close at these hours, counted from noon."""
    closes = {NOON + hour * HOUR for hour in hours}
    return Candles.from_rows(row for row in candles.rows() if row[0] + HOUR not in closes)


def alike(kept: Forecast, forecast: Forecast) -> bool:
    """Whether a ledger gave back a forecast: prices to one part in 1e9, chances and moves to 1e-9, the rest exactly."""
    return kept.model_copy(update={"horizons": ()}) == forecast.model_copy(update={"horizons": ()}) and all(
        (one.hours, one.minutes, one.target_time, one.probability_above)
        == (other.hours, other.minutes, other.target_time, other.probability_above)
        and one.quantiles.keys() == other.quantiles.keys()
        and one.median == pytest.approx(other.median, rel=1e-9, abs=0)
        and one.quantiles == pytest.approx(other.quantiles, rel=1e-9, abs=0)
        and one.probability_up == pytest.approx(other.probability_up, rel=0, abs=1e-9)
        and one.expected_move_pct == pytest.approx(other.expected_move_pct, rel=0, abs=1e-9)
        for one, other in zip(kept.horizons, forecast.horizons, strict=True)
    )


def ladder(as_of: int, last: float, drift: float = 0.001, seed: int = 0) -> tuple[Horizon, ...]:
    """The 27 horizons of a standing forecast, with distributions as uneven as a network's."""
    uneven = np.random.default_rng(seed).normal(0, 1e-4, (27, len(LEVELS)))
    rows = []
    for minutes, noise in zip((*MINUTES, *range(60, 1441, 60)), uneven, strict=True):
        returns = ascending(drift + (minutes / 60) ** 0.5 * (0.006 * np.sinh(4 * (np.array(LEVELS) - 0.5)) / 4 + noise))
        prices = last * np.exp(returns)
        rows.append(
            Horizon(
                hours=None if minutes % 60 else minutes // 60,
                minutes=minutes,
                target_time=utc(as_of + 60 * minutes),
                median=float(prices[MEDIAN]),
                quantiles=dict(zip(KEYS, prices.tolist(), strict=True)),
                probability_up=float(probability_up(returns)),
                expected_move_pct=float(100 * median_move(returns)),
            )
        )
    return tuple(rows)


def standing(mark: int = 0, *, drift: float = 0.001, seed: int = 0, **options: Any) -> Forecast:
    """The forecast of 27 horizons issued `mark` times five minutes after noon."""
    hourly = issued(0, drift=drift, **options)
    as_of = NOON + FIVE_MINUTES * mark
    digest = hashlib.sha256(f"{hourly.symbol}|{hourly.source}|{as_of}|{hourly.model.sha256}".encode()).hexdigest()
    horizons = ladder(as_of, hourly.last_close, drift, seed)
    update = {"id": f"fc_{digest[:20]}", "as_of": utc(as_of), "price_time": utc(as_of), "horizons": horizons}
    return hourly.model_copy(update=update)


def packed(drift: float = 0.001, seed: int = 0) -> bytes:
    """The body of such a forecast."""
    return pack(standing(drift=drift, seed=seed))
