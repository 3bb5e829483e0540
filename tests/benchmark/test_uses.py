"""Uses in the benchmark: measured of what they concern, kept, and never at the cost of a cell."""

from pathlib import Path
from typing import Any

import pytest

from tasks.benchmark.digests import cell_digest, use_digest
from tasks.benchmark.units import Measure
from tasks.errors import ConfigError
from tasks.results.store import read_manifest
from tasks.results.used import read_uses
from tasks.uses import USES
from tasks.uses.use import means_of
from tests.benchmark.engine import Inside, files, run
from tests.benchmark.test_digests import CELL, DATA


def test_digests_of_cells_are_what_they_were_before_there_were_uses() -> None:
    digest = cell_digest(DATA, **CELL)
    assert digest.startswith("71d3157126bc81a4")
    assert use_digest(digest, "rerank", 1) != use_digest(digest, "audience", 1) != use_digest(digest, "audience", 2)
    assert use_digest(digest, "rerank", 1) != use_digest(cell_digest(DATA, **CELL | {"seed": 1}), "rerank", 1)


def test_uses_are_measured_of_what_they_concern(tmp_path: Path, inside: type[Inside]) -> None:
    ended = run(tmp_path, inside, uses=None, seeds=1)
    found = {(one.key.use, one.key.method): one for one in read_uses(tmp_path)}
    assert (ended.computed, ended.uses_computed, ended.failed, ended.missing) == (3, len(found), {}, [])
    # RP3beta or UserKNN is the reference at some number of shots; both know the blocks.
    assert {method for use, method in found if use == "rerank"} >= {"popularity", "user_knn_cosine", "random"}
    assert {method for use, method in found if use == "audience"} >= {"user_knn_cosine", "activity", "random"}
    ndcg = {method: one.half_a["ndcg_at_10_random/3"] for (use, method), one in found.items() if use == "rerank"}
    assert ndcg["user_knn_cosine"] > 2 * ndcg["popularity"] > 2 * 0.9 * ndcg["random"]
    auc = {method: means_of(one.frame)["auc/3"] for (use, method), one in found.items() if use == "audience"}
    assert auc["user_knn_cosine"] > 0.8
    assert auc["random"] == auc["activity"] == 0.5
    assert found["audience", "user_knn_cosine"].notes["reading"] in ("score", "place")


def test_what_is_measured_is_kept_and_cells_stay_as_they_are(tmp_path: Path, inside: type[Inside]) -> None:
    run(tmp_path, inside)
    cells = files(tmp_path)
    first = run(tmp_path, inside, uses=("rerank",))
    assert (first.computed, first.kept) == (0, 6)
    assert first.uses_computed > 0
    before = files(tmp_path)
    assert cells.items() <= before.items()
    inside.done.clear()
    again = run(tmp_path, inside, uses=("rerank",))
    assert (again.uses_computed, again.uses_kept) == (0, first.uses_computed)
    assert [type(unit).__name__ for unit in inside.done] == ["Survey"]
    more = run(tmp_path, inside, uses=None)
    assert more.uses_kept == first.uses_computed
    assert more.uses_computed > 0
    assert before.items() <= files(tmp_path).items()
    manifest = read_manifest(tmp_path)
    assert len(manifest.cells) == 6
    assert len(manifest.uses) == more.uses_kept + more.uses_computed
    run(tmp_path, inside, uses=())
    assert read_manifest(tmp_path) == manifest


def test_what_a_kill_leaves_is_not_measured_again(
    tmp_path: Path, inside: type[Inside], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.benchmark import worker

    measure, done = worker.measure_use, []

    def until_killed(cases: Any, method: Any, call: Any) -> Any:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(call.what)
        return measure(cases, method, call)

    with monkeypatch.context() as patched:
        patched.setattr("tasks.benchmark.worker.measure_use", until_killed)
        first = run(tmp_path, inside, uses=("rerank",), seeds=1)
    assert first.uses_computed == 2
    before = files(tmp_path)
    later = run(tmp_path, inside, uses=("rerank",), seeds=1)
    assert (later.uses_kept, later.failed) == (2, {})
    assert before.items() <= files(tmp_path).items()
    assert set(done) <= {"/".join(name.split("/")[2:4]) for name in read_manifest(tmp_path).uses}


def test_a_use_that_fails_costs_itself(tmp_path: Path, inside: type[Inside], monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: object) -> None:
        raise ValueError("no such luck")

    monkeypatch.setattr(type(USES["audience"]), "measure", no)
    ended = run(tmp_path, inside, uses=None, seeds=1)
    assert ended.computed == 3
    assert {cell[2].partition("/")[0] for cell in ended.failed} == {"audience"}
    assert set(ended.failed.values()) == {"ValueError: no such luck"}
    assert {name.split("/")[2] for name in read_manifest(tmp_path).uses} == {"rerank"}


def test_uses_on_test_users_are_a_look(tmp_path: Path, inside: type[Inside]) -> None:
    run(tmp_path, inside, evaluate="test", seeds=1)
    run(tmp_path, inside, evaluate="test", seeds=1, uses=("rerank",))
    assert len((tmp_path / "looks.jsonl").read_text().splitlines()) == 2


def test_another_version_is_measured_anew(
    tmp_path: Path, inside: type[Inside], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tmp_path, inside, uses=("rerank",), seeds=1)
    object.__setattr__(USES["rerank"], "version", 99)
    try:
        again = run(tmp_path, inside, uses=("rerank",), seeds=1)
    finally:
        object.__setattr__(USES["rerank"], "version", type(USES["rerank"])().version)
    assert (again.kept, again.uses_kept, again.uses_computed) == (3, 0, first.uses_computed)
    assert len(read_manifest(tmp_path).uses) == first.uses_computed  # those of the old version are no longer read


def test_units_say_what_they_do(tmp_path: Path, inside: type[Inside]) -> None:
    run(tmp_path, inside, uses=("rerank",), seeds=1)
    titles = [unit.title for unit in inside.done if isinstance(unit, Measure)]
    assert titles == ["measure block_world next_visits seed 0", "uses of block_world next_visits seed 0"]


def test_a_use_that_does_not_exist_is_said(tmp_path: Path, inside: type[Inside]) -> None:
    with pytest.raises(ConfigError, match="'dance' is not one of rerank, audience"):
        run(tmp_path, inside, uses=("dance",))
