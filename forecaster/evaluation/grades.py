"""What is said of forecasts that were graded on a file or at every minute: one-hour forecasts, in a few numbers."""

import numpy as np
from pydantic import AliasChoices, AwareDatetime, ConfigDict, Field

from forecaster.quantiles import BANDS
from forecaster.schema import Frozen, Symbol


class Hindcast(Frozen):
    """One-hour forecasts against what happened; errors in the quote currency, CRPS of the log return times 10,000."""

    model_config = ConfigDict(serialize_by_alias=True)

    symbol: Symbol
    n: int = Field(gt=0, description="forecasts graded")
    start: AwareDatetime = Field(
        validation_alias=AliasChoices("from", "start"),
        serialization_alias="from",
        description="opening of the first hour that was forecast",
    )
    stop: AwareDatetime = Field(
        validation_alias=AliasChoices("to", "stop"), serialization_alias="to", description="close of the last one"
    )
    mae: float
    mae_persistence: float
    mae_skill: float = Field(description="1 - mae / mae_persistence")
    direction: float | None = Field(description="share of moves whose sign was right")
    crps: float
    crps_rolling_quantiles: float = Field(description="of the last 90 days' quantiles on the same hours")
    coverage: dict[str, float]

    def in_words(self) -> str:
        """A few lines for a terminal."""
        held = ", ".join(f"{100 * share:.1f} % inside the {name} % band" for name, share in self.coverage.items())
        right = "no direction was called" if self.direction is None else f"direction right {100 * self.direction:.1f} %"
        better = 1 - self.crps / self.crps_rolling_quantiles
        return "\n".join(
            [
                f"{self.symbol}, one hour ahead, {self.n:,} forecasts, {self.start:%Y-%m-%d} to {self.stop:%Y-%m-%d}",
                f"MAE {self.mae:,.2f}; of 'no change' {self.mae_persistence:,.2f}: skill {100 * self.mae_skill:+.2f} %",
                f"CRPS {self.crps:.2f}e-4; of rolling quantiles {self.crps_rolling_quantiles:.2f}e-4: "
                f"skill {100 * better:+.1f} %",
                f"{right}; {held}",
            ]
        )


class ThisHour(Frozen):
    """Forecasts of the close of the hour that is under way; errors in the quote currency."""

    mae: float
    mae_persistence: float = Field(description="of the price at the moment of asking")
    coverage: dict[str, float]


class WithinHour(Frozen):
    """Forecasts of the price in some minutes, in log returns: CRPS times 10,000."""

    mae_skill: float = Field(description="1 - mae / that of the price at the moment of asking")
    crps: float
    coverage: dict[str, float]


class LastHour(Frozen):
    """What the forecast from the last full hour would have said at the same moments."""

    mae: float = Field(description="in 60 minutes")
    mae_this_hour: float = Field(description="the close of the hour that is under way")
    outside_80: float = Field(description="share of moments at which the price was outside its 80 % band already")


class AtOffset(Frozen):
    """Forecasts for in 60 minutes, asked at one minute of every hour; CRPS of the log return times 10,000."""

    n: int = Field(gt=0, description="forecasts graded")
    mae: float
    mae_persistence: float
    mae_skill: float = Field(description="1 - mae / mae_persistence")
    direction: float | None
    crps: float
    crps_rolling_quantiles: float
    coverage: dict[str, float]
    this_hour: ThisHour
    within_hour: dict[str, WithinHour] = Field(default={}, description="'15', '30' and '45' minutes ahead")
    last_hour: LastHour


class RandomMinute(Hindcast):
    """One forecast an hour, each asked at a random five-minute mark, and all of them by their minute."""

    by_offset: dict[str, AtOffset] = Field(description="minutes past the full hour, '0' to '55' -> all asked then")

    @property
    def in_60_minutes(self) -> tuple[float, float]:
        """MAE over all twelve minutes, and that of what the last full hour's forecasts would have said."""
        rows = self.by_offset.values()
        return float(np.mean([row.mae for row in rows])), float(np.mean([row.last_hour.mae for row in rows]))

    @property
    def this_hour(self) -> tuple[float, float]:
        """The same of the close of the hour that is under way."""
        rows = self.by_offset.values()
        then = float(np.mean([row.last_hour.mae_this_hour for row in rows]))
        return float(np.mean([row.this_hour.mae for row in rows])), then

    def in_words(self) -> str:
        """A few lines for a terminal."""
        (mae, before), (this, before_this) = self.in_60_minutes, self.this_hour
        lines = [
            super().in_words().replace("one hour ahead", "in 60 minutes, asked at a random minute"),
            f"all twelve minutes: MAE in 60 minutes {mae:,.2f}; from the last full hour {before:,.2f}: "
            f"{100 * (1 - mae / before):.1f} % lower",
            f"the close of the hour under way {this:,.2f}; from the last full hour {before_this:,.2f}: "
            f"{100 * (1 - this / before_this):.1f} % lower",
        ]
        for minute, row in self.by_offset.items():
            held = " / ".join(f"{100 * row.coverage[name]:.1f}" for name in BANDS)
            lines.append(
                f":{int(minute):02d}  n {row.n:,}  skill {100 * row.mae_skill:+.2f} %  CRPS {row.crps:.2f} "
                f"({row.crps_rolling_quantiles:.2f})  held {held}  "
                f"outside the last full hour's 80 % band {100 * row.last_hour.outside_80:.1f} %"
            )
        return "\n".join(lines)
