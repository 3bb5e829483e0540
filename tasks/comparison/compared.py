"""Runs that are to be compared: found, read, and refused where they were not asked about the same users."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.comparison.settings import CompareSettings
from tasks.errors import ConfigError, DataError
from tasks.method_names import VIRTUAL
from tasks.runs import Home
from tasks.runs.files import read_json
from tasks.runs.key import relevant
from tasks.tracking.finished import fetch_run
from tasks.tracking.references import RUN_ID

SUMMARY, PER_USER = "summary.json", "evaluation/val/per_user.parquet"
_DATA = ("dataset", "split", "cleaning", "privacy", "repeats", "question")
"""Settings that decide who is asked what."""


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A finished run.

    Attributes:
        reference: As it was asked for.
        label: For people.
        mlflow_run_id: Its MLflow run; None without tracking.
        summary: Its ``summary.json``.
        digest: sha256 of its data; None where only the folder is known.
        per_user: One row per question, method, shots and user of half B.

    """

    reference: str
    label: str
    mlflow_run_id: str | None
    summary: Mapping[str, Any]
    digest: str | None
    per_user: pl.DataFrame

    @property
    def question(self) -> str:
        """What was asked."""
        return str(self.summary["question"])

    def method(self, asked: str | None) -> str:
        """The method that is compared.

        Raises:
            ConfigError: The run does not have it.

        """
        name = asked or f"{self.summary['choices']['recommender']}{VIRTUAL}"
        known = self.per_user["method"].unique(maintain_order=True).to_list()
        if name not in known:
            raise ConfigError(f"method: run {self.label} has {', '.join(known)}; got {name!r}")
        return name

    def values(self, method: str, figure: str, shots: Sequence[str], users: pl.Series) -> NDArray[np.float64]:
        """A figure of a method per user and shots: float64 (U, S), ``nan`` where a user is not asked.

        Raises:
            ConfigError: The run does not have the figure.

        """
        if figure not in self.per_user.columns:
            known = [name for name in self.per_user.columns if "_at_" in name]
            raise ConfigError(f"figures: run {self.label} has {', '.join(known)}; got {figure!r}")
        own = self.per_user.filter((pl.col("method") == method) & (pl.col("question") == self.question))
        found = np.full((len(users), len(shots)), np.nan)
        for place, one in enumerate(shots):
            column = own.filter(pl.col("shots") == one).select("user", figure)
            joined = pl.DataFrame({"user": users}).join(column, on="user", how="left", maintain_order="left")
            found[:, place] = joined[figure].cast(pl.Float64).fill_null(np.nan).to_numpy()
        return found


def read_runs(settings: CompareSettings, home: Home) -> tuple[ComparedRun, ...]:
    """The runs, in the order asked for.

    Raises:
        ConfigError: One does not exist, has not finished its evaluation, or they cannot be compared.
        ModelError: MLflow has no such run.
        TrackingError: MLflow does not answer.

    """
    with tempfile.TemporaryDirectory() as folder:
        runs = tuple(_read(reference, settings, home, Path(folder)) for reference in settings.run_ids)
    for run in runs[1:]:
        _check_same(runs[0], run)
    return _told_apart(runs)


def _read(reference: str, settings: CompareSettings, home: Home, target: Path) -> ComparedRun:
    for folder in (Path(reference).expanduser(), home.runs / reference):
        if folder.is_dir():
            return _of_folder(reference, folder)
    if not RUN_ID.match(reference):
        raise ConfigError(
            f"run_ids: {reference!r} is no MLflow run id (32 hex digits), run folder, or name of one in {home.runs}"
        )
    run = fetch_run(reference, (SUMMARY, PER_USER), settings.tracking, home, target)
    missing = [name for name in (SUMMARY, PER_USER) if name not in run.files]
    if missing:
        raise ConfigError(
            f"run_ids: run {reference} ({run.name}, {run.status}) has no {missing[0]}: it is no finished training run"
        )
    summary, digest = read_json(run.files[SUMMARY]), run.tags.get("data_digest")
    return ComparedRun(reference, run.name, run.id, summary, digest, pl.read_parquet(run.files[PER_USER]))


def _of_folder(reference: str, folder: Path) -> ComparedRun:
    try:
        summary, per_user = read_json(folder / SUMMARY), pl.read_parquet(folder / PER_USER)
    except FileNotFoundError as error:
        raise ConfigError(
            f"run_ids: {folder} has no {Path(str(error.filename)).name}: it is no finished training run"
        ) from None
    except (ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{folder}: its figures cannot be read ({error})") from error
    return ComparedRun(reference, folder.name, summary.get("mlflow_run_id"), summary, None, per_user)


def _check_same(first: ComparedRun, other: ComparedRun) -> None:
    """Comparisons are paired: every run must have been asked the same about the same users."""
    apart = []
    ours, theirs = first.summary, other.summary
    if ours["question"] != theirs["question"]:
        apart.append(f"question ({ours['question']} and {theirs['question']})")
    for name in _DATA[:-1]:
        one, two = (relevant({name: run["configuration"].get(name)})[name] for run in (ours, theirs))
        if one != two:
            options = [run["choices"].get(name, "") for run in (ours, theirs)]
            apart.append(name if options[0] == options[1] else f"{name} ({options[0]} and {options[1]})")
    if first.digest and other.digest and first.digest != other.digest:
        apart.append("data (another sha256 of the source files)")
    if not apart and not _users(first).equals(_users(other)):
        seeds = [run["configuration"]["seed"] for run in (ours, theirs)]
        why = f"split={ours['counts']['split']} draws them by the seed, {seeds[0]} and {seeds[1]}"
        apart.append("validation users" + (f" ({why})" if seeds[0] != seeds[1] else ""))
    if apart:
        raise ConfigError(
            f"run_ids: {first.label} and {other.label} differ in {', '.join(apart)}; only runs of the same data, "
            "split and question were asked about the same users and can be compared"
        )


def _users(run: ComparedRun) -> pl.DataFrame:
    own = run.per_user.filter(pl.col("question") == run.question)
    return own.select("shots", "user").unique().sort("shots", "user")


def _told_apart(runs: Sequence[ComparedRun]) -> tuple[ComparedRun, ...]:
    """Labels that differ: runs of several sweeps may share a name."""
    labels = [run.label for run in runs]
    return tuple(
        run
        if labels.count(run.label) == 1
        else replace(run, label=f"{run.label} ({(run.mlflow_run_id or run.reference)[:6]})")
        for run in runs
    )
