"""The service as an application of Ray Serve: how many replicas, when there are more, and how they are renewed."""

import json
import logging
import signal
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster.network import deployment
from cluster.replica import Replica
from forecaster.errors import ConfigurationError

if TYPE_CHECKING:
    from forecaster.settings import Settings

NAME = "cryptosense"
INSIDE = 256  # requests inside one replica at once; the service itself turns away more than it can take
BUSY = 32  # of them for each replica, above which there are more replicas
DRAINS = 15.0  # seconds that requests inside are given when a replica is to end
PERIOD, PATIENCE = 5.0, 120.0  # seconds between health checks, and for one: the first waits until all is ready


class Scale(NamedTuple):
    """How many replicas there are."""

    least: int
    most: int
    per_machine: int | None = None  # at most


def bound(settings: "Settings", scale: Scale, *, with_chat: bool, gpus: float = 0) -> Any:
    """The application for `serve.run`, with the settings of this process. Raises ConfigurationError.

    With ENGINE=keras the network has a deployment of its own, on one of the cluster's `gpus` where there are any.
    """
    if not 1 <= scale.least <= scale.most:
        raise ConfigurationError(
            f"Between {scale.least} and {scale.most} replicas are none.",
            "Ask for at least one replica, and as many at most.",
        )
    from ray import serve

    given = json.dumps(settings.model_dump(mode="json", exclude_unset=True))
    replica = serve.deployment(
        name="replica",
        autoscaling_config={
            "min_replicas": scale.least,
            "initial_replicas": scale.least,
            "max_replicas": scale.most,
            "target_ongoing_requests": BUSY,
        },
        max_ongoing_requests=INSIDE,
        graceful_shutdown_timeout_s=DRAINS,
        health_check_period_s=PERIOD,
        health_check_timeout_s=PATIENCE,
        ray_actor_options={"num_cpus": 0.5},
        logging_config={"enable_access_log": False, "log_level": "WARNING"},
    )(serve.ingress()(Replica))
    if scale.per_machine is not None:
        replica = replica.options(max_replicas_per_node=scale.per_machine)
    network = deployment(given, min(gpus, 1)) if settings.engine == "keras" else None
    return replica.bind(given, with_chat, network)


def application(arguments: dict[str, str]) -> Any:
    """What `serve deploy` builds: deploy/ray-serve.yaml names it, with `least`, `most`, `chat` and `gpus`."""
    from forecaster.settings import Settings

    scale = Scale(int(arguments.get("least", 1)), int(arguments.get("most", 2)))
    with_chat, gpus = arguments.get("chat", "yes") == "yes", float(arguments.get("gpus", 0))
    return bound(Settings.load(), scale, with_chat=with_chat, gpus=gpus)


def deploy(settings: "Settings", scale: Scale, address: str, *, with_chat: bool, every_machine: bool) -> None:
    """Put the service on the cluster at HOST:PORT; where it runs already, its replicas are renewed one by one.

    Raises ConfigurationError for settings that several machines cannot share.
    """
    import ray
    from ray import serve

    ray.init(address=address, logging_level=logging.WARNING, configure_logging=False, log_to_driver=True)
    if len(ray.nodes()) > 1 and settings.database_url.startswith("sqlite"):
        raise ConfigurationError(
            "Several machines cannot share a file of SQLite.", "Set CRYPTOSENSE_DATABASE_URL to a PostgreSQL."
        )
    serve.start(
        proxy_location="EveryNode" if every_machine else "HeadOnly",
        http_options={"host": settings.host, "port": settings.port},
        logging_config={"enable_access_log": False, "log_level": "WARNING"},
    )
    gpus = float(ray.cluster_resources().get("GPU", 0))
    serve.run(bound(settings, scale, with_chat=with_chat, gpus=gpus), name=NAME, route_prefix="/")


def run(settings: "Settings", scale: Scale, address: str, *, with_chat: bool, every_machine: bool) -> None:
    """Deploy, and wait until this process is told to stop; then replicas finish what is inside and end."""
    import ray
    from ray import serve

    stop = threading.Event()
    try:
        deploy(settings, scale, address, with_chat=with_chat, every_machine=every_machine)
        for each in (signal.SIGINT, signal.SIGTERM):  # only now: Ray has handlers of its own, which abort
            signal.signal(each, lambda *_: stop.set())
        stop.wait()
        serve.shutdown()
    finally:
        ray.shutdown()
