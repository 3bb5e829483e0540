"""The frozen result of an evaluation."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import polars as pl

MEAN = "mean"
"""Stands in for a number of shots: the mean over all from 1 on, ``all`` included."""

CELLS_SCHEMA = {
    "question": pl.String,
    "method": pl.String,
    "role": pl.String,
    "shots": pl.String,
    "metric": pl.String,
    "k": pl.Int32,
    "variant": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "users": pl.Int64,
}
POPULATIONS_SCHEMA = {
    "question": pl.String,
    "shots": pl.String,
    "users": pl.Int64,
    "users_with_targets": pl.Int64,
    "targets": pl.Int64,
    "outside_targets": pl.Int64,
    "outside_support": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of several methods on several questions.

    Attributes:
        per_user: One row per question, method, shots and user (``user`` is UInt64, the user's stable number), in
            the order they were evaluated; a Float32 column per accuracy figure (``ndcg_at_10``,
            ``ndcg_at_10_strict`` …), null where the user has no targets.
        cells: One row per question, method, shots and figure (``CELLS_SCHEMA``): the mean over users, its 95 %
            bootstrap interval (null for figures of lists, or where none was asked for) and the number of users
            behind it. ``shots`` is ``0`` … ``all``, or ``mean`` over all from 1 on; ``k`` is null for ``users``;
            ``variant`` is empty, ``strict`` (targets outside the catalogue are misses) or ``repeats``.
        populations: One row per question and shots (``POPULATIONS_SCHEMA``): who was asked, and how many
            targets and support items lie outside the catalogue.

    """

    per_user: pl.DataFrame
    cells: pl.DataFrame
    populations: pl.DataFrame

    def __post_init__(self) -> None:
        for name, frame, schema in (
            ("cells", self.cells, CELLS_SCHEMA),
            ("populations", self.populations, POPULATIONS_SCHEMA),
        ):
            if dict(frame.schema) != schema:
                raise ValueError(f"{name} must have the columns {schema}, got {dict(frame.schema)}")

    def summary(self) -> dict[str, float]:
        """Every finite figure under its name in MLflow: ``next_visits/user_knn_cosine/ndcg_at_10/shots_3``.

        The last part is ``shots_<s>``, ``shots_all`` or ``mean``. The caller puts ``val/`` or ``val_a/`` in front.
        """
        return figures_of(self.cells)

    def save(self, folder: Path) -> None:
        """Write ``per_user.parquet``, ``cells.parquet`` and ``populations.parquet`` into a folder, made if missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self.per_user.write_parquet(folder / "per_user.parquet")
        self.cells.write_parquet(folder / "cells.parquet")
        self.populations.write_parquet(folder / "populations.parquet")

    @classmethod
    def load(cls, folder: Path) -> "Evaluation":
        """Read what ``save`` wrote.

        Raises:
            FileNotFoundError: One of the files is missing.

        """
        return cls(
            pl.read_parquet(folder / "per_user.parquet"),
            pl.read_parquet(folder / "cells.parquet"),
            pl.read_parquet(folder / "populations.parquet"),
        )


def figures_of(cells: pl.DataFrame) -> dict[str, float]:
    """The finite figures among rows of ``Evaluation.cells``, named as in ``Evaluation.summary``."""
    names = {}
    for row in cells.iter_rows(named=True):
        figure = row["metric"] if row["k"] is None else f"{row['metric']}_at_{row['k']}"
        figure += f"_{row['variant']}" if row["variant"] else ""
        shots = row["shots"] if row["shots"] == MEAN else f"shots_{row['shots']}"
        if row["value"] is not None and isfinite(row["value"]):
            names[f"{row['question']}/{row['method']}/{figure}/{shots}"] = float(row["value"])
    return names
