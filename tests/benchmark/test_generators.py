"""Generators that are tried: losing trainings are stopped, counted, and leave nothing behind."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.benchmark.methods import catalogue
from tasks.benchmark.search import Range, with_values
from tasks.benchmark.tuning import Best, search
from tasks.method_names import GENERATOR
from tests.benchmark.workbenches import resolved, workbench

RATE = "network.objective.generator_rate"
EPOCHS = 3


def tune(store: Path, journal: Path, rates: list[float]) -> Best:
    """Try the generator at these rates, as a worker does."""
    bench, method = workbench(store), catalogue()[GENERATOR]
    settings = resolved(bench, GENERATOR)

    def objective(values: Mapping[str, Any], report: Callable[[int, float], None]) -> float:
        return bench.tuning_value(method.fit(bench, with_values(settings, values), on_epoch=report))

    starts = [{RATE: rate} for rate in rates]
    return search({RATE: Range(1e-7, 0.1, log=True)}, starts, objective, trials=len(rates), seed=0, journal=journal)


def test_a_training_that_does_not_learn_is_stopped_and_counts(tmp_path: Path) -> None:
    best = tune(tmp_path / "store", tmp_path / "journal", [0.01, 0.02, 0.015, 1e-6])
    lines = [json.loads(line) for line in (tmp_path / "journal").read_text().splitlines()]
    assert [line["state"] for line in lines] == [*["COMPLETE"] * 3, "PRUNED"]
    assert len(lines[0]["epochs"]) == EPOCHS
    assert len(lines[3]["epochs"]) == 2  # the first epoch is too early to tell
    assert lines[0]["value"] == max(lines[0]["epochs"].values())
    assert best.values[RATE] in (0.01, 0.02, 0.015)
    assert [path for path in (tmp_path / "store").iterdir() if path.is_dir()] == []


def test_the_winner_is_trained_to_the_same_end_and_kept(tmp_path: Path) -> None:
    store = tmp_path / "store"
    best = tune(store, tmp_path / "journal", [0.01])
    bench, method = workbench(store), catalogue()[GENERATOR]
    settings = with_values(resolved(bench, GENERATOR), best.values)
    assert method.fit(bench, settings).tuning_value == pytest.approx(best.value, abs=0)
    kept = [path for path in store.iterdir() if path.is_dir()]
    assert len(kept) == 1
    epochs: list[int] = []
    again = method.fit(bench, settings, on_epoch=lambda epoch, value: epochs.append(epoch))
    assert epochs == list(range(EPOCHS))  # told, not trained
    assert again.tuning_value == best.value
    assert [path for path in store.iterdir() if path.is_dir()] == kept


def test_a_trial_that_was_killed_is_tried_from_its_first_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, method = workbench(tmp_path), catalogue()[GENERATOR]
    settings = resolved(bench, GENERATOR)

    def kill(epoch: int, value: float) -> None:
        if epoch == 2:
            raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr("tasks.benchmark.generators.shutil.rmtree", lambda *path, **options: None)
        with pytest.raises(SystemExit):
            method.fit(bench, settings, on_epoch=kill)
    (left,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert (left / "last.ckpt").exists()
    epochs: list[int] = []
    method.fit(bench, settings, on_epoch=lambda epoch, value: epochs.append(epoch))
    assert epochs == list(range(EPOCHS))
    assert not left.exists()
