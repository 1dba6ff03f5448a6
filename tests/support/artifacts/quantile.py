"""A quantile artifact trained in seconds on two made-up markets: it answers, and knows nothing."""

import json
import subprocess
import sys
from pathlib import Path

from forecaster.artifact.loading import load_artifact
from forecaster.artifact.manifest import Artifact
from forecaster.settings import ROOT
from tests.support.artifacts.markets import BTC, ETH, TEST, VALIDATION, five_minutes

Told = list[tuple[str, float]]  # what was being done, and the share of it that was done

FINE = {"BTC-USD": five_minutes(40, seed=25), "ETH-USD": five_minutes(40, seed=26, start=1_500.0)}


def trained(folder: Path) -> tuple[Artifact, Told]:
    """That artifact and what its training told, made in a process of its own, so that this one needs no TensorFlow."""
    out, told = folder / "quantile", folder / "quantile.told.json"
    if not told.exists():
        subprocess.run([sys.executable, "-m", __name__, out, told], cwd=ROOT, check=True)
    return load_artifact(out), [(doing, share) for doing, share in json.loads(told.read_text())]


def _train(out: Path, told: Path) -> None:
    from forecaster.training.fit import Recipe
    from forecaster.training.quantile import Split, train_quantile
    from forecaster.training.side_by_side import in_turn

    heard: Told = []
    recipe, split = Recipe(seeds=1, epochs=1, batch=128), Split(validation=VALIDATION, test=TEST)
    train_quantile(
        BTC,
        ETH,
        out,
        lambda doing, share: heard.append((doing, share)),
        recipe,
        split,
        fine=FINE,
        trainer=in_turn,  # many small networks are sooner trained than as many TensorFlows are loaded
    )
    told.write_text(json.dumps(heard))


if __name__ == "__main__":
    _train(*map(Path, sys.argv[1:]))
