"""``uses.parquet``: figures of all uses with intervals, and the hybrid against everything else.

Users, or items, are resampled; what the hybrid is ahead by is paired over them. p-values are the hybrid's against the
reference, and Holm's correction goes over all data sets, questions and numbers of shots of one figure.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars import selectors

from tasks.evaluation.bootstrap import interval
from tasks.evaluation.evaluation import MEAN
from tasks.evaluation.statistics import RESAMPLES, holm, known_mean, paired_permutation, resampled_means
from tasks.method_names import HYBRID
from tasks.results.cell import SHOTS
from tasks.results.claims import seed_of
from tasks.results.figures import REFERENCE
from tasks.results.intervals import counts_of, with_mean
from tasks.results.panel import ROLES
from tasks.results.references import bar_of, best_on_half_a
from tasks.results.store import read_manifest, read_summary_table, replace_parquet
from tasks.results.used import Used, read_uses
from tasks.uses.use import UNIT

USES_SUMMARY = "uses.parquet"
USES_SCHEMA = {
    "dataset": pl.String,
    "question": pl.String,
    "use": pl.String,
    "figure": pl.String,
    "method": pl.String,
    "role": pl.String,
    "shots": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "ahead": pl.Float64,
    "ahead_low": pl.Float64,
    "ahead_high": pl.Float64,
    "is_reference": pl.Boolean,
    "p_value": pl.Float64,
    "p_holm": pl.Float64,
    "n": pl.Int64,
}
"""``ahead``: the hybrid's figure minus the method's. ``n``: users or items behind the figure."""
_FAMILY = ("use", "figure")
_DIGITS = 9
Values = NDArray[np.float64]


@dataclass(frozen=True)
class UsePanel:
    """One figure of one use on one data set and question.

    Attributes:
        place: Data set, question, use and figure.
        shots: Numbers of shots, fewest first.
        values: By method, averaged over seeds: float64 (N, S) of the same N users or items, ``nan`` without a figure.
        half_a: Means on half A by method: float64 (S,).
        roles: By method.

    """

    place: tuple[str, str, str, str]
    shots: tuple[str, ...]
    values: Mapping[str, Values]
    half_a: Mapping[str, Values]
    roles: Mapping[str, str]

    @property
    def known(self) -> list[int]:
        """Places in ``shots`` where something is shown: s ≥ 1."""
        return [place for place, one in enumerate(self.shots) if one != "0"]

    def references(self) -> dict[str, str]:
        """The baseline or yardstick with the highest mean on half A, by number of shots; of equals the first."""
        names = sorted(name for name, role in self.roles.items() if role == "baseline")
        return best_on_half_a(names, self.shots, self.half_a.__getitem__)


def panels_of(uses: Sequence[Used]) -> tuple[UsePanel, ...]:
    """Everything that was measured, by data set, question, use and figure."""
    groups: dict[tuple[str, str, str], list[Used]] = defaultdict(list)
    for one in uses:
        groups[one.key.dataset, one.key.question, one.key.use].append(one)
    found = []
    for (dataset, question, use), own in sorted(groups.items()):
        columns = dict.fromkeys(name for one in own for name in one.frame.columns if name != UNIT)
        for figure in dict.fromkeys(name.partition("/")[0] for name in columns):
            found.append(_panel((dataset, question, use, figure), own, set(columns)))
    return tuple(found)


def build_uses(uses: Sequence[Used], resamples: int = RESAMPLES) -> pl.DataFrame:
    """The summary (``USES_SCHEMA``).

    Args:
        uses: What was measured.
        resamples: Behind each interval and test.

    """
    rows = [row for panel in panels_of(uses) for row in _rows(panel, resamples)]
    known = [name for name in USES_SCHEMA if name != "p_holm"]
    frame = pl.DataFrame(rows, schema={name: USES_SCHEMA[name] for name in known}, orient="row")
    frame = frame.with_columns(pl.col(pl.Float64).fill_nan(None)).filter(pl.col("value").is_not_null())
    adjusted = [
        family.with_columns(pl.Series("p_holm", holm(family["p_value"].fill_null(np.nan).to_numpy()))).with_columns(
            pl.col("p_holm").fill_nan(None)
        )
        for family in frame.partition_by(_FAMILY, maintain_order=True)
    ]
    empty = pl.DataFrame(schema=USES_SCHEMA)
    summary = pl.concat([empty, *(family.select(list(USES_SCHEMA)) for family in adjusted)])
    return summary.with_columns(selectors.float().round(_DIGITS))


def write_uses_summary(folder: Path, resamples: int = RESAMPLES) -> pl.DataFrame:
    """Build the summary of the uses in a folder and write it there, if there are any.

    Raises:
        DataError: A part of the results is missing.

    """
    summary = build_uses(read_uses(folder), resamples)
    if summary.is_empty():
        (folder / USES_SUMMARY).unlink(missing_ok=True)
    else:
        replace_parquet(folder / USES_SUMMARY, summary)
    return summary


def read_uses_summary(folder: Path) -> pl.DataFrame:
    """What ``write_uses_summary`` wrote; empty where no use was measured.

    Raises:
        DataError: It is missing or has other columns.

    """
    if not read_manifest(folder).uses:
        return pl.DataFrame(schema=USES_SCHEMA)
    return read_summary_table(folder / USES_SUMMARY, USES_SCHEMA)


def _panel(place: tuple[str, str, str, str], uses: Sequence[Used], columns: set[str]) -> UsePanel:
    figure = place[3]
    shots = tuple(one for one in SHOTS if f"{figure}/{one}" in columns)
    units = np.unique(np.concatenate([one.frame[UNIT].to_numpy() for one in uses]))
    by_method: dict[str, list[Used]] = defaultdict(list)
    for one in sorted(uses, key=lambda one: (_rank(one.role), one.key.method, one.key.seed)):
        by_method[one.key.method].append(one)
    values, half_a = {}, {}
    for name, own in by_method.items():
        stacked = np.full((len(units), len(shots), len(own)), np.nan)
        on_a = np.full((len(shots), len(own)), np.nan)
        for seed, one in enumerate(own):
            rows = np.searchsorted(units, one.frame[UNIT].to_numpy())
            for number, count in enumerate(shots):
                if (column := f"{figure}/{count}") in one.frame.columns:
                    stacked[rows, number, seed] = one.frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
                    on_a[number, seed] = one.half_a.get(column, np.nan)
        values[name], half_a[name] = known_mean(stacked), known_mean(on_a)
    return UsePanel(place, shots, values, half_a, {name: own[0].role for name, own in by_method.items()})


def _rows(panel: UsePanel, resamples: int) -> list[tuple[object, ...]]:
    """Rows of the summary without ``p_holm``: every method, and the reference of each number of shots."""
    references = panel.references()
    values = dict(panel.values)
    if references:
        values[REFERENCE] = bar_of(references, panel.shots, panel.values)
    ours = values.get(HYBRID)
    ahead = {name: own * np.nan if ours is None else ours - own for name, own in values.items()}
    stacked = np.hstack([*values.values(), *ahead.values()])
    shape = (2 * len(values), len(panel.shots))
    means = with_mean(panel.known, known_mean(stacked.T).reshape(shape))
    drawn = resampled_means(stacked, resamples, seed_of("use", *panel.place)).reshape(resamples, *shape)
    bounds = interval(with_mean(panel.known, drawn).reshape(resamples, -1))
    triples = np.stack([means, *(bound.reshape(means.shape) for bound in bounds)], axis=-1)  # (2M, S + 1, 3)
    rows: list[tuple[object, ...]] = []
    for number, name in enumerate(values):
        counts = counts_of(panel.known, values[name])
        for place, shots in enumerate((*panel.shots, MEAN)):
            own, apart = triples[number, place].tolist(), triples[len(values) + number, place].tolist()
            marked = name == REFERENCE or references.get(shots) == name
            p_value = None
            if name == REFERENCE and shots != MEAN:
                seed = seed_of("use", *panel.place, shots)
                p_value = paired_permutation(ahead[name][:, place], resamples, seed)
            role, against = panel.roles.get(name, "baseline"), apart if name != HYBRID else [None] * 3
            rows.append((*panel.place, name, role, shots, *own, *against, marked, p_value, counts[place]))
    return rows


def _rank(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)
