"""What the report says a run is: choices, digests, versions, numbers of rows and users."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from math import nan
from typing import Any

import polars as pl

from tasks.config import COMPONENT_GROUPS, RunConfig
from tasks.evaluation.evaluation import Evaluation
from tasks.inspection.report import quality_table
from tasks.reporting.report.content import Facts, Training, Tripwire
from tasks.reporting.tables import ABSENT, Table
from tasks.runs import CodeState, Run
from tasks.runs.key import config_hash
from tasks.splitting.temporal import moment
from tasks.stages.ingest import Ingested
from tasks.stages.prepare import Prepared
from tasks.stages.refit import best_epoch

LIBRARIES = ("torch", "pytorch-lightning", "numpy", "scipy", "polars", "scikit-learn", "mlflow", "prefect")
_TRIPWIRE = "tripwire/"
_NOTHING = {"", hashlib.sha256(b"").hexdigest()}


def run_facts(config: RunConfig, run: Run, mlflow_run_id: str | None, prepared: Prepared, fit: str) -> Facts:
    """Names and numbers of the run."""
    return (
        ("run", run.id),
        ("started", run.state.created),
        ("MLflow run", mlflow_run_id or "not tracked"),
        ("question", prepared.question),
        ("split", prepared.split.name),
        ("seed", str(config.seed)),
        ("model fitted on", "all rows (refit)" if fit == "refit" else "warm users only (the fit that was measured)"),
    )


def choices_of(config: RunConfig) -> Facts:
    """The chosen option of each group."""
    return tuple((group, config.names[group]) for group in COMPONENT_GROUPS)


def digests_of(config: RunConfig, ingested: Ingested, run: Run, code: CodeState) -> Facts:
    """What was read and made, each with a digest that changes when it does."""
    manifest = run.folder / "model" / "manifest.json"
    model = hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.exists() else ABSENT
    data = ingested.log.digest
    return (
        ("data: sha256 of the source files", "no file was read" if data in _NOTHING else data),
        ("model: sha256 of its manifest", model),
        ("code: version and sha256 of its sources", code.version),
        ("git commit", (code.commit or ABSENT) + (", with changes" if code.dirty else "")),
        ("configuration", config_hash(config.plain)),
        ("run key", run.state.key),
    )


def versions_of(names: Sequence[str] = LIBRARIES) -> Facts:
    """Python and the libraries that compute."""
    found = [("Python", platform.python_version()), ("Coldcart", _version("coldcart"))]
    return (*found, *((name, _version(name)) for name in names))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ABSENT


def log_facts(ingested: Ingested, prepared: Prepared) -> tuple[Table, Facts, Facts]:
    """What cleaning did, how much data there is, and who is in which part."""
    quality, parts = ingested.quality, prepared.split
    lengths = pl.Series(parts.warm.histories.rows.lengths)
    middle = [lengths.quantile(share, "nearest") for share in (0.25, 0.5, 0.75)] if len(lengths) else []
    log = [
        ("rows", f"{quality.rows_out:,} of {quality.rows_in:,}"),
        ("users", f"{quality.users:,}, of which {quality.users_with_one_event:,} with one event"),
        ("items", f"{quality.items:,}, of which {quality.items_seen_once:,} seen once"),
        ("items per warm user: quarter, median, three quarters", ", ".join(f"{one:,.0f}" for one in middle) or ABSENT),
    ]
    if quality.first_time is not None and quality.last_time is not None:
        log += [("first event", quality.first_time), ("last event", quality.last_time)]
    halves = parts.validation.half
    split = [
        ("warm users, everything is fitted on", f"{len(parts.warm.histories.users):,}"),
        ("… that give episodes to learn from", f"{int(parts.warm.gives_episodes.sum()):,}"),
        ("validation users, half A (tuning)", f"{int((halves == 0).sum()):,}"),
        ("validation users, half B (reporting)", f"{int((halves == 1).sum()):,}"),
        ("test users", f"{len(parts.test.half):,}"),
        ("items in the catalogue", f"{len(parts.catalogue):,}"),
    ]
    for name, cut in (("first cut", parts.cuts.warm_until), ("second cut", parts.cuts.validation_until)):
        if cut is not None:
            split.append((f"{name} (UTC)", moment(cut)))
    if ingested.resolved.reason:
        split.append(("not split as asked", ingested.resolved.reason))
    return quality_table(quality), tuple(log), tuple(split)


def populations_of(evaluation: Evaluation, question: str, population: str) -> Table:
    """How many new users were asked at each number of shots, and how many targets no method can find."""
    rows = []
    for row in evaluation.populations.filter(pl.col("question") == question).iter_rows(named=True):
        whole = row["targets"] + row["outside_targets"]
        outside = f"{row['outside_targets'] / whole:.1%}" if whole else ABSENT
        rows.append((row["shots"], f"{row['users']:,}", f"{row['users_with_targets']:,}", f"{whole:,}", outside))
    columns = ("known events", "users", "with something to find", "items to find", "outside the catalogue")
    return Table(f"New users asked ({population})", columns, tuple(rows))


def training_of(history: Sequence[Mapping[str, float]], monitor: str) -> Training:
    """Figures per epoch, and the measures that sound an alarm."""
    from lightning_modules.tripwires import ALARMS

    names = dict.fromkeys(name for record in history for name in record if name.startswith(_TRIPWIRE))
    tripwires = []
    for name in names:
        alarm: Any = ALARMS.get(name)
        meaning, least, most = ("", None, None) if alarm is None else (alarm.meaning, alarm.least, alarm.most)
        values = tuple(float(record.get(name, nan)) for record in history)
        tripwires.append(Tripwire(name.removeprefix(_TRIPWIRE), meaning, least, most, values))
    measured = any(monitor in record for record in history)
    return Training(history, monitor if measured else "", best_epoch(history, monitor), tuple(tripwires))
