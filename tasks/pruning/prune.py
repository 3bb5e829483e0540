"""The whole of it: look, show, and remove where that is asked for."""

import logging
import time
from dataclasses import dataclass, field, replace

from tasks.errors import ConfigError
from tasks.ingestion.folders import cache_folder
from tasks.pruning.candidates import Candidate, candidates
from tasks.pruning.removal import empty_trash, remove
from tasks.pruning.settings import PruneSettings
from tasks.runs import Home
from tasks.tracking.housekeeping import OldRun, delete_runs, old_runs, registered_runs

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was found.

    Attributes:
        applied: Whether anything was removed.
        going: What goes, or would.
        kept: What is as old and stays, with the reason.
        mlflow_runs: MLflow runs that are deleted, or would be.

    """

    applied: bool
    going: list[Candidate] = field(default_factory=list)
    kept: list[Candidate] = field(default_factory=list)
    mlflow_runs: list[OldRun] = field(default_factory=list)


def prune(settings: PruneSettings, home: Home) -> Pruned:
    """Find what is old and not needed, and remove it where ``apply`` says so.

    Raises:
        ConfigError: Tracking is off, so that nobody knows what registered models need.
        TrackingError: The registry does not answer; nothing is removed.

    """
    if not settings.tracking.enabled:
        raise ConfigError("tracking: what registered models need is known to MLflow only; leave tracking=off out")
    now = time.time()
    registered = registered_runs(settings.tracking, home)
    found = candidates(settings, home, cache_folder(), registered, now)
    going, kept = [one for one in found if one.kept is None], [one for one in found if one.kept is not None]
    runs = old_runs(settings.tracking, home, now - settings.seconds, registered) if settings.mlflow else []
    if not settings.apply:
        return Pruned(False, going, kept, runs)
    empty_trash(home)
    gone = []
    for candidate in going:
        reason = remove(candidate, home)
        if reason is None:
            gone.append(candidate)
        else:
            kept.append(replace(candidate, kept=reason))
    delete_runs(settings.tracking, home, runs)
    return Pruned(True, gone, kept, runs)
