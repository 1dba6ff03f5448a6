"""The networks, as Keras layers and nothing else: no files, no data, no backend's own operations."""

from typing import TYPE_CHECKING

from forecaster.schema import WINDOW

if TYPE_CHECKING:
    import keras

CLASSIC_PARAMETERS = 29_345


def classic() -> "keras.Model":
    """The original network: (windows, 60, 1) float32 in training units -> (windows, 1), the next close.

    Two LSTM layers of 64 and 32 units, each followed by 20 % dropout, and one linear unit: 29,345
    parameters, compiled with Adam and mean squared error as in the post that started the project.
    """
    import keras

    network = keras.Sequential(
        [
            keras.Input((WINDOW, 1), name="closes"),
            keras.layers.LSTM(64, return_sequences=True),
            keras.layers.Dropout(0.2),
            keras.layers.LSTM(32),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1, name="next_close"),
        ],
        name="classic",
    )
    network.compile(optimizer="adam", loss="mse")
    return network
