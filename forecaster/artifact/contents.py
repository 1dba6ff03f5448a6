"""What the files of an artifact must hold for their recipe, checked before any engine opens one.

Hashes tell that the files are those of the manifest. They do not tell that whoever wrote the manifest meant well:
here a network that takes or gives something else than its recipe is refused, and so is whatever could do more than
arithmetic.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from pydantic import ValidationError

from forecaster.artifact import inspect_keras as keras_archive
from forecaster.artifact import inspect_onnx as onnx_graph
from forecaster.artifact.inspect_onnx import Shape, Unfit
from forecaster.artifact.manifest import Manifest
from forecaster.calibration import Calibration, ResidualBands
from forecaster.features import CHANNELS, CONTEXT, FLAGS, FROM_CLOSES, LOOKBACK, SUBHOUR, Familiarity, MinMaxScaling
from forecaster.quantiles import HORIZONS, LEVELS
from forecaster.schema import WINDOW, Frozen, Report


@dataclass(frozen=True, slots=True)
class Expected:
    """What every artifact of a recipe has in common; shapes are those of one window."""

    features: tuple[str, ...]
    input_hours: int
    horizons: int
    inputs: Mapping[str, Shape]
    output: Shape
    scaling: type[Frozen]
    calibration: type[Frozen]
    closes: Mapping[str, Shape] = field(default_factory=dict)  # inputs of the network for the next close alone


RECIPES = {
    "classic": Expected(
        features=("close",),
        input_hours=WINDOW,
        horizons=1,
        inputs={"closes": (WINDOW, 1)},
        output=(1,),
        scaling=MinMaxScaling,
        calibration=ResidualBands,
    ),
    "quantile": Expected(
        features=(*CHANNELS, *CONTEXT, *SUBHOUR),
        input_hours=LOOKBACK,
        horizons=HORIZONS,
        inputs={
            "window": (WINDOW, len(CHANNELS)),
            "context": (len(CONTEXT),),
            "subhour": (len(SUBHOUR),),
            "known": (FLAGS,),
        },
        output=(HORIZONS, len(LEVELS)),
        scaling=Familiarity,
        calibration=Calibration,
        closes={"returns": (WINDOW,), "context": (len(FROM_CLOSES),)},
    ),
}


def fault(manifest: Manifest, files: Mapping[str, bytes]) -> tuple[str, str] | None:
    """The first file that does not hold what its recipe needs, and why in words; None where all do."""
    expected = RECIPES[manifest.recipe]
    said = (manifest.features, manifest.input_hours, manifest.horizons)
    if said != (expected.features, expected.input_hours, expected.horizons):
        return "manifest.json", "speaks of other features, hours or horizons than this version computes"
    for name, check in _checks(expected).items():
        try:
            if name in files:
                check(files[name])
        except ValidationError:
            return name, f"does not hold what the {manifest.recipe} recipe needs"
        except Unfit as error:
            return name, str(error)
    return None


def _checks(expected: Expected) -> dict[str, Callable[[bytes], object]]:
    graph = partial(onnx_graph.check, inputs=expected.inputs, output=expected.output)
    return {
        "model.onnx": graph,
        "graded.onnx": graph,
        "next_close.onnx": partial(onnx_graph.check, inputs=expected.closes, output=()),
        "model.keras": partial(keras_archive.check, inputs=expected.inputs),
        "scaling.json": expected.scaling.model_validate_json,
        "calibration.json": expected.calibration.model_validate_json,
        "report.json": Report.model_validate_json,
    }
