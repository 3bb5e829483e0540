"""Made-up results."""

from collections.abc import Sequence

import polars as pl

from tasks.evaluation.evaluation import CELLS_SCHEMA


def made_up_cells(methods: Sequence[str], shots: Sequence[str], question: str = "next_visits") -> pl.DataFrame:
    """Cells whose values rise with the shots and from method to method; 120 users."""
    rows = []
    for place, one in enumerate([*shots, "mean"]):
        for rank, method in enumerate(methods):
            for metric, scale in (("hit_rate", 0.1), ("ndcg", 0.01)):
                value = scale * (1 + rank + place)
                rows.append((question, method, "baseline", one, metric, 10, "", value, 0.9 * value, 1.1 * value, 120))
            rows.append((question, method, "baseline", one, "users", None, "", 120.0, None, None, 120))
    return pl.DataFrame(rows, schema=CELLS_SCHEMA, orient="row")
