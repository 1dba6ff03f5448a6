"""Prices that exchanges tell by themselves over their public WebSockets, while somebody wants them often."""

from forecaster.market.exchanges.sockets.sockets import Sockets

__all__ = ["Sockets"]
