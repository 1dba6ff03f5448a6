"""What a webhook or the stream is told, as JSON: in words and numbers, or as Alertmanager writes it to its webhooks."""

import json
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from forecaster.alerts.alerts import Asked, Standing
from forecaster.alerts.conditions import Condition, Range, Reading, Situation
from forecaster.market import utc
from forecaster.schema import ForecastWarning, Frozen, Symbol

NEVER = "0001-01-01T00:00:00Z"  # how Alertmanager writes the end of what goes on
ADVICE = "Educational, not financial advice."

Status = Literal["firing", "resolved"]


class Notice(Frozen):
    """What is told of an alert. A delivery that comes twice has the same id."""

    id: str
    alert_id: str
    sequence: int = Field(description="rises with each notice of an alert")
    symbol: Symbol
    text: str = Field(description="what happened, in a sentence")
    time: AwareDatetime = Field(description="when it was seen")
    since: AwareDatetime = Field(description="when it began to hold")
    value: float = Field(description="what was compared: a price, percent, or a chance")
    condition: Condition
    range: Range | None = None
    forecast_id: str | None = None
    source: str | None = Field(description="of the price or forecast: an exchange's name, or 'demo' (simulated)")
    warnings: tuple[ForecastWarning, ...] = ()
    note: str = ""
    disclaimer: str = ADVICE


def body_of(id_: str, asked: Asked, standing: Standing, reading: Reading, at: Situation, status: Status) -> str:
    """The body of a notice, on one line."""
    if asked.wanted.format == "alertmanager":
        return json.dumps(_alertmanager(asked, standing, reading, at, status), allow_nan=False)
    known = at.quote if asked.needs_trades() else at.forecast or at.quote
    notice = Notice(
        id=id_,
        alert_id=asked.id,
        sequence=standing.version,
        symbol=asked.wanted.symbol,
        text=reading.text,
        time=utc(at.now),
        since=utc(standing.since or at.now),
        value=reading.value,
        condition=asked.wanted.condition,
        range=reading.range,
        forecast_id=reading.forecast_id,
        source=known.source if known else None,
        warnings=known.warnings if known else (),
        note=asked.wanted.note,
    )
    return notice.model_dump_json()


def _alertmanager(asked: Asked, standing: Standing, reading: Reading, at: Situation, status: Status) -> dict[str, Any]:
    """Alertmanager's webhook payload, version 4, with one alert in its group."""
    kind = asked.wanted.condition.kind
    labels = {
        "alertname": f"CryptoSense{kind.capitalize()}",
        "alert_id": asked.id,
        "kind": kind,
        "symbol": asked.wanted.symbol,
    }
    said = asked.wanted.note or ADVICE
    annotations = {"summary": reading.text, "description": said, "value": f"{reading.value:.10g}"}
    group = {"alertname": labels["alertname"], "alert_id": asked.id}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": _written(standing.since or at.now),
        "endsAt": NEVER if status == "firing" else _written(at.now),
        "generatorURL": "",
        "fingerprint": asked.id[-16:],
    }
    return {
        "version": "4",
        "groupKey": "{}:{" + ", ".join(f'{name}="{value}"' for name, value in sorted(group.items())) + "}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "cryptosense",
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [alert],
    }


def _written(seconds: float) -> str:
    return utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
