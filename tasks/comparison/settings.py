"""What is compared (``conf/compare.yaml``)."""

from dataclasses import dataclass, field

from tasks.tracking import TrackingSettings


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """A comparison of finished runs.

    Attributes:
        run_ids: MLflow run ids, run folders or names of these; at least two different ones, the reference first.
        figures: Names of accuracy figures with their k, such as ``ndcg_at_10``; at least one.
        method: A method of every run; None for each run's recommender on real + virtual behaviour.
        resamples: Behind intervals and p-values, at least 100.
        tracking: Where runs are looked up and the comparison is logged.

    """

    run_ids: tuple[str, ...]
    figures: tuple[str, ...] = ("ndcg_at_10", "hit_rate_at_10")
    method: str | None = None
    resamples: int = 10_000
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        if len(set(self.run_ids)) < 2 or len(set(self.run_ids)) != len(self.run_ids):
            raise ValueError(f"run_ids must name at least two different runs, as in [a,b]; got {list(self.run_ids)}")
        if not self.figures:
            raise ValueError("figures must name at least one, such as ndcg_at_10, got none")
        if self.resamples < 100:
            raise ValueError(f"resamples must be at least 100, got {self.resamples}")
