"""TradingView's lightweight-charts, as the package akquant-lwc brings it: found where it is installed, and checked.

It is read as a file. The package is never imported: that would load pandas, and run what is not wanted here.
Its licence is Apache-2.0, which asks for a notice with a link to https://www.tradingview.com/: the chart shows it
(static/chart/view.js, `attributionLogo`), and so does docs/chart.md.
"""

import hashlib
import logging
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "akquant_lwc"
FILE = Path("assets", "lightweight-charts.standalone.production.js")
VERSION = "5.2.0"
SHA256 = "c0992580867c4912cc9385b3c2728315bcc1a76c7f1087dca908430fccdf31d7"
LARGEST = 1_000_000  # bytes; it has 196,203

log = logging.getLogger(__name__)


def library(package: str = PACKAGE) -> bytes | None:
    """The script, or None where it is not installed or is not the one that we know; cards keep their pictures then."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / FILE
        try:
            script = path.read_bytes() if path.stat().st_size <= LARGEST else b""
        except OSError:
            continue
        if hashlib.sha256(script).hexdigest() == SHA256:
            return script
        log.error(
            "%s is not lightweight-charts %s as it was published, so cards keep their still pictures. "
            "Install requirements.lock again.",
            path,
            VERSION,
        )
        return None
    log.warning(
        "lightweight-charts is not installed, so cards keep their still pictures. Install requirements.lock to have it."
    )
    return None
