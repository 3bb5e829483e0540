"""What a refresh takes, how long it may train, and when it promotes (``conf/refresh.yaml``)."""

import math
from dataclasses import dataclass, field

from tasks.errors import ConfigError
from tasks.serving.settings import StateSettings
from tasks.splitting.settings import microseconds_of, percentile_of
from tasks.tracking import TrackingSettings
from tasks.tracking.references import REGISTRY


@dataclass(frozen=True, slots=True)
class RefreshSettings:
    """The root of ``conf/refresh.yaml``.

    Attributes:
        model: ``models:/name@alias``: the champion, and the alias that a promotion moves.
        events: CSV or Parquet file, or folder of them, with further events: user_id, item_id, timestamp, perhaps kind
            and the features that the log has; None for none.
        items: CSV or Parquet file with item_id and the features of items that the log has; None for none.
        store: Whether the events that the service has stored are taken, and users left out whom it has forgotten.
        listed_items: Whether items that only a table of items names, and nobody has touched, join the catalogue.
        cut: T, a percentile of the first events of users new to the champion (``50%``), or an ISO date or date-time.
        minimum_users: Users first seen at or after T who took something, below which nothing is decided; at least 2.
        margin: Share of the champion's NDCG@10 that the interval of the difference may reach below it. Below 0 asks for
            a gain of at least that much.
        replay: Share of users in the generator's training who show nothing new, in [0, 1).
        epochs: Epochs of the generator's training, at least 1.
        minutes: After this time of training no further epoch is begun; None for no limit.
        resamples: Behind the interval, at least 100.
        wait: Seconds to wait for another refresh of the same model; 0 steps aside at once.
        rollback: Move the alias back to the version before, and do nothing else.
        state: Where the service keeps its state.
        tracking: Where the registry is, and where the run is logged.

    """

    model: str
    events: str | None = None
    items: str | None = None
    store: bool = False
    listed_items: bool = True
    cut: str = "50%"
    minimum_users: int = 50
    margin: float = 0.02
    replay: float = 0.5
    epochs: int = 3
    minutes: float | None = None
    resamples: int = 10_000
    wait: float = 0.0
    rollback: bool = False
    state: StateSettings = field(default_factory=StateSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        if not self.tracking.enabled:
            raise ConfigError("tracking: champions stand in MLflow's registry; leave out tracking=off")
        self._named()
        try:
            percentile = percentile_of(self.cut)
            if percentile is None:
                microseconds_of(self.cut)
        except ValueError:
            raise ValueError(f"cut must be a percentile such as 50% or an ISO date, got {self.cut!r}") from None
        if percentile is not None and not 0 <= percentile < 100:
            raise ValueError(f"cut must lie in 0% … 100%, got {self.cut!r}")
        for name, least in (("minimum_users", 2), ("epochs", 1), ("resamples", 100)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not -math.inf < self.margin < 1:
            raise ValueError(f"margin must be below 1, got {self.margin}")
        if not 0 <= self.replay < 1:
            raise ValueError(f"replay must lie in [0, 1), got {self.replay}")
        if self.minutes is not None and not 0 < self.minutes < math.inf:
            raise ValueError(f"minutes must be above 0, got {self.minutes}")
        if not 0 <= self.wait < math.inf:
            raise ValueError(f"wait must be at least 0 seconds, got {self.wait}")

    @property
    def name(self) -> str:
        """Name of the registered model."""
        return self._named()[0]

    @property
    def alias(self) -> str:
        """The alias that a promotion moves."""
        return self._named()[1]

    def _named(self) -> tuple[str, str]:
        found = REGISTRY.match(self.model)
        if found is None or found["alias"] is None:
            raise ConfigError(
                f"model={self.model!r}: expected models:/<name>@<alias>, such as models:/coldcart-ta_feng@champion: "
                "a promotion moves an alias, and a run or a version has none"
            )
        return found["name"], found["alias"]
