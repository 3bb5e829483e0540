"""All methods' answers to one question of one data set, side by side."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.errors import DataError
from tasks.evaluation.statistics import known_mean
from tasks.results.cell import PER_USER, SHOTS, Cell
from tasks.results.store import Results

ROLES = ("baseline", "ours", "placebo", "ablation", "own")
"""In the order in which methods are shown."""
_TOLERANCE = 1e-4
"""Between a mean over users and the figure that was noted for it; values per user are float32."""


@dataclass(frozen=True)
class Panel:
    """Cells of one data set and question.

    Attributes:
        dataset: Name of the data set.
        question: Name of the question.
        split: Name of the split.
        shots: Numbers of shots that were asked, fewest first.
        users: Who was asked, U rows; see ``Results.users``.
        cells: Cells by method, by seed within; methods by role, then name.

    """

    dataset: str
    question: str
    split: str
    shots: tuple[str, ...]
    users: pl.DataFrame
    cells: Mapping[str, tuple[Cell, ...]]

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods."""
        return tuple(self.cells)

    @property
    def known(self) -> tuple[int, ...]:
        """Places in ``shots`` where something is shown: s ≥ 1."""
        return tuple(place for place, one in enumerate(self.shots) if one != "0")

    def role(self, method: str) -> str:
        """What the method is in the comparison."""
        return self.cells[method][0].role

    def seeds(self, method: str) -> tuple[int, ...]:
        """Seeds it was run with, ascending."""
        return tuple(cell.key.seed for cell in self.cells[method])

    def values(self, method: str, figure: str, seeds: Collection[int] | None = None) -> NDArray[np.float64]:
        """Values per user, averaged over seeds: float64 (U, S), ``nan`` where a user is not asked.

        Args:
            method: Its name.
            figure: One of ``PER_USER``.
            seeds: Seeds to average over; all by default.

        """
        chosen = [cell for cell in self.cells[method] if seeds is None or cell.key.seed in seeds]
        return known_mean(np.stack([_columns(cell, figure, self.shots) for cell in chosen], axis=-1))

    def half_a(self, method: str) -> NDArray[np.float64]:
        """NDCG@10 on half A by shots, averaged over seeds: float64 (S,), ``nan`` where it was not measured."""
        rows = [[cell.half_a.get(one, np.nan) for one in self.shots] for cell in self.cells[method]]
        return known_mean(np.array(rows).T)


def panels_of(results: Results) -> tuple[Panel, ...]:
    """The cells by data set and question, in the order of their names.

    Raises:
        DataError: A method stands there twice with one seed, cells of a method have several roles or splits, or were
            not asked about the same users.

    """
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in results.cells:
        groups[cell.key.dataset, cell.key.question].append(cell)
    return tuple(_panel(groups[key], results.users[key]) for key in sorted(groups))


def _panel(cells: Sequence[Cell], users: pl.DataFrame) -> Panel:
    ordered = sorted(cells, key=lambda cell: (_place(cell.role), cell.key.method, cell.key.seed))
    by_method: dict[str, list[Cell]] = defaultdict(list)
    for cell in ordered:
        same = by_method[cell.key.method]
        if same and (cell.key.seed == same[-1].key.seed or cell.role != same[-1].role):
            raise DataError(
                f"{same[-1].key.name} and {cell.key.name} should be one method's, with different seeds and one role; "
                "name one of them in manifest.json"
            )
        same.append(cell)
    splits = sorted({cell.split for cell in cells})
    first = ordered[0].key
    if len(splits) > 1:
        raise DataError(f"cells of {first.dataset}, {first.question} should have one split, got {', '.join(splits)}")
    shots = tuple(one for one in SHOTS if any(f"{PER_USER[0]}/{one}" in cell.per_user.columns for cell in cells))
    panel = Panel(
        first.dataset, first.question, splits[0], shots, users, {name: tuple(own) for name, own in by_method.items()}
    )
    _check_users(panel)
    _check_figures(panel)
    return panel


def _check_users(panel: Panel) -> None:
    """Comparisons are paired: with one seed, at a number of shots, every method is asked about the same users.

    Another seed may show other items first, or hold out other validation users.
    """
    asked: dict[tuple[str, int], tuple[str, NDArray[np.bool_]]] = {}
    for cells in panel.cells.values():
        for cell in cells:
            for column in cell.per_user.columns[1:]:
                known = cell.per_user[column].is_not_null().to_numpy()
                name, expected = asked.setdefault((column.partition("/")[2], cell.key.seed), (cell.key.name, known))
                if not np.array_equal(known, expected):
                    raise DataError(
                        f"{column} should be known for the same users in {cell.key.name} ({known.sum()}) and {name} "
                        f"({expected.sum()}), or the two cannot be compared; run the benchmark again"
                    )


def _check_figures(panel: Panel) -> None:
    """What is printed is what was tested."""
    for cells in panel.cells.values():
        for cell in cells:
            noted = {
                f"{figure['metric']}_at_{figure['k']}/{figure['shots']}": figure["value"]
                for figure in cell.figures
                if not figure["variant"]
            }
            for column in cell.per_user.columns[1:]:
                mean, value = cell.per_user[column].mean(), noted.get(column)
                if isinstance(mean, float) and (value is None or not abs(mean - value) <= _TOLERANCE):
                    raise DataError(
                        f"{cell.key.name} notes {value} for {column}, but its users' mean is {mean:.6f}; "
                        "run the benchmark again, or restore the files from version control"
                    )


def _columns(cell: Cell, figure: str, shots: Sequence[str]) -> NDArray[np.float64]:
    values = np.full((len(cell.per_user), len(shots)), np.nan)
    for place, one in enumerate(shots):
        if f"{figure}/{one}" in cell.per_user.columns:
            values[:, place] = cell.per_user[f"{figure}/{one}"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return values


def _place(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)
