"""What a benchmark is asked for."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tasks.overrides import CONF_DIR
from tasks.runs.home import REPOSITORY
from tasks.tracking import TrackingSettings

RESULTS = REPOSITORY / "benchmarks" / "results"
"""The results that belong to the checkout."""
TUNED = CONF_DIR / "tuned"
"""Their tuned settings."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([hms])")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True, slots=True)
class BenchmarkSettings:
    """The root of ``conf/benchmark.yaml``.

    Attributes:
        datasets: Names in conf/dataset.
        questions: Questions to ask; None for all that a data set answers.
        methods: Names of methods; None for all.
        uses: Names of uses that are measured of the methods they concern; None for all.
        seeds: Seeds per method, at least 1.
        ablation_seeds: Seeds per ablation, at least 1; never more than ``seeds``.
        trials: Settings tried per method, at least 1.
        budget: Time after which nothing new is begun, such as ``8h``, ``90m`` or ``1.5h``; None for no limit.
        evaluate: Whom the figures are about.
        output: Folder of the results; None for those of the checkout.
        report: ``after`` the cells are computed, or ``only``.
        recommendations: File with somebody's own lists; None without.
        workers: Processes, at least 1; None for one per core.
        overrides: Settings of the training runs.
        tracking: MLflow.

    """

    datasets: tuple[str, ...]
    questions: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    uses: tuple[str, ...] | None = None
    seeds: int = 5
    ablation_seeds: int = 3
    trials: int = 20
    budget: str | None = None
    evaluate: Literal["test", "validation"] = "test"
    output: str | None = None
    report: Literal["after", "only"] = "after"
    recommendations: str | None = None
    workers: int | None = None
    overrides: tuple[str, ...] = ()
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        for name in ("seeds", "ablation_seeds", "trials", "workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        for name in ("datasets", "questions", "methods"):
            if getattr(self, name) == ():
                raise ValueError(f"{name} must name at least one, got none")
        if self.budget is not None and not _DURATION.fullmatch(self.budget.strip()):
            raise ValueError(f"budget must be a time such as 8h, 90m or 30s, got {self.budget!r}")
        if self.recommendations is not None and len(self.datasets) != 1:
            raise ValueError(
                f"recommendations must go with one data set, whose users they are for; datasets names "
                f"{len(self.datasets)}, got {self.recommendations!r}"
            )

    @property
    def budget_seconds(self) -> float | None:
        """The budget in seconds."""
        found = _DURATION.fullmatch(self.budget.strip()) if self.budget is not None else None
        return float(found[1]) * _SECONDS[found[2]] if found else None

    @property
    def folder(self) -> Path:
        """Folder of the results, absolute."""
        return RESULTS if self.output is None else Path(self.output).expanduser().absolute()

    @property
    def is_committed(self) -> bool:
        """Whether these are the results of the checkout."""
        return self.folder.resolve() == RESULTS.resolve()

    @property
    def tuned_folder(self) -> Path:
        """Where tuned settings are kept: conf/tuned for the results of the checkout, else beside the results."""
        return TUNED if self.is_committed else self.folder / "tuned"

    @property
    def processes(self) -> int:
        """Number of worker processes."""
        return self.workers or cores()

    @property
    def part(self) -> Literal["test", "half_b"]:
        """The users whose figures are reported."""
        return "test" if self.evaluate == "test" else "half_b"

    def seeds_of(self, role: str) -> range:
        """Seeds of a method by its role."""
        return range(min(self.seeds, self.ablation_seeds) if role == "ablation" else self.seeds)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
