"""The line beside the page's title: the newest price, how it moved in a day, how old it is and whose it is."""

from html import escape

from assistant.wording import SIMULATED, ago, money, percent, source_name
from forecaster.schema import ForecastWarning, Price


def ticker(price: Price | None) -> str:
    """The line as HTML; without a price it says so."""
    if price is None:
        return '<span class="dim">No price at hand right now</span>'
    coin = price.symbol.partition("-")[0]
    simulated = ForecastWarning.DEMO_DATA in price.warnings
    origin = SIMULATED if simulated else f"{source_name(price.source)}, candle closed {ago(price.age_seconds)} ago"
    return (
        f'<span class="price">{coin} {escape(money(price.price, price.quote))}</span>{_change(price.change_24h_pct)}'
        f'<span class="{"simulated" if simulated else "dim"}">{escape(origin)}</span>'
    )


def _change(change: float | None) -> str:
    if change is None:
        return ""
    direction = "up" if change > 0 else "down" if change < 0 else "dim"
    return f'<span class="{direction}">{percent(change, 2, sign=True)} 24 h</span>'
