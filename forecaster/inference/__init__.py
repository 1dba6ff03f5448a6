"""An artifact and closed candles in, a forecast out."""

from forecaster.inference.annotate import Draft, Flag, gaps_flag
from forecaster.inference.backtest import Progress, backtest
from forecaster.inference.engine import Engine, Inputs, OnnxEngine
from forecaster.inference.interpolation import HIGHEST, LOWEST, between, detailed, horizons_of, standard
from forecaster.inference.loop_batch import LoopTurn
from forecaster.inference.odds import AmountIn, Direction, Odds, OddsAsked, Side, odds
from forecaster.inference.predictor import Predictor
from forecaster.inference.smoke_test import EngineKind, open_model, tried
from forecaster.inference.window import Window

__all__ = [
    "HIGHEST",
    "LOWEST",
    "AmountIn",
    "Direction",
    "Draft",
    "Engine",
    "EngineKind",
    "Flag",
    "Inputs",
    "LoopTurn",
    "Odds",
    "OddsAsked",
    "OnnxEngine",
    "Predictor",
    "Progress",
    "Side",
    "Window",
    "backtest",
    "between",
    "detailed",
    "gaps_flag",
    "horizons_of",
    "next_close",
    "odds",
    "open_model",
    "standard",
    "tried",
]
