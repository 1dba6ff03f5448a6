"""What a visitor is told of an error: no settings, files, commands, and never less than a sentence with what to do."""

import ast
import re
from pathlib import Path

import pytest

from forecaster import errors
from forecaster.errors import (
    ArtifactError,
    BackendError,
    ConfigurationError,
    CryptoSenseError,
    DatabaseError,
    DataFileError,
    ExchangeError,
    InvalidInput,
    NoCandles,
    NoRecord,
    NotTrained,
    SourceError,
    UnsupportedHorizon,
    UnsupportedSymbol,
)

ROOT = Path(__file__).resolve().parents[2]
OPERATORS = re.compile(r"[A-Z]+_[A-Z_]+|\.env\b|(?:^| )/\w|python |pip |--\w|\b\w+Error\b|\.(?:toml|json|db|parquet)\b")
SECRET = ("CRYPTOSENSE_X=1 names /srv/model.json.", "Run python app.py --source demo, then set CRYPTOSENSE_Y.")
OFFLINE = ("challenge.py", "regrade.py")  # of commands, which the service never runs
EVERY = (
    CryptoSenseError(*SECRET), SourceError("Kraken has no history before 2013.", SECRET[1]), DataFileError(*SECRET),
    ArtifactError(*SECRET), ConfigurationError(*SECRET), InvalidInput("60 numbers are needed.", "Send 60."),
    UnsupportedSymbol("XMR-USD", ("BTC-USD",)), UnsupportedHorizon(48, 24), ExchangeError("kraken", "timed out"),
    NoCandles("BTC-USD", (ExchangeError("kraken", "timed out"),)), BackendError("timed out"), NoRecord(),
    DatabaseError("ledger", "is read-only"), NotTrained({Path("a.keras"): ConfigurationError(*SECRET)}),
)  # fmt: skip


def test_every_kind_of_error_is_looked_at():
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CryptoSenseError)}
    assert {type(error) for error in EVERY} == kinds


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_a_visitor_is_told_what_to_do_and_nothing_of_how_this_is_run(error):
    assert OPERATORS.search(error.public) is None
    assert error.public.count(".") >= 2


def test_the_log_keeps_all_of_it():
    assert str(ConfigurationError(*SECRET)) == " ".join(SECRET)
    assert "CRYPTOSENSE_SOURCE=demo" in str(NoCandles("BTC-USD", ()))


def test_what_is_told_of_errors_names_no_setting_wherever_they_arise():
    told = []
    for path in (ROOT / "forecaster").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            kind = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if path.name not in OFFLINE and kind in ("InvalidInput", "SourceError"):
                parts = node.args if kind == "InvalidInput" else node.args[:1]
                told += [each.value for part in parts for each in ast.walk(part) if isinstance(each, ast.Constant)]
    assert len(told) > 20
    assert [text for text in map(str, told) if re.search(r"[A-Z]+_[A-Z_]+|python |pip |\.env\b", text)] == []
