"""Is this log enough? Asked in seconds, and answered in 80 columns."""

import subprocess
import sys
from pathlib import Path

import pytest

from tasks.runs import Home
from tasks.runs.home import REPOSITORY
from tests.flows.commands import command


def test_a_log_is_counted(log: Path) -> None:
    ended = command("inspect", "dataset=file", f"dataset.path={log}")
    assert ended.code == 0, ended.err
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    for expected in (
        "rows in 11,253",
        "duplicate 50 0",
        "rows out 11,203",
        "users 1,402",
        "items 41",
        "Split temporal",
    ):
        assert expected in lines, ended.out
    assert any(line.startswith("next_visits shots_3") for line in lines)
    assert "Advice" in lines
    assert max(map(len, ended.out.splitlines())) <= 80
    assert ended.err == ""


def test_settings_are_those_of_a_run(log: Path) -> None:
    ended = command("inspect", "dataset=file", f"dataset.path={log}", "split=user_holdout", "question=rest")
    assert "Split user_holdout" in ended.out
    assert "shopping" in command("inspect", "dataset=block_world", "question=shopping").error


def test_a_log_that_cannot_be_split_is_counted_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user_id,item_id\nu1,i1\nu1,i2\n")
    ended = command("inspect", "dataset=file", f"dataset.path={tmp_path / 'log.csv'}")
    assert ended.code == 0, ended.err
    assert "This log cannot be evaluated as it is" in " ".join(ended.out.split())


@pytest.mark.parametrize("flow", ["inspect", "train"])
def test_the_name_hides_no_module_of_python(flow: str) -> None:
    code = (
        f"import sys, runpy; sys.argv = ['x', '--cfg', 'job']; runpy.run_module('flows.{flow}', run_name='__main__', "
        "alter_sys=True)"
    )
    check = f"import atexit, inspect, sys; atexit.register(lambda: print(inspect.__file__, sys.path)); {code}"
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )
    where = done.stdout.splitlines()[-1]
    assert str(REPOSITORY / "flows") not in where


def test_an_inspection_leaves_nothing_behind(log: Path) -> None:
    runs = Home.current().runs
    before = list(runs.iterdir()) if runs.exists() else []
    command("inspect", "dataset=file", f"dataset.path={log}")
    assert (list(runs.iterdir()) if runs.exists() else []) == before
