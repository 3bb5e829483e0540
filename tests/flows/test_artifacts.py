"""What a run's page shows beside its log."""

import io
import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect import flow
from rich.console import Console
from rich.logging import RichHandler

from flows.artifacts import (
    publish_configuration,
    publish_lists,
    publish_report,
    publish_results,
    publish_trials,
    report_of,
)
from flows.progress import ProgressArtifact, progress
from flows.steps import advice, composing, step
from tasks.errors import ConfigError, DataError
from tasks.runs import Home
from tests.flows.commands import QUICK, command, run_folder

SUMMARY: dict[str, Any] = {
    "run_id": "shop-conditional-hinge-seed0-1",
    "run_folder": "/somewhere/shop",
    "registered": None,
    "question": "rest",
    "objective": 0.25,
    "objective_name": "val_a/rest/ours/ndcg_at_10/mean",
    "counts": {
        "rows_in": 1200,
        "rows_out": 1100,
        "users": 50,
        "items": 7,
        "split": "temporal",
        "split_changed_because": None,
        "warm_users": 30,
        "validation_users": 12,
        "test_users": 8,
    },
    "choices": dict.fromkeys(("dataset", "network", "loss", "augmentation", "recommender", "trainer"), "x"),
    "table": {
        "title": "A table",
        "columns": ["figure", "method", "s = 0"],
        "rows": [["HR@10", "ours_virtual", "0.5"], ["NDCG@10", "ours_virtual", "0.25"], ["users", "", "12"]],
    },
}


def artifacts(flow_run: str = "%") -> list[dict[str, Any]]:
    """Artifacts of flow runs by the name of their flow run, oldest first."""
    with sqlite3.connect(Home.current().prefect / "prefect.db") as database:
        rows = database.execute(
            "select a.key, a.type, a.data, a.description from artifact a join flow_run f on a.flow_run_id = f.id "
            "where f.name like ? and a.key is not null order by a.created",
            (flow_run,),
        ).fetchall()
    return [
        {"key": key, "type": kind, "data": json.loads(data) if isinstance(data, str) else data, "description": said}
        for key, kind, data, said in rows
    ]


def test_a_report_says_what_ran_and_where_to_go_on() -> None:
    text = report_of(SUMMARY, "http://mlflow/#/experiments/1/runs/2", None)
    assert text.startswith("# shop-conditional-hinge-seed0-1\n")
    assert "1,100 of 1,200 rows, 50 users, 7 items." in text
    # A table per figure: Prefect's page has no room for a wide one.
    for figure, value in (("HR@10", ".5"), ("NDCG@10", ".25")):
        table = (
            f"{figure}, A table:\n\n| {figure} | s=0 |\n| --- | ---: |\n| ours + virtual | {value} |\n| users | 12 |\n"
        )
        assert table in text
    assert "[MLflow run](http://mlflow/#/experiments/1/runs/2)" in text
    assert "python -m flows.recommend model=/somewhere/shop" in text
    # Markdown that is indented shows as code.
    assert not [line for line in text.splitlines() if line.startswith(" ")]
    assert "What is asked: everything that follows (rest)." in text
    assert "MLflow" not in report_of(SUMMARY, None, None)
    changed = {**SUMMARY, "counts": {**SUMMARY["counts"], "split_changed_because": "too few users"}}
    assert "**Not split as asked:** too few users." in report_of(changed, None, None)


def test_a_report_leads_to_the_whole_one() -> None:
    run, whole = "http://mlflow/#/experiments/1/runs/2", "http://mlflow/#/experiments/1/runs/2/artifacts/report.html"
    assert f"[The full report, with figures]({whole})" in report_of(SUMMARY, run, whole)
    assert "report.html" not in report_of(SUMMARY, run, None)


def test_outside_a_flow_run_nothing_is_published() -> None:
    publish_report(SUMMARY, None, None)
    told = ProgressArtifact("nothing", "nothing", seconds=0)
    told(0.5, "half")


