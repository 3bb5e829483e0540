"""flows.prune and flows.compare as they are typed."""

from pathlib import Path

import pytest

from tests.comparison.runs import write_run
from tests.flows.commands import command


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDCART_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLDCART_CACHE", str(tmp_path / "cache"))


def test_pruning_an_empty_home() -> None:
    ended = command("prune", "older_than=30d")
    assert ended.code == 0, ended.err
    assert "Would be removed, older than 30d" in ended.out
    assert "0 things, 0.0 MB" in ended.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "older_than: expected a value, got none"),
        (("older_than=soon",), "older_than: must be an age such as 30d"),
        (("older_than=30d", "kinds=[runs]"), "kinds"),
        (("older_than=30d", "tracking=off"), "tracking: what registered models need"),
    ],
)
def test_what_cannot_be_pruned_is_said_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    assert command("prune", *arguments).error.startswith(message)


def test_comparing_run_folders(tmp_path: Path) -> None:
    one, other = write_run(tmp_path / "12e45 (a)"), write_run(tmp_path / "b", lift=0.03)
    for typed in (f"[{one},{other}]", f"{one}, {other}"):
        ended = command("compare", f"run_ids={typed}", "resamples=500", "tracking=off")
        assert ended.code == 0, ended.err
        assert "NDCG@10" in ended.out
        assert "each run minus 12e45 (a)" in ended.out


def test_runs_that_cannot_be_compared_are_refused_in_one_line(tmp_path: Path) -> None:
    one, other = write_run(tmp_path / "a"), write_run(tmp_path / "b", question="rest")
    ended = command("compare", f"run_ids=[{one},{other}]", "tracking=off")
    assert ended.error.startswith("run_ids: a and b differ in question (next_visits and rest)")
    assert command("compare", "run_ids=[a]").error.startswith("run_ids: must name at least two different runs")
