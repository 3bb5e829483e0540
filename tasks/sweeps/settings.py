"""What a sweep is asked for (``conf/sweep/<name>.yaml``)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tasks.config import RunConfig

METRIC = "ndcg_at_10/mean"
"""The figure that is known after every epoch."""
_FIGURE = re.compile(r"^[a-z_]+_at_\d+(_strict|_repeats)?/(mean|shots_\w+)$")


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """A search over settings, judged by half A of the validation users.

    Attributes:
        space: What varies; see ``read_dimensions``.
        trials: Number of trials, at least 1; None for all of ``sampler=grid``.
        sampler: ``tpe`` (tree-structured Parzen estimator) or ``grid``: every combination, in order.
        metric: The figure of the recommender on real + virtual behaviour, always on half A: ``ndcg_at_10/mean``.
        direction: Whether the figure is to be large or small.
        prune: Stop a training whose NDCG@10 after an epoch is not among the best third of the trials before.
        seed: Seeds the proposals, not the runs.
        workers: Processes side by side, at least 1; None for one per core, or one on a GPU.
        overrides: Settings of every run; what is typed behind the command wins over them.

    """

    space: Mapping[str, Any]
    trials: int | None = None
    sampler: Literal["tpe", "grid"] = "tpe"
    metric: str = METRIC
    direction: Literal["maximize", "minimize"] = "maximize"
    prune: bool = True
    seed: int = 0
    workers: int | None = None
    overrides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.space:
            raise ValueError("space must name at least one setting that varies, got none")
        for name in ("trials", "workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if self.trials is None and self.sampler != "grid":
            raise ValueError("trials must be a number with sampler=tpe, got null")
        if not _FIGURE.match(self.metric):
            raise ValueError(
                f"metric must be a figure of half A such as {METRIC} or hit_rate_at_10/shots_3 (without the part, "
                f"question and method in front, which are not for choice), got {self.metric!r}"
            )
        if self.prune and (self.metric, self.direction) != (METRIC, "maximize"):
            raise ValueError(
                f"prune must be false unless {METRIC} is maximised, the only figure known after an epoch, got true"
            )

    def objective_name(self, config: RunConfig, question: str) -> str:
        """Whole name of the figure in MLflow: ``val_a/next_visits/user_knn_cosine_virtual/ndcg_at_10/mean``."""
        from tasks.stages.fit import monitored

        return monitored(config, question).removesuffix(METRIC) + self.metric


def worker_count(settings: SweepSettings, config: RunConfig, cores: int) -> int:
    """Processes that work side by side: what is asked for, else one per core, or a single one on a GPU.

    Args:
        settings: Of the sweep.
        config: Of its runs.
        cores: Cores this process may use.

    """
    if settings.workers is not None:
        return settings.workers
    if config.trainer.accelerator != "cpu":
        import torch

        if config.trainer.accelerator != "auto" or torch.cuda.is_available():
            return 1
    return min(cores, settings.trials or cores)
