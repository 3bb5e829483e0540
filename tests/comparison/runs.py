"""Finished runs made by hand: a summary and figures per user."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tasks.runs.files import write_json

USERS = 400
SHOTS = ("0", "1", "3", "all")


def write_run(folder: Path, lift: float = 0.0, seed: int = 0, users: int = USERS, **changes: Any) -> Path:
    """A run whose NDCG@10 with virtual behaviour is that of all others plus ``lift``; HR@10 is the same throughout."""
    random = np.random.default_rng(7)
    own = np.random.default_rng(100 + seed)
    frames = []
    for method in ("popularity", "user_knn_cosine_virtual"):
        for shots in SHOTS:
            base = random.uniform(0.1, 0.5, users)
            noise = own.normal(0, 0.02, users)
            raised = lift if method.endswith("_virtual") and shots != "0" else 0.0
            frames.append(
                pl.DataFrame(
                    {
                        "question": ["next_visits"] * users,
                        "method": [method] * users,
                        "shots": [shots] * users,
                        "user": pl.Series(np.arange(users), dtype=pl.UInt64),
                        "ndcg_at_10": pl.Series(base + (noise + raised if lift else 0.0), dtype=pl.Float32),
                        "hit_rate_at_10": pl.Series((base > 0.3).astype(np.float32)),
                    }
                )
            )
    (folder / "evaluation" / "val").mkdir(parents=True)
    pl.concat(frames).write_parquet(folder / "evaluation" / "val" / "per_user.parquet")
    configuration = {"dataset": {"path": str(folder), "users": 600}, "split": {"first_cut": "50%"}, "seed": seed}
    summary = {
        "run_id": folder.name,
        "mlflow_run_id": None,
        "question": "next_visits",
        "counts": {"split": "temporal"},
        "configuration": configuration,
        "choices": {"recommender": "user_knn_cosine", "dataset": "block_world", "split": "temporal"},
    }
    for name, value in changes.items():
        summary[name] = {**summary[name], **value} if isinstance(summary[name], dict) else value
    write_json(folder / "summary.json", summary)
    return folder
