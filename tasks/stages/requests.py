"""Who asks for recommendations: settings and files of a batch, read before a model is looked for."""

from dataclasses import dataclass, field

import polars as pl

from tasks.domain import Column
from tasks.stages.tables import check_output, read_table
from tasks.tracking import TrackingSettings


@dataclass(frozen=True, slots=True)
class RecommendSettings:
    """What to recommend, to whom, by which model.

    Attributes:
        model: A run folder, an MLflow run id, ``models:/name@alias`` or ``models:/name/version``.
        events: CSV or Parquet with user_id, item_id and optionally timestamp and kind; original ids.
        output: File for the lists, Parquet or CSV.
        users: CSV or Parquet with user_id of users who get a list even without events.
        user_features: CSV or Parquet with user_id and the features of the model.
        k: Length of the lists, at least 1.
        tracking: Where run ids and registered models are looked up.

    """

    model: str
    events: str
    output: str
    users: str | None = None
    user_features: str | None = None
    k: int = 20
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k must be at least 1, got {self.k}")


@dataclass(frozen=True, slots=True)
class Requests:
    """Who asks, as the files say it.

    Attributes:
        events: user_id, item_id and, where the file has them, timestamp and kind.
        users: user_id; None where no such file was named.
        user_features: user_id and features; None where no such file was named.

    """

    events: pl.DataFrame
    users: pl.DataFrame | None
    user_features: pl.DataFrame | None


def read_requests(settings: RecommendSettings) -> Requests:
    """Read the files of a request, and see that its output can be written.

    Raises:
        DataError: A file cannot be used; the message names it and the column.

    """
    check_output(settings.output, "output", (settings.events, settings.users, settings.user_features))
    user = [Column.USER_ID]
    events = read_table(settings.events, "events", [Column.USER_ID, Column.ITEM_ID], [Column.TIMESTAMP, Column.KIND])
    users = features = None
    if settings.users is not None:
        users = read_table(settings.users, "users", user, [])
    if settings.user_features is not None:
        features = read_table(settings.user_features, "user_features", user)
    return Requests(events, users, features)
