"""A made-up record of a model: plausible numbers for every row that an evaluation may hold, the same each time."""

from collections.abc import Iterator

import numpy as np

from forecaster.evaluation.record import ALL, OURS, UNTRACKED, Evaluation, Graded, Method, Reliability, Scores
from forecaster.market.candles import utc
from forecaster.quantiles import BANDS, HORIZONS, LEVELS
from forecaster.report.weeks import Material
from forecaster.schema import HOUR, SYMBOLS, InputKind, MetricRow, Report, Skill, Symbol
from tests.support.artifacts.markets import market

MIDNIGHT = 1_701_648_000  # 2023-12-04 00:00 UTC, a Monday
HOURS = 20_088
YEARS = tuple(str(year) for year in range(2019, 2027))
EVERY_HOUR = (OURS, "persistence", "rolling_quantiles", "ewma", "har")
# forecaster -> MAE skill at one hour, direction, CRPS skill at one hour, coverage of the 80 % band
CHARACTERS: dict[str, tuple[float, float | None, float, float]] = {
    "persistence": (0.0, None, 0.0003, 0.789),
    "drift": (-0.0004, 0.503, -0.0005, 0.789),
    "seasonal_naive": (-0.412, 0.491, -0.281, 0.742),
    "rolling_quantiles": (-0.0003, 0.501, 0.0, 0.79),
    "ewma": (0.0001, 0.506, 0.0176, 0.789),
    "har": (0.0001, 0.506, 0.0317, 0.795),
    "garch_t": (0.0, 0.505, 0.019, 0.785),
    "lightgbm": (0.0046, 0.538, 0.0321, 0.797),
    UNTRACKED: (0.0047, 0.534, 0.0366, 0.76),
    OURS: (0.0047, 0.534, 0.0383, 0.7993),
}
PRICE = {"BTC-USD": 79_400.0, "ETH-USD": 2_950.0}
NO_CHANGE = {"BTC-USD": 270.81, "ETH-USD": 13.82}  # MAE at one hour


def evaluation(
    *,
    forecasters: tuple[str, ...] = tuple(CHARACTERS),
    symbols: tuple[Symbol, ...] = SYMBOLS,
    walk_forward: bool = True,
    years: bool = True,
    closes_only: bool = True,
    reliability: bool = True,
) -> Evaluation:
    """A fixed split over all horizons and, unless told otherwise, eight years of walk-forward and closes alone."""
    kinds: tuple[InputKind, ...] = ("full", "closes_only") if closes_only else ("full",)
    graded = [
        row
        for symbol in symbols
        for kind in kinds
        for row in _rows(forecasters if kind == "full" else (OURS, UNTRACKED), symbol, kind, walk_forward)
        if years or row.period == ALL
    ]
    curves = [_curve(each, symbol, hours) for symbol in symbols for each in forecasters for hours in (1, 6, 24)]
    return Evaluation(graded=tuple(graded), reliability=tuple(curves) if reliability else ())


def material(symbol: Symbol = "BTC-USD") -> Material:
    """Forecasts that know the volatility of a made-up market, and a little of its next move."""
    candles = market(24 * 7 * 12, seed=5, start=PRICE[symbol], close_time=MIDNIGHT + 24 * 7 * 12 * HOUR)
    log = np.log(candles.close)
    returns = np.diff(log, prepend=log[0])
    sigma = np.sqrt(np.convolve(returns**2, 0.1 * 0.9 ** np.arange(200))[: len(log)] + 1e-7)  # (n,) up to each close
    random, spread = np.random.default_rng(1), np.array([_normal(level) for level in LEVELS])
    centre = 0.05 * sigma * random.normal(size=len(log)) + 0.003 * np.append(returns[1:], 0.0)
    ahead = np.sqrt(np.arange(1, HORIZONS + 1))
    quantiles = centre[:, None, None] + sigma[:, None, None] * ahead[:, None] * spread  # (n, 24, Q) log returns
    return Material.of(symbol, candles.time + HOUR, candles.close, quantiles)


def report(
    symbol: Symbol = "BTC-USD", remarks: tuple[str, ...] = ("Hours without a trade repeat the close.",)
) -> Report:
    """The headline of `evaluation`."""
    ours, base = (evaluation(symbols=(symbol,)).find(name, symbol, 1) for name in (OURS, "persistence"))
    assert ours is not None and base is not None
    return _report(symbol, ours.n, _metrics("quantile", ours), _metrics("persistence", base), ours.mae_skill, remarks)


def classic() -> Report:
    """The original recipe on hours of its own."""
    row = MetricRow(name="classic", mae=10_955.96, rmse=16_274.21, mape_pct=10.83, direction=0.504)
    base = MetricRow(name="persistence", mae=255.98, rmse=401.65, mape_pct=0.334, direction=None)
    return _report("BTC-USD", 21_827, row, base, -41.799, ())


