"""Trains the classic recipe: split in time, fit, calibrate, grade on unseen hours, save.

hours    |------------- 72 % -------------|---- 8 % ----|------- 20 % -------|
used to    fit the scaler and the network   stop early,    grade, once
                                            calibrate
"""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Headline, Manifest, save_artifact
from forecaster.calibration import BANDS, RESIDUAL_METHOD, ResidualBands
from forecaster.errors import ConfigurationError, DataFileError
from forecaster.evaluation import grade
from forecaster.features import MinMaxScaling, close_windows, window_volatility
from forecaster.inference import OnnxEngine
from forecaster.market import Candles, utc
from forecaster.schema import HOUR, WINDOW, Report, Symbol
from forecaster.training.export import export

if TYPE_CHECKING:
    import keras

TEST_SHARE = 0.20  # of all hours, the newest
VALIDATION_SHARE = 0.10  # of the training part, its newest
FEWEST_HOURS = 1000
EPOCHS = 50
PATIENCE = 5
BATCH = 32
SEED = 20260623

REMARKS = (
    "The scaler was fitted on the training part alone; the original post does not say, and likely fitted it on all.",
    "Early stopping and the bands used the newest tenth of the training part; neither saw the graded hours.",
    "Hours without a trade repeat the close before them.",
)

Progress = Callable[[str, float], None]  # what is being done, and the share of it that is done, 0..1


@dataclass(frozen=True, slots=True)
class Part:
    """A run of consecutive hours as examples: 60 closes and the close after them."""

    windows: NDArray[np.float32]  # (n, 60, 1) in training units
    target: NDArray[np.float32]  # (n, 1) in training units
    time: NDArray[np.int64]  # (n,) opening of the target hour, Unix s
    last: NDArray[np.float64]  # (n,) newest close of the window, price
    actual: NDArray[np.float64]  # (n,) the close to predict, price
    volatility: NDArray[np.float64]  # (n,) log return per hour, as known at `last`


def train_classic(candles: Candles, symbol: Symbol, out: Path, progress: Progress, *, epochs: int = EPOCHS) -> Report:
    """Train on hourly candles and write the artifact to `out`, with a picture of predicted against actual.

    Raises DataFileError when there are fewer than 1,000 hours, ConfigurationError without TensorFlow.
    """
    hours = candles.filled()[0]
    if len(hours) < FEWEST_HOURS:
        raise DataFileError(
            f"{len(hours)} hours of candles are too few to train on.",
            f"Give a file of at least {FEWEST_HOURS:,} hours.",
        )
    tested = int(len(hours) * (1 - TEST_SHARE))
    validated = int(tested * (1 - VALIDATION_SHARE))
    scaling = MinMaxScaling.of(hours.close[:validated])
    training = _part(hours, scaling, WINDOW, validated)
    validation = _part(hours, scaling, validated, tested)
    test = _part(hours, scaling, tested, len(hours))

    network = _fit(training, validation, epochs, progress)
    files = export(network, validation.windows[:256])
    engine = OnnxEngine(files["model.onnx"])
    bands = ResidualBands.of(_predict(engine, scaling, validation), validation.actual, validation.volatility)
    predicted = _predict(engine, scaling, test)
    intervals = {name: bands.band(name, predicted, test.volatility) for name in BANDS}
    report = grade(symbol, "classic", test.time, predicted, test.actual, test.last, intervals, REMARKS)

    files["scaling.json"] = scaling.model_dump_json().encode()
    files["calibration.json"] = bands.model_dump_json().encode()
    files["report.json"] = (report.model_dump_json(indent=2) + "\n").encode()
    files["predicted_vs_actual.png"] = _picture(test, predicted, report)
    save_artifact(out, files, _manifest(symbol, hours, validated, report))
    return report


def _part(hours: Candles, scaling: MinMaxScaling, start: int, stop: int) -> Part:
    """The examples whose target hour is start <= index < stop; their windows may begin before start."""
    close = hours.close[start - WINDOW : stop]
    return Part(
        windows=close_windows(close[:-1], scaling),
        target=scaling.to_unit(close[WINDOW:, None]),
        time=hours.time[start:stop],
        last=close[WINDOW - 1 : -1],
        actual=close[WINDOW:],
        volatility=window_volatility(close[:-1]),
    )


def _fit(training: Part, validation: Part, epochs: int, progress: Progress) -> "keras.Model":
    try:
        import keras
    except ImportError as error:
        raise ConfigurationError("Training needs TensorFlow.", "Install it with: pip install -e '.[train]'") from error
    from forecaster.networks import CLASSIC_PARAMETERS, classic

    keras.utils.set_random_seed(SEED)
    network = classic()
    assert network.count_params() == CLASSIC_PARAMETERS
    steps = -(-len(training.target) // BATCH)
    epoch = [0]

    def batch_done(batch: int, logs: object) -> None:
        if batch % 20 == 0:
            progress(f"epoch {epoch[0] + 1}", (batch + 1) / steps)

    def epoch_done(number: int, logs: dict[str, float]) -> None:
        epoch[0] = number + 1
        progress(f"epoch {number + 1}: validation loss {logs['val_loss']:.3e}", 1.0)

    network.fit(
        np.ascontiguousarray(training.windows),
        training.target,
        validation_data=(np.ascontiguousarray(validation.windows), validation.target),
        batch_size=BATCH,
        epochs=epochs,
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=PATIENCE, restore_best_weights=True),
            keras.callbacks.LambdaCallback(on_epoch_end=epoch_done, on_train_batch_end=batch_done),
        ],
    )
    return network


def _predict(engine: OnnxEngine, scaling: MinMaxScaling, part: Part) -> NDArray[np.float64]:
    batches = range(0, len(part.target), 1024)
    return np.concatenate([scaling.to_price(engine.run(part.windows[i : i + 1024]))[:, 0] for i in batches])


def _picture(test: Part, predicted: NDArray[np.float64], report: Report) -> bytes:
    from forecaster.report.png import predicted_against_actual

    return predicted_against_actual(test.time, test.actual, predicted, report)


def _manifest(symbol: Symbol, hours: Candles, validated: int, report: Report) -> Manifest:
    packages = ("tensorflow", "keras", "tf2onnx", "onnxruntime", "numpy", "scikit-learn")
    return Manifest(
        format=1,
        name="classic",
        version="1.0",
        recipe="classic",
        symbols=(symbol,),
        trained_from=utc(int(hours.time[0])),
        trained_to=utc(int(hours.time[validated - 1]) + HOUR),
        features=("close",),
        input_hours=WINDOW,
        horizons=1,
        band_method=RESIDUAL_METHOD,
        versions={"python": platform.python_version(), **{name: version(name) for name in packages}},
        headline=Headline(
            mae=report.model.mae, mae_persistence=report.persistence.mae, skill=report.skill.value, n=report.n
        ),
        files={},
    )
