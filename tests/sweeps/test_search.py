"""Which trials a search runs: the same ones after a kill, none twice, hopeless ones stopped."""

from pathlib import Path
from typing import Any

import pytest

from tasks.runs import Home, Run, open_run
from tasks.sweeps.dimensions import Dimension, read_dimensions
from tasks.sweeps.records import Records, TrialState
from tasks.sweeps.search import Search
from tasks.sweeps.settings import SweepSettings

SPACE = {"a": {"low": 0.0, "high": 10.0}, "b": {"choices": ["x", "y"]}}
START = {"a": 1.0, "b": "y"}


def opened(tmp_path: Path, key: str = "a") -> Run:
    return open_run(Home(tmp_path), key * 64, name="sweep-test")


def search(run: Run, start: Any = START, space: dict[str, Any] = SPACE, **options: Any) -> tuple[Search, Records]:
    records = Records(run)
    dimensions: tuple[Dimension, ...] = read_dimensions(space)
    return Search(SweepSettings(space=space, **({"trials": 12} | options)), dimensions, records, start), records


def hill(values: Any) -> float:
    return -((values["a"] - 7) ** 2) - (0 if values["b"] == "x" else 5)


def finish_all(found: Search, most: int = 100) -> list[dict[str, Any]]:
    asked = []
    while len(asked) < most and (record := found.take()) is not None:
        asked.append(dict(record.values))
        found.finish(record.number, TrialState.COMPLETE, hill(record.values), seconds=1.0)
    return asked


def test_the_first_trial_is_the_default_and_the_hill_is_found(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        found, records = search(run, trials=25)
        asked = finish_all(found)
        assert len(asked) == 25
        assert asked[0] == START
        best = records.best("maximize")
        assert best is not None
        assert best.value is not None
        assert best.value > -4
        assert best.values["b"] == "x"
        worst = records.best("minimize")
        assert worst is not None
        assert worst.value == min(hill(values) for values in asked)


def test_a_search_that_was_killed_goes_on_with_what_it_had_begun(tmp_path: Path) -> None:
    with opened(tmp_path, "b") as run:
        whole = finish_all(search(run)[0])
    run = opened(tmp_path)
    found, _ = search(run)
    before = finish_all(found, most=4)
    begun = found.take()
    assert begun is not None
    # Killed here: the run is still RUNNING, nobody holds its lock.
    run._lock.release()
    with opened(tmp_path) as run:
        assert run.resumed
        found, records = search(run)
        again = found.take()
        assert again is not None
        assert (again.number, again.values) == (4, begun.values)
        found.finish(4, TrialState.COMPLETE, hill(again.values))
        asked = [*before, dict(again.values), *finish_all(found)]
        assert asked == whole
        assert records.counts() == {"RUNNING": 0, "COMPLETE": 12, "PRUNED": 0, "FAIL": 0}
        assert search(run)[0].take() is None


def test_a_grid_takes_every_combination_and_no_other(tmp_path: Path) -> None:
    space = {"b": {"choices": ["x", "y"]}, "seed": {"choices": [0, 1, 2]}}
    with opened(tmp_path) as run:
        found, _ = search(run, None, space, sampler="grid", trials=None)
        asked = []
        while (record := found.take()) is not None:
            asked.append((record.values["b"], record.values["seed"]))
            found.finish(record.number, TrialState.COMPLETE, 0.0)
    assert asked == [(b, seed) for b in "xy" for seed in (0, 1, 2)]


def test_what_was_tried_is_not_proposed_again(tmp_path: Path) -> None:
    space = {"b": {"choices": ["x", "y"]}, "c": {"choices": [0, 1]}}
    with opened(tmp_path) as run:
        found, records = search(run, None, space, trials=20)
        asked = []
        while (record := found.take()) is not None:
            asked.append((record.values["b"], record.values["c"]))
            found.finish(record.number, TrialState.COMPLETE, 0.0)
        assert sorted(asked) == [("x", 0), ("x", 1), ("y", 0), ("y", 1)]
        assert len(records.all()) == 4


def test_dimensions_that_do_not_apply_are_not_varied(tmp_path: Path) -> None:
    space = {"b": {"choices": ["x", "y"]}, "a": {"low": 0.0, "high": 1.0, "when": {"b": "x"}}}
    with opened(tmp_path) as run:
        found, records = search(run, None, space, trials=12)
        while (record := found.take()) is not None:
            assert ("a" in record.values) == (record.values["b"] == "x")
            found.finish(record.number, TrialState.COMPLETE, 0.5)
        # Read again, as after a kill.
        assert search(run, None, space, trials=12)[0].take() is None
        assert {record.values["b"] for record in records.all()} == {"x", "y"}


def test_hopeless_trainings_are_stopped_and_failed_ones_passed_over(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        found, records = search(run, trials=8)
        stopped = []
        for height in (5.0, 6.0, 7.0, 8.0, 1.0):
            record = found.take()
            assert record is not None
            verdicts = [found.report(record.number, epoch, height) for epoch in range(3)]
            stopped.append(True in verdicts)
            found.finish(
                record.number,
                TrialState.PRUNED if stopped[-1] else TrialState.COMPLETE,
                None if stopped[-1] else height,
            )
        assert stopped == [False, False, False, False, True]
        assert records.all()[-1].epochs == {"0": 1.0, "1": 1.0, "2": 1.0}
        record = found.take()
        assert record is not None
        found.finish(record.number, TrialState.FAIL, reason="no")
        assert records.counts() == {"RUNNING": 0, "COMPLETE": 4, "PRUNED": 1, "FAIL": 1}
        assert found.take() is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"space": {}}, "space must name at least one"),
        ({"trials": 0}, "trials must be at least 1"),
        ({"trials": None}, "trials must be a number with sampler=tpe"),
        ({"metric": "val/x"}, "metric must be a figure of half A"),
        ({"metric": "hit_rate_at_10/mean"}, "prune must be false unless ndcg_at_10/mean"),
        ({"direction": "minimize"}, "prune must be false"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SweepSettings(**({"space": SPACE, "trials": 3} | options))
