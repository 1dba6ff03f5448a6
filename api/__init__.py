"""The REST surface."""

import forecaster  # noqa: F401  # first: it tells the libraries to be quiet
from api.app import create_app
from api.background import State
from api.dependencies import Step, Told, Words
from api.server import run

__all__ = [
    "State",
    "Step",
    "Told",
    "Words",
    "connections",
    "create_app",
    "middleware",
    "routes",
    "run",
    "wire",
]
