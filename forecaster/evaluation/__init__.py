"""How good forecasts are: scores, baselines, and the ways to grade on hours that no network saw."""

from forecaster.evaluation.challenge import Verdict, verdict
from forecaster.evaluation.coins import CoinRecord, coin_records
from forecaster.evaluation.fixed_split import Record, fixed_split
from forecaster.evaluation.grades import AtOffset, RandomMinute
from forecaster.evaluation.hindcast import hindcast_of
from forecaster.evaluation.metrics import grade, metrics
from forecaster.evaluation.random_minute import at_random, random_minute_of
from forecaster.evaluation.record import ALL, OURS, UNTRACKED, Against, Evaluation, Graded, Method, Reliability, Scores
from forecaster.evaluation.regrade import headline, in_words, regrade, row_in_words
from forecaster.evaluation.rolling_origin import FEWEST, MOST, RollingOrigin, rolling_origin
from forecaster.evaluation.significance import BLOCK, DRAWS, skill
from forecaster.evaluation.walk_forward import refits, walk_forward
from forecaster.evaluation.wider_record import widened

__all__ = [
    "ALL",
    "BLOCK",
    "DRAWS",
    "FEWEST",
    "MOST",
    "OURS",
    "UNTRACKED",
    "Against",
    "AtOffset",
    "CoinRecord",
    "Evaluation",
    "Graded",
    "Method",
    "RandomMinute",
    "Record",
    "Reliability",
    "RollingOrigin",
    "Scores",
    "Verdict",
    "at_random",
    "baselines",
    "coin_records",
    "fixed_split",
    "grade",
    "headline",
    "hindcast_of",
    "in_words",
    "metrics",
    "random_minute_of",
    "refits",
    "regrade",
    "rolling_origin",
    "row_in_words",
    "skill",
    "verdict",
    "walk_forward",
    "widened",
]
