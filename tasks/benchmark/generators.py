"""Generators of the benchmark: trained once per data, question, seed and settings, and kept on disk."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from tasks.benchmark.digests import plain_values
from tasks.benchmark.method import Settings
from tasks.config import build_component
from tasks.runs.files import read_json, write_json
from tasks.runs.key import digest_of, relevant
from tasks.stages.fit import Fitted, monitored, train_generator
from tasks.training.epoch_reports import EpochReport, epoch_reporter
from tasks.training.train import TrainingResult

if TYPE_CHECKING:
    from tasks.benchmark.workbench import Workbench

logger = logging.getLogger(__name__)

_DONE = "done.json"
_MONITORED = "monitored"


@dataclass(frozen=True, slots=True)
class GeneratorStore:
    """A folder of trained generators.

    Attributes:
        root: One folder per generator.

    """

    root: Path


def trained(bench: "Workbench", settings: Settings, version: int, store: GeneratorStore) -> TrainingResult:
    """The generator of these settings; trained, or gone on with, where it is not there yet.

    The best epoch is the one whose virtual behaviour serves half A best, as in a training run.

    Args:
        bench: Data and seed.
        settings: ``network``, ``loss``, ``trainer`` and ``augmentation`` as nodes of conf/, ``network_name``, and
            ``recommender`` with ``name``, ``settings`` and ``zero_shots``: what virtual behaviour is judged with.
        version: Of its arithmetic; another version is trained anew.
        store: Where it is kept.

    """
    folder = store.root / _digest(bench, settings, version)[:24]
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / _DONE).exists():
            result = _train(bench, settings, folder / "training", None)
            result.generator.save(folder / "generator")
            write_json(folder / _DONE, {"history": result.history})
            shutil.rmtree(folder / "training", ignore_errors=True)
    return _load(folder)


def tried(
    bench: "Workbench", settings: Settings, version: int, store: GeneratorStore, on_epoch: EpochReport
) -> TrainingResult:
    """The same as one trial of many: most lose, so nothing is kept. The winner is trained once more.

    On a CPU, with the same number of threads, it comes to the same end.

    Args:
        bench: Data and seed.
        settings: As of ``trained``.
        version: Of its arithmetic.
        store: Where the generator is taken from, if it is there.
        on_epoch: Told the figure of each epoch; an exception it raises ends the training.

    """
    folder = store.root / _digest(bench, settings, version)[:24]
    if (folder / _DONE).exists():
        result = _load(folder)
        for epoch, value in _figures(result.history):
            on_epoch(epoch, value)
        return result
    # One folder for all trials, which follow each other: what a kill leaves goes with the next one, as a trial that
    # went on from its last epoch could not tell the earlier ones.
    work = store.root / f"trial-{_digest(bench, {}, version)[:18]}"
    work.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(work.with_suffix(".lock")):
        shutil.rmtree(work, ignore_errors=True)
        try:
            return _train(bench, settings, work, on_epoch)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def best_figure(result: TrainingResult) -> float:
    """The figure of the best epoch on half A."""
    return max(value for _, value in _figures(result.history))


def _train(bench: "Workbench", settings: Settings, work: Path, on_epoch: EpochReport | None) -> TrainingResult:
    judge = settings["recommender"]
    recommender = bench.recommender(judge["name"], judge["settings"])
    config = bench.config.model_copy(
        update={
            **{group: build_component(group, settings[group]) for group in ("network", "loss", "augmentation")},
            "trainer": build_component("trainer", settings["trainer"]),
            "recommender": recommender,
            "names": {**bench.config.names, "network": settings["network_name"], "recommender": judge["name"]},
        }
    )
    form = bench.zero_shots(judge["zero_shots"])
    fitted = Fitted({"popularity": form}, bench.ground.fit(recommender), "popularity")
    monitor = monitored(config, bench.question)
    logger.info("training a generator: %s, %s, seed %d", bench.ingested.name, bench.question, bench.seed)
    try:
        result = train_generator(
            config,
            bench.training,
            bench.question,
            bench.ingested.clock,
            work,
            fitted=fitted,
            tuning=bench.prepared.half_a,
            loggers=[epoch_reporter(monitor, on_epoch)] if on_epoch else (),
        )
    except Exception:
        # Neither a training that was stopped early nor one that went astray is worth going on with.
        shutil.rmtree(work, ignore_errors=True)
        raise
    history = tuple(
        {name: value for name, value in record.items() if name != monitor}
        | ({_MONITORED: record[monitor]} if monitor in record else {})
        for record in result.history
    )
    return TrainingResult(result.generator, work, work, history)


def _load(folder: Path) -> TrainingResult:
    from tasks.training.trained_generator import TrainedGenerator

    generator = TrainedGenerator.load(folder / "generator", build_component)
    history = tuple(read_json(folder / _DONE)["history"])
    return TrainingResult(generator, folder, folder, history)


def _figures(history: Sequence[Mapping[str, float]]) -> list[tuple[int, float]]:
    return [(int(record["epoch"]), record[_MONITORED]) for record in history if _MONITORED in record]


def _digest(bench: "Workbench", settings: Settings, version: int) -> str:
    own = {"question": bench.question, "seed": bench.seed, "split_seed": bench.ground.config.seed, "version": version}
    return digest_of({"data": asdict(bench.ground.identity), "settings": relevant(plain_values(settings)), **own})
