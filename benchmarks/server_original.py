"""The original handler: Keras ``predict`` for every request, with its scaler around it."""

import json

import keras
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel
from sklearn.preprocessing import MinMaxScaler

from benchmarks.serve import serve
from forecaster.settings import ROOT

folder = ROOT / "models" / "classic"
loaded_model = keras.models.load_model(folder / "model.keras", compile=False)
limits = json.loads((folder / "scaling.json").read_text())
loaded_scaler = MinMaxScaler().fit([[limits["low"]], [limits["high"]]])
app = FastAPI()


class PriceInput(BaseModel):
    prices: list[float]


@app.post("/predict")
def predict(data: PriceInput) -> dict[str, float]:
    input_array = np.array(data.prices).reshape(-1, 1)
    scaled_input = loaded_scaler.transform(input_array)
    scaled_input = scaled_input.reshape(1, 60, 1)
    predicted_scaled = loaded_model.predict(scaled_input, verbose=0)
    predicted_price = loaded_scaler.inverse_transform(predicted_scaled)
    return {"predicted_next_hour_price": round(float(predicted_price[0][0]), 2)}


if __name__ == "__main__":
    serve(app)
