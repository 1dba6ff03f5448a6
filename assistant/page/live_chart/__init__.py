"""The chart that replaces a card's picture where scripts run: its files, and the library that draws it."""

from assistant.page.live_chart.routes import chart_routes

__all__ = ["chart_routes"]
