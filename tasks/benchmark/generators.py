"""Generators of the benchmark: trained once per data, question, seed and settings, and kept on disk."""

import logging
import shutil
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


def trained(
    bench: "Workbench", settings: Settings, version: int, store: GeneratorStore, on_epoch: EpochReport | None
) -> TrainingResult:
    """The generator of these settings; trained, or gone on with, where it is not there yet.

    The best epoch is the one whose virtual behaviour serves half A best, as in a training run.

    Args:
        bench: Data and seed.
        settings: ``network``, ``loss``, ``trainer`` and ``augmentation`` as nodes of conf/, ``network_name``, and
            ``recommender`` with ``name``, ``settings`` and ``zero_shots``: what virtual behaviour is judged with.
        version: Of its arithmetic; another version is trained anew.
        store: Where it is kept.
        on_epoch: Told the figure of each epoch; an exception it raises ends the training, and nothing is kept.

    """
    folder = store.root / _digest(bench, settings, version)[:24]
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / _DONE).exists():
            _train(bench, settings, folder, on_epoch)
        elif on_epoch is not None:
            for epoch, value in _figures(folder):
                on_epoch(epoch, value)
    return _load(folder)


def best_figure(result: TrainingResult) -> float:
    """The figure of the best epoch on half A."""
    return max(record[_MONITORED] for record in result.history if _MONITORED in record)


def _train(bench: "Workbench", settings: Settings, folder: Path, on_epoch: EpochReport | None) -> None:
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
    work = folder / "training"
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
    result.generator.save(folder / "generator")
    history = [
        {name: value for name, value in record.items() if name != monitor}
        | ({_MONITORED: record[monitor]} if monitor in record else {})
        for record in result.history
    ]
    write_json(folder / _DONE, {"history": history})
    shutil.rmtree(work, ignore_errors=True)


def _load(folder: Path) -> TrainingResult:
    from tasks.training.trained_generator import TrainedGenerator

    generator = TrainedGenerator.load(folder / "generator", build_component)
    history = tuple(read_json(folder / _DONE)["history"])
    return TrainingResult(generator, folder, folder, history)


def _figures(folder: Path) -> list[tuple[int, float]]:
    history = read_json(folder / _DONE)["history"]
    return [(int(record["epoch"]), record[_MONITORED]) for record in history if _MONITORED in record]


def _digest(bench: "Workbench", settings: Settings, version: int) -> str:
    own = {"question": bench.question, "seed": bench.seed, "split_seed": bench.ground.config.seed, "version": version}
    return digest_of({"data": asdict(bench.ground.identity), "settings": relevant(plain_values(settings)), **own})
