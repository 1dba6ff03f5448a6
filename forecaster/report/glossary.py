"""What each metric and each forecaster of the report is, in a sentence."""

from collections.abc import Callable

from forecaster.evaluation import BLOCK, DRAWS, Scores
from forecaster.evaluation.baselines import DAYS
from forecaster.quantiles import BANDS, HORIZONS, LEVELS
from forecaster.report.wording import NBSP, NONE, money, number, percent
from forecaster.schema import WINDOW

Say = Callable[[Scores], str]


def _share(value: float | None) -> str:
    return NONE if value is None else percent(value)


METRICS: tuple[tuple[str, str, Say], ...] = (
    (
        "MAE",
        "The average distance between the middle of the forecast and the close, in dollars.",
        lambda s: money(s.mae),
    ),
    (
        "RMSE",
        "The same with large misses weighing more: the root of the mean squared distance.",
        lambda s: money(s.rmse),
    ),
    ("MAPE", "The average distance as a share of the price.", lambda s: f"{number(s.mape_pct, 3)}{NBSP}%"),
    (
        "MASE",
        "The MAE divided by what “no change” missed by, one hour ahead, in the year before the graded hours.",
        lambda s: number(s.mase, 3),
    ),
    (
        "MAE skill",
        "How much smaller the MAE is than that of “no change”: 0 is no better, negative is worse.",
        lambda s: percent(s.mae_skill, 2, sign=True),
    ),
    (
        "Direction",
        "How often the price moved to the side of the last close on which the middle of the forecast lay.",
        lambda s: _share(s.direction),
    ),
    (
        "Direction, surest fifth",
        "The same in that fifth of the hours in which the chance of going up was farthest from one half.",
        lambda s: _share(s.direction_surest),
    ),
    (
        "CRPS",
        "The distance between the whole forecast distribution and what happened, in log returns times 10,000: "
        "it falls when bands are narrow and rises when they miss.",
        lambda s: number(s.crps, 2),
    ),
    (
        "CRPS skill",
        f"How much smaller the CRPS is than that of the quantiles of the last {DAYS} days.",
        lambda s: percent(s.crps_skill, 2, sign=True),
    ),
    (
        "Coverage",
        "How often the close fell inside the 50, 80 and 95 % bands: it should be as often as they say.",
        lambda s: " / ".join(number(100 * s.coverage[name], 1) for name in BANDS) + f"{NBSP}%",
    ),
    (
        "Width",
        "How wide the 80 % band is on average, as a share of the price: narrower is better if the coverage is kept.",
        lambda s: f"{number(s.width_pct['80'], 2)}{NBSP}%",
    ),
    (
        "QLIKE",
        "How well the forecast variance fits the squared return; less is better, and calm hours weigh as much as wild.",
        lambda s: number(s.qlike, 3),
    ),
)

FORECASTERS = {
    "quantile": f"an LSTM that gives {len(LEVELS)} quantiles for each of the next {HORIZONS} hours, of the first "
    "beside what boosted trees taught it, calibrated, with widths that follow how often the bands held of late: what "
    "is served",
    "quantile_untracked": "the same network and calibration, with widths that do not follow",
    "classic": f"the recipe this project started from: an LSTM on {WINDOW} min-max scaled closes",
    "persistence": f"the last close again, with the spread of the last {DAYS} days around it",
    "drift": f"the last close moved on by the mean hourly return of the last {DAYS} days",
    "seasonal_naive": "the last close moved by what the same hours brought the day before",
    "rolling_quantiles": f"the returns of the last {DAYS} days, taken as the distribution of the next",
    "ewma": "past returns in units of an exponentially weighted volatility (RiskMetrics 1996)",
    "har": "past returns in units of a volatility regressed on the ranges of the last hour, hours, day and week and on "
    "the hour of day and day of week (Corsi 2009)",
    "garch_t": "GARCH(1,1) with Student-t innovations (Bollerslev 1987)",
    "har_minutes": "the same, given the volatilities of the last 10, 15, 30, 60 and 180 minutes and of a day too",
    "lightgbm": "gradient-boosted trees, one set for each quantile",
    "lightgbm_minutes": "the same, given what the last minutes were like, and the hours that end at each quarter too",
}

METHOD = (
    "Each hour is forecast from candles that had closed by then, by networks and bands fitted on hours before. The "
    "widths learn from a forecast only when the hour it spoke of has closed.",
    f"Intervals hold 95 % of {DRAWS:,} draws of a moving-block bootstrap in blocks of {BLOCK} hours (Künsch 1989), "
    "because the errors of neighbouring hours are alike.",
    "p-values come from a two-sided Diebold-Mariano test with Newey-West variance, for the MAE against “no change” and "
    "for the CRPS against rolling quantiles.",
    "Forecasts of several hours overlap, so their hours say less than their number seems to.",
)

WALKED = (
    "Walking forward, each year is forecast by networks trained on all hours before it, with bands calibrated on the "
    "forecasts of the year before."
)
CLOSES = (
    f"The same networks answer a list of {WINDOW} closes, which tells nothing of ranges, of volume, of the hour or of "
    "the other coin."
)
