"""The service in several processes and on several machines, with Ray Serve (docs/scaling.md); needs the extra `ray`."""

from cluster.ray_node import GCS_PORT, head, join
from cluster.service import Scale, application, run

__all__ = ["GCS_PORT", "Scale", "application", "head", "join", "run"]
