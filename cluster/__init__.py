"""The service in several processes and on several machines, with Ray Serve (docs/scaling.md); needs the extra `ray`."""

from cluster.ray_node import GCS_PORT, head, join
from cluster.service import Scale, application, run
from cluster.trainings import HERE, on_ray

__all__ = ["GCS_PORT", "HERE", "Scale", "application", "head", "join", "on_ray", "run"]
