"""Made-up results whose figures are known: a user's value is a factor of the method times a taste of the user."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tasks.results.cell import Cell, CellKey
from tasks.results.store import write_cell, write_environment, write_manifest, write_users

USERS = 80
SHOTS = {"next_visits": ("0", "1", "3", "5", "10", "all"), "this_visit": ("0", "1", "3", "5", "10"), "rest": ("0", "1")}
LISTS = {"coverage": 0.05, "average_popularity": 0.04, "gini": 0.9, "novelty": 6.0}
ENVIRONMENT = {
    "hardware": {"processor": "A processor", "cores": 2, "memory": "16 GB"},
    "versions": {"python": "3.11.9", "torch": "2.13.0"},
    "total_seconds": 7384.0,
    "seconds_per_cell": {"a": 1.0},
}


def tastes(users: int = USERS) -> np.ndarray:
    """float64 (U,) with a mean of 1, from 0.5 to 1.5."""
    return np.linspace(0.5, 1.5, users)


def per_user(factors: Mapping[str, float], question: str = "next_visits", users: int = USERS) -> pl.DataFrame:
    """Values by shots: NDCG@10 is factor × taste, HR@10 twice that; ``this_visit`` loses ten users a step."""
    columns: dict[str, Any] = {"user": pl.Series(range(users), dtype=pl.Int32)}
    for figure, scale in (("ndcg_at_10", 1.0), ("hit_rate_at_10", 2.0)):
        for step, (shots, factor) in enumerate(factors.items()):
            values = (scale * factor * tastes(users)).tolist()
            gone = 10 * step if question == "this_visit" else 0
            columns[f"{figure}/{shots}"] = pl.Series([None] * gone + values[gone:], dtype=pl.Float32)
    return pl.DataFrame(columns)


def figures_of(values: pl.DataFrame, lists: Mapping[str, float] = LISTS) -> list[dict[str, Any]]:
    """The figures that belong to values per user, with figures of lists that do not depend on the shots."""
    rows: list[dict[str, Any]] = []
    shots = [name.partition("/")[2] for name in values.columns if name.startswith("ndcg")]
    for metric in ("ndcg", "hit_rate"):
        means = {one: values[f"{metric}_at_10/{one}"].mean() for one in shots}
        means["mean"] = float(np.mean([value for one, value in means.items() if one != "0"]))
        counts = {one: values[f"{metric}_at_10/{one}"].count() for one in shots}
        counts["mean"] = max(counts[one] for one in shots if one != "0")
        rows += [_figure(metric, one, value, counts[one]) for one, value in means.items()]
    for metric, value in lists.items():
        rows += [_figure(metric, one, value, len(values)) for one in (*shots, "mean")]
    return rows


def _figure(metric: str, shots: str, value: float, users: int) -> dict[str, Any]:
    return {"metric": metric, "k": 10, "variant": "", "shots": shots, "value": value, "users": users}


def made_up_cell(
    method: str,
    factors: Sequence[float],
    *,
    dataset: str = "ta_feng",
    question: str = "next_visits",
    role: str = "baseline",
    seed: int = 0,
    half_a: Sequence[float] | None = None,
    lists: Mapping[str, float] = LISTS,
    **others: Any,
) -> Cell:
    """A cell whose mean NDCG@10 at each number of shots is ``factors`` (of ``next_visits`` and ``rest``)."""
    by_shots = dict(zip(SHOTS[question], factors, strict=True))
    on_a = dict(zip(SHOTS[question], half_a or factors, strict=True))
    values = per_user(by_shots, question)
    content: dict[str, Any] = {
        "split": "temporal",
        "version": 1,
        "evaluate": "test",
        "trials": 3,
        "settings": {},
        "half_a": on_a | {"mean": float(np.mean(list(on_a.values())[1:]))},
        "figures": figures_of(values, lists),
        "seconds": {"tune": 10.0, "fit": 2.0, "measure": 1.0},
        "per_user": values,
    }
    return Cell(key=CellKey(dataset, question, method, seed, f"{seed:x}" * 64), role=role, **(content | others))


def made_up_users(users: int = USERS) -> pl.DataFrame:
    """Half of the users came for one item, the others for more."""
    visits = ["1"] * (users // 2) + ["2-3"] * (users - users // 2)
    return pl.DataFrame(
        {"user": range(users), "id": range(1000, 1000 + users), "segment_first_visit": visits},
        schema={"user": pl.Int32, "id": pl.UInt64, "segment_first_visit": pl.String},
    )


def write_made_up(folder: Path, cells: Sequence[Cell], environment: Mapping[str, Any] = ENVIRONMENT) -> Path:
    """A results folder with these cells."""
    names = [write_cell(folder, cell) for cell in cells]
    for dataset, question in {(cell.key.dataset, cell.key.question) for cell in cells}:
        write_users(folder, dataset, question, made_up_users())
    write_manifest(folder, "test", names)
    write_environment(folder, environment)
    return folder


def small_study(dataset: str = "ta_feng", question: str = "next_visits") -> list[Cell]:
    """Popularity is the reference up to 1 shot, EASE from 3 on; the hybrid gains 15 %: 10 % and 20 % with two seeds."""
    place = {"dataset": dataset, "question": question}
    shots = SHOTS[question]
    flat = [0.1] * len(shots)
    ease = [0.1, 0.05, 0.15, 0.2, 0.25, 0.3][: len(shots)]
    best = [max(pair) for pair in zip(flat, ease, strict=True)]
    virtual, poor = [0.9 * value for value in best], [0.7 * value for value in best]
    shares = [
        {"shots": one, "score": score, "share": share}
        for one in shots
        for score, share in (("generator", 0.25), ("ease", 0.75))
    ]
    return [
        made_up_cell("popularity", flat, **place),
        made_up_cell("ease", ease, **place, edges=["regularisation"]),
        made_up_cell("user_knn_cosine", poor, **place),
        made_up_cell("user_knn_cosine_virtual", virtual, role="ours", **place),
        made_up_cell("generator", flat, role="ours", **place),
        made_up_cell("hybrid", [1.1 * value for value in best], role="ours", seed=0, shares=shares, **place),
        made_up_cell("hybrid", [1.2 * value for value in best], role="ours", seed=1, shares=shares, **place),
        made_up_cell("fill_popular", poor, role="placebo", **place),
        made_up_cell("hybrid_no_virtual", best, role="ablation", **place),
    ]
