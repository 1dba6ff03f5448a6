"""The floor under POST /v1/forecast: the same body validated by plain FastAPI, and a constant returned."""

from fastapi import FastAPI

from api.routes.forecast import ForecastRequest
from api.routes.predict import PredictResponse
from benchmarks.serve import serve

app = FastAPI()


@app.post("/v1/forecast")
async def forecast(body: ForecastRequest) -> PredictResponse:
    return PredictResponse(predicted_next_hour_price=61635.61)


if __name__ == "__main__":
    serve(app)
