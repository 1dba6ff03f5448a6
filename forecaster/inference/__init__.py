"""An artifact and closed candles in, a forecast out."""

from forecaster.inference.annotate import Draft, Flag, gaps_flag
from forecaster.inference.backtest import Progress, backtest
from forecaster.inference.engine import Engine, Inputs, KerasEngine, OnnxEngine, open_engine
from forecaster.inference.interpolation import HIGHEST, LOWEST, between, detailed, horizons_of, standard
from forecaster.inference.loop_batch import LoopTurn
from forecaster.inference.microbatch import Named, run_together
from forecaster.inference.odds import AmountIn, Direction, Odds, OddsAsked, Side, odds
from forecaster.inference.predictor import Predictor
from forecaster.inference.smoke_test import EngineKind, EngineOf, open_model, tried
from forecaster.inference.window import Window

__all__ = [
    "HIGHEST",
    "LOWEST",
    "AmountIn",
    "Direction",
    "Draft",
    "Engine",
    "EngineKind",
    "EngineOf",
    "Flag",
    "Inputs",
    "KerasEngine",
    "LoopTurn",
    "Named",
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
    "open_engine",
    "open_model",
    "run_together",
    "standard",
    "tried",
]
