"""Where candles come from: exchanges, a simulated tape, files, and the store that remembers them."""

from pathlib import Path
from typing import TYPE_CHECKING

from forecaster.data.source import CandleSource, Snapshot

if TYPE_CHECKING:
    import httpx

    from forecaster.health import Health
    from forecaster.settings import Settings

__all__ = ["CandleSource", "Snapshot", "open_source"]


def open_source(
    settings: "Settings", transport: "httpx.AsyncBaseTransport | None" = None, health: "Health | None" = None
) -> CandleSource:
    """The source that `settings.source` names: auto, live, demo, or the path of a candle file.

    `transport` carries the requests to exchanges instead of the network, `health` is told how the store does. Nothing
    is opened, read or asked before the first question.
    """
    if settings.source == "demo":
        from forecaster.data.demo import DemoSource

        return DemoSource()
    if settings.source == "live":
        return _live(settings, transport, health)
    if settings.source == "auto":
        from forecaster.data.auto import AutoSource
        from forecaster.data.demo import DemoSource

        return AutoSource(_live(settings, transport, health), DemoSource())
    from forecaster.data.files import FileSource

    return FileSource(Path(settings.source))


def _live(settings: "Settings", transport: "httpx.AsyncBaseTransport | None", health: "Health | None") -> CandleSource:
    from forecaster.data.exchange import open_client
    from forecaster.data.exchanges import EXCHANGES
    from forecaster.data.live import LiveSource
    from forecaster.data.store import CandleStore

    client = open_client(transport)
    exchanges = [EXCHANGES[name](client, settings.exchange_url(name)) for name in settings.exchanges]
    return LiveSource(exchanges, CandleStore(settings.database_url, health))
