"""What Prefect reads from the environment when it is imported; nothing here imports it."""

import contextlib
import logging
import os
from pathlib import Path

from tasks.runs.home import Home

LOGGERS = ("flows", "tasks", "lightning_modules", "pytorch_lightning")
"""Loggers whose records a run's page shows."""


def prepare_environment(home: Home | None = None) -> None:
    """Settle Prefect's settings, and how threads wait, for this process and its children; what is set already stays.

    State goes below ``COLDCART_HOME``, telemetry is off, our loggers reach the run's page. Profiles a user made
    with ``prefect profile`` keep their say, so that a team's server is found.

    Args:
        home: Where state lives; ``Home.current()`` by default.
    """
    home = home or Home.current()
    own_profiles = Path("~/.prefect/profiles.toml").expanduser()
    if "PREFECT_HOME" not in os.environ and own_profiles.is_file():
        os.environ.setdefault("PREFECT_PROFILES_PATH", str(own_profiles))
    for name, value in {
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "true",
        # Threads that wait by spinning slow everything down several times over where cores are shared.
        "OMP_WAIT_POLICY": "passive",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        # Often enough that a server notices within minutes that a run died (flows/zombies.py).
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_LOGGING_EXTRA_LOGGERS": ",".join(LOGGERS),
        # Our loggers speak outside flows, too: there is no run to send that to, and nothing to warn of.
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }.items():
        os.environ.setdefault(name, value)
    with contextlib.suppress(OSError):
        # Prefect makes this folder, but not its parents. One that cannot be made is reported where it is used.
        Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
    for name in LOGGERS:
        # Prefect hands its handlers to extra loggers, but leaves their level to the root: WARNING.
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(logging.INFO)
