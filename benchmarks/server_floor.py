"""The floor under POST /predict: the same body validated by plain FastAPI, and a constant returned."""

from fastapi import FastAPI

from api.routes.predict import PredictRequest, PredictResponse
from benchmarks.serve import serve

app = FastAPI()


@app.post("/predict")
async def predict(body: PredictRequest) -> PredictResponse:
    return PredictResponse(predicted_next_hour_price=61635.61)


if __name__ == "__main__":
    serve(app)