def _report(symbol: Symbol, n: int, row: MetricRow, base: MetricRow, skill: float, remarks: tuple[str, ...]) -> Report:
    return Report(
        symbol=symbol,
        graded_from=utc(MIDNIGHT),
        graded_to=utc(MIDNIGHT + n * HOUR),
        n=n,
        model=row,
        persistence=base,
        skill=Skill(
            metric="mae", value=skill, ci_low=skill - 0.002, ci_high=skill + 0.002, n=n, baseline="persistence"
        ),
        coverage={"50": 0.4, "80": 0.7, "95": 0.9},
        remarks=remarks,
    )


def _metrics(name: str, scores: Scores) -> MetricRow:
    return MetricRow(name=name, mae=scores.mae, rmse=scores.rmse, mape_pct=scores.mape_pct, direction=scores.direction)


def _rows(forecasters: tuple[str, ...], symbol: Symbol, kind: InputKind, walk_forward: bool) -> Iterator[Graded]:
    for name in forecasters:
        for hours in range(1, HORIZONS + 1) if name in EVERY_HOUR else (1, 6, 24):
            for method, years in _periods(name, walk_forward):
                for number, period in enumerate((ALL, *(years if hours in (1, 6, 24) else ()))):
                    yield Graded(
                        method=method,
                        forecaster=name,
                        symbol=symbol,
                        input=kind,
                        hours=hours,
                        period=period,
                        scores=_scores(name, symbol, kind, hours, number),
                    )


def _periods(name: str, walk_forward: bool) -> list[tuple[Method, tuple[str, ...]]]:
    periods: list[tuple[Method, tuple[str, ...]]] = [("fixed_split", YEARS[-4:])]
    return [*periods, ("walk_forward", YEARS)] if walk_forward else periods


def _scores(name: str, symbol: Symbol, kind: InputKind, hours: int, period: int) -> Scores:
    """Skill that fades with the horizon, changes with the year, and is smaller from closes alone."""
    mae_skill, direction, crps_skill, held = CHARACTERS[name]
    n = HOURS - hours if period == 0 else 8_760
    fade = hours**-0.2 * (0.65 if kind == "closes_only" else 1.0)
    luck = 1.0 if period == 0 else 1.0 + 1.4 * np.cos(1.3 * period)
    mae_skill, crps_skill = mae_skill * fade * luck, crps_skill * fade * (1 + (luck - 1) / 4)
    width = 0.0025 if period == 0 else 0.006
    base = NO_CHANGE[symbol] * hours**0.51 * (1 + 0.2 * np.sin(period))
    shift = (0.002 if name == OURS else 0.03) * np.sin(2 * period + hours)
    spread = 100 * base / PRICE[symbol]
    own, reference = name == "persistence", name == "rolling_quantiles"
    return Scores(
        n=n,
        mae=base * (1 - mae_skill),
        rmse=1.55 * base * (1 - mae_skill),
        mape_pct=spread * (1 - mae_skill),
        mase=0.93 * (1 - mae_skill) * hours**0.51,
        mae_skill=mae_skill,
        mae_skill_low=mae_skill - (0 if own else width),
        mae_skill_high=mae_skill + (0 if own else width),
        mae_p=None if own else float(np.exp(-abs(mae_skill) / width * 4)),
        direction=direction,
        direction_low=None if direction is None else direction - 0.007,
        direction_high=None if direction is None else direction + 0.007,
        direction_surest=None if direction is None else 0.5 + 2 * (direction - 0.5),
        crps=1e4 * base / PRICE[symbol] * 0.76 * (1 - crps_skill),
        crps_skill=crps_skill,
        crps_skill_low=crps_skill - (0 if reference else 2 * width),
        crps_skill_high=crps_skill + (0 if reference else 2 * width),
        crps_p=None if reference else float(np.exp(-abs(crps_skill) / width * 2)),
        coverage={band: float(low_high[1] - low_high[0]) + (held - 0.8) + shift for band, low_high in BANDS.items()},
        width_pct={"50": spread * 1.3, "80": spread * 3.0, "95": spread * 5.4},
        qlike=-9.8 + (0.0383 - crps_skill),
    )


def _curve(name: str, symbol: Symbol, hours: int) -> Reliability:
    """Levels that are off on both sides by as much as the 80 % band is."""
    levels = np.array(LEVELS)
    off = (CHARACTERS[name][3] - 0.8) * np.sin(2 * np.pi * levels) * -1.0
    return Reliability(
        method="fixed_split",
        forecaster=name,
        symbol=symbol,
        input="full",
        hours=hours,
        levels=LEVELS,
        below=tuple((levels + off + 0.002 * np.sin(9 * levels * hours)).tolist()),
    )


def _normal(level: float) -> float:
    """Quantile of the standard normal distribution."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(level)
