"""What is removed (``conf/prune.yaml``)."""

import re
from dataclasses import dataclass, field
from typing import Literal

from tasks.tracking import TrackingSettings

Kind = Literal["run", "checkpoint", "generator", "study", "cache", "download", "sweep", "log"]
KINDS: tuple[Kind, ...] = ("run", "checkpoint", "generator", "study", "cache", "download", "sweep", "log")
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])")
_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


@dataclass(frozen=True, slots=True)
class PruneSettings:
    """Removal of what is old and not needed.

    Attributes:
        older_than: Age such as ``30d``, ``2w``, ``12h`` or ``90m``, since the last change.
        apply: Whether anything is removed; otherwise it is only shown.
        kinds: What is looked at; None for everything.
        mlflow: Whether MLflow's runs of that age are deleted, too; ``mlflow gc`` then frees their space.
        tracking: Where the model registry and the runs are.

    """

    older_than: str | int
    apply: bool = False
    kinds: tuple[Kind, ...] | None = None
    mlflow: bool = False
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        if not _AGE.fullmatch(str(self.older_than).strip()):
            raise ValueError(f"older_than must be an age such as 30d, 2w, 12h or 90m, got {self.older_than!r}")

    @property
    def seconds(self) -> float:
        """The age in seconds."""
        found = _AGE.fullmatch(str(self.older_than).strip())
        assert found is not None
        return float(found[1]) * _SECONDS[found[2]]