def test_lists_and_results_of_a_benchmark_are_told(server: str, tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    page.write_text("# Results\n\n![A figure](images/a.svg)\n\nEase was best.\n")
    counts = {"users": 1200, "zero_shots": 3, "k": 5, "events": 40, "unknown": 2, "unknown_kinds": 0, "left_out": 0}

    @flow(flow_run_name="told")
    def told() -> None:
        publish_results(page)
        publish_lists({**counts, "model": "a model", "evidence": {"real": 0.25}, "output": "lists.parquet"})

    told()
    results, lists = artifacts("told")
    # A figure beside the file is out of the page's reach.
    assert results["data"] == f"# Results\n\n\nEase was best.\n\nWith figures: `{page}`\n"
    assert "- **lists**: 1,200 users, 5 items each\n" in lists["data"]
    assert "- **evidence**: real 25.0%\n" in lists["data"]
    assert lists["description"] == "Written to lists.parquet"


def test_the_trials_of_a_sweep_and_a_configuration_are_told(server: str) -> None:
    name = "val_a/rest/ours/ndcg_at_10/mean"
    table = {
        "title": "Sweep losses, shop",
        "columns": ["trial", "loss", "ended", name, "seconds"],
        "rows": [["1", "hinge", "finished", "0.2500", "9"], ["0", "relativistic", "failed", "–", "2"]],
    }

    @flow(flow_run_name="searched")
    def searched() -> None:
        publish_configuration({"seed": 3, "loss": {"gamma": 1.0}})
        publish_trials({"table": table, "objective_name": name})

    searched()
    configuration, trials = artifacts("searched")
    assert configuration["data"] == "```yaml\nseed: 3\nloss:\n  gamma: 1.0\n```\n"
    first, second = json.loads(trials["data"])
    assert first == {"trial": "1", "loss": "hinge", "ended": "finished", "objective": "0.2500", "seconds": "9"}
    assert second["ended"] == "failed"
    assert trials["description"] == f"Sweep losses, shop, the best first, by {name}"


def test_a_mistake_in_a_form_is_one_line(server: str) -> None:
    @flow(flow_run_name="mistaken")
    def mistaken() -> None:
        with composing():
            try:
                raise KeyError("hydra's own words")
            except KeyError as error:
                raise ConfigError("network.widths: there is no such setting.") from error

    with pytest.raises(ConfigError, match="widths") as raised:
        mistaken()
    # The libraries' traceback, which is pages long, does not come along.
    assert raised.value.__cause__ is None
    (artifact,) = artifacts("mistaken")
    assert artifact["key"] == "failure"
    assert "network.widths: there is no such setting." in artifact["data"]


def test_the_artifact_moves(server: str) -> None:
    seen = []

    @flow(flow_run_name="moving")
    def moving() -> None:
        with progress("moves", "training") as shown:
            for share in (0.0, 0.25, 0.251, 1.0):
                shown(share, f"at {share}")
                seen.append(artifacts("moving")[0]["data"])

    moving()
    # The first and the last are told, what follows in the same moment is not.
    assert seen == [0, 0, 0, 100]
    (artifact,) = artifacts("moving")
    assert (artifact["key"], artifact["type"]) == ("moves", "progress")
    assert artifact["description"] == "training: at 1.0"


def test_a_page_that_stands_still_ends_nothing(
    server: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise ConnectionError("no answer")

    monkeypatch.setattr("prefect.artifacts.create_progress_artifact", silent)

    @flow
    def told() -> None:
        progress = ProgressArtifact("still", "training", seconds=0)
        for share in (0.1, 0.5, 1.0):
            progress(share, "")

    told()
    assert [record.message for record in caplog.records if "stands still" in record.message] == [
        "The progress on the run's page stands still: no answer"
    ]


@pytest.fixture
def terminal() -> Iterator[io.StringIO]:
    """What a terminal shows that the log goes to."""
    screen, root = io.StringIO(), logging.getLogger()
    handler = RichHandler(console=Console(file=screen, force_terminal=True, width=100))
    root.addHandler(handler)
    yield screen
    root.removeHandler(handler)


def test_a_terminal_has_a_bar(terminal: io.StringIO) -> None:
    with progress("bar", "training") as shown:
        shown(0.0, "epoch 1 of 10")
        shown(0.5, "epoch 6 of 10")
    assert "training" in terminal.getvalue()
    assert "50% epoch 6 of 10" in terminal.getvalue()


def test_a_failed_stage_says_why_and_what_to_do(server: str) -> None:
    def fails() -> None:
        raise DataError("log.csv: no column 'user_id';\n name it with dataset.columns.user=…")

    @flow(flow_run_name="failing")
    def failing() -> None:
        step("reads", fails)

    with pytest.raises(DataError):
        failing()
    why = "log.csv: no column 'user_id'; name it with dataset.columns.user=…"
    (artifact,) = artifacts("failing")
    assert artifact["key"] == "failure"
    assert why in artifact["data"]
    with sqlite3.connect(Home.current().prefect / "prefect.db") as database:
        query = "select s.message from task_run t join task_run_state s on t.state_id = s.id where t.name = 'reads'"
        (message,) = [text for (text,) in database.execute(query)]
    assert "DataError: log.csv: no column 'user_id'" in message


def test_an_unexpected_error_says_what_to_do() -> None:
    assert advice(DataError("as it is")) == "as it is"
    assert advice(ZeroDivisionError("division\nby zero")).startswith("unexpected ZeroDivisionError: division by zero. ")
    assert "Retry" in advice(ZeroDivisionError())


@pytest.mark.slow
def test_the_page_of_a_training(server: str) -> None:
    ended = command("train", "dataset=block_world", "seed=21", "evaluate=validation", *QUICK)
    folder = run_folder(ended)
    own = artifacts("train dataset=block_world seed=21%")
    assert [one["key"] for one in own] == ["mlflow-run", "training", "accuracy", "refit", "report"]
    by_key = {one["key"]: one for one in own}
    assert by_key["training"]["data"] == by_key["refit"]["data"] == 100
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["mlflow_run_id"] in by_key["mlflow-run"]["data"]
    rows = json.loads(by_key["accuracy"]["data"])
    assert {(row["figure"], row["method"]) for row in rows} >= {
        (figure, method)
        for figure in ("HR@10", "NDCG@10")
        for method in ("popularity", "user_knn_cosine", "user_knn_cosine_virtual", "generator")
    }
    (shown,) = [row for row in rows if (row["figure"], row["method"]) == ("NDCG@10", "user_knn_cosine_virtual")]
    name = f"val/{summary['question']}/user_knn_cosine_virtual/ndcg_at_10/shots_3"
    assert float(shown["s = 3"]) == pytest.approx(summary["metrics"][name], abs=1e-4)
    assert "validation users" in by_key["accuracy"]["description"]
    assert folder.name in by_key["report"]["data"]
    assert (folder / "config.yaml").is_file()
