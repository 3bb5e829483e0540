"""Tuning: reproducible, resumable, honest about edges and about what could not be fitted."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.benchmark.search import Choice, Range, edges_of, start_of, value_at, with_values
from tasks.benchmark.tuning import OutOfTimeError, search
from tasks.errors import ColdcartError

SPACE = {"a": Range(0.0, 10.0), "b": Range(1, 100, log=True), "c": Choice(("x", "y"))}
START = {"a": 1.0, "b": 5, "c": "y"}


def hill(values: Mapping[str, Any], report: Callable[[int, float], None]) -> float:
    return -((values["a"] - 7) ** 2) - (0 if values["c"] == "x" else 5)


def find(journal: Path, objective: Any = hill, trials: int = 25, **options: Any) -> Any:
    return search(SPACE, [START], objective, trials=trials, seed=3, journal=journal, **options)


def test_the_first_trial_is_the_default(tmp_path: Path) -> None:
    assert find(tmp_path / "j", trials=1).values == START


def test_finds_the_hill_the_same_way_each_time(tmp_path: Path) -> None:
    best = find(tmp_path / "one")
    assert best.value > -4
    assert best.values["c"] == "x"
    assert find(tmp_path / "two").values == best.values


def test_a_tuning_that_was_stopped_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole, asked = find(tmp_path / "whole", trials=12), []

    def counted(values: Mapping[str, Any], report: Callable[[int, float], None]) -> float:
        asked.append(dict(values))
        if len(asked) == 6:
            raise KeyboardInterrupt
        return hill(values, report)

    with pytest.raises(KeyboardInterrupt):
        find(tmp_path / "part", counted, trials=12)
    with (tmp_path / "part").open("a") as journal:
        journal.write('{"params": {"a"')  # torn by a kill
    again = find(tmp_path / "part", counted, trials=12)
    assert again.values == whole.values
    assert len(asked) == 6 + 12 - 5


def test_an_edge_is_named(tmp_path: Path) -> None:
    best = search(
        {"a": Range(0.0, 1.0)},
        [{"a": 1.0}],
        lambda values, report: values["a"],
        trials=3,
        seed=0,
        journal=tmp_path / "j",
    )
    assert best.edges == ("a",)
    assert edges_of(SPACE, {"a": 5.0, "b": 10, "c": "x"}) == ()
    assert edges_of(SPACE, {"a": 0.1, "b": 99, "c": "x"}) == ("a", "b")


def test_settings_that_cannot_be_fitted_are_passed_over(tmp_path: Path) -> None:
    def brittle(values: Mapping[str, Any], report: Callable[[int, float], None]) -> float:
        if values["c"] == "y":
            raise ValueError("no")
        return hill(values, report)

    assert find(tmp_path / "j", brittle, trials=10).values["c"] == "x"
    states = [json.loads(line)["state"] for line in (tmp_path / "j").read_text().splitlines()]
    assert states[0] == "FAIL"
    with pytest.raises(ColdcartError, match=r"none of 2 settings could be fitted.*ValueError: always"):
        find(tmp_path / "k", lambda values, report: (_ for _ in ()).throw(ValueError("always")), trials=2)


def test_hopeless_trainings_are_stopped_early(tmp_path: Path) -> None:
    epochs = []

    def trained(values: Mapping[str, Any], report: Callable[[int, float], None]) -> float:
        height = hill(values, report)
        for epoch in range(10):
            epochs.append(epoch)
            report(epoch, height)
        return height

    find(tmp_path / "j", trained, trials=20)
    assert len(epochs) < 200


def test_trainings_are_compared_by_their_best_epoch_so_far(tmp_path: Path) -> None:
    peaks = iter([[9, 0, 0, 0], [0, 9, 0, 0], [0, 0, 9, 0], [5, 5, 5, 5], [0, 9, 0, 0]])
    told: list[int] = []

    def trained(values: Mapping[str, Any], report: Callable[[int, float], None]) -> float:
        told.append(0)
        heights = next(peaks)
        for epoch, height in enumerate(heights):
            told[-1] += 1
            report(epoch, height)
        return max(heights)

    find(tmp_path / "j", trained, trials=5)
    # At the second epoch two of three had seen 9, though only one had it just then.
    assert told == [4, 4, 4, 2, 4]
    states = [json.loads(line)["state"] for line in (tmp_path / "j").read_text().splitlines()]
    assert states == [*["COMPLETE"] * 3, "PRUNED", "COMPLETE"]


def test_nothing_is_begun_after_the_deadline(tmp_path: Path) -> None:
    with pytest.raises(OutOfTimeError, match="0 of 5"):
        find(tmp_path / "j", trials=5, deadline=time.time() - 1)


def test_dotted_settings() -> None:
    settings = {"base": {"neighbours": 10, "fallback": {"form": "popularity"}}, "weight": 1.0}
    assert value_at(settings, "base.fallback.form") == "popularity"
    changed = with_values(settings, {"base.fallback.form": "late_popularity", "weight": 2.0})
    assert changed["base"] == {"neighbours": 10, "fallback": {"form": "late_popularity"}}
    assert changed["weight"] == 2.0
    assert settings["base"]["fallback"]["form"] == "popularity"
    assert start_of({"weight": Range(0.1, 5.0)}, settings, "it") == {"weight": 1.0}
