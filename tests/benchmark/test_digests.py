"""A cell is known by everything that decides it, and by nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from tasks.benchmark.digests import DataIdentity, cell_digest
from tasks.runs.key import digest_of

DATA = DataIdentity(("ab",), {"dataset": {"path": "a"}}, {"name": "TemporalSplit", "cuts": {"warm_until": 1}})
CELL: dict[str, Any] = {
    "question": "rest",
    "method": "ease",
    "version": 1,
    "seed": 0,
    "settings": {"l2": 1.0},
    "trials": 3,
    "evaluate": "test",
}


def test_the_same_is_the_same() -> None:
    assert cell_digest(DATA, **CELL) == cell_digest(DATA, **dict(reversed(CELL.items())))
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert len(cell_digest(DATA, **CELL)) == 64


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("question", "next_visits"),
        ("method", "ials"),
        ("version", 2),
        ("seed", 1),
        ("settings", {"l2": 2.0}),
        ("trials", 4),
        ("evaluate", "validation"),
    ],
)
def test_each_ingredient_makes_another_cell(name: str, other: Any) -> None:
    assert cell_digest(DATA, **{**CELL, name: other}) != cell_digest(DATA, **CELL)


@pytest.mark.parametrize(
    ("name", "other"),
    [("files", ("cd",)), ("split", {**DATA.split, "cuts": {"warm_until": 2}}), ("settings", {"dataset": {"min": 1}})],
)
def test_other_data_is_another_cell(name: str, other: Any) -> None:
    assert cell_digest(replace(DATA, **{name: other}), **CELL) != cell_digest(DATA, **CELL)
