"""The main job, end to end, as it is started from a terminal."""

import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tasks.runs import Home
from tasks.stages.looks import BOOK, write_down
from tests.flows.commands import QUICK, command, run_folder

LEGAL = re.compile(r"^(val|val_a|test)/\w+/\w+/([a-z_]+_at_\d+|users)(_strict)?/(shots_\w+|mean)$")
LEAVES = ("summary.json", "report.html", "config.yaml", "results.md", "data_quality.json", "data_quality.md")
FIGURES = ("losses.png", "hit_rate_at_10_by_shots.png", "ndcg_at_10_by_shots.png")


@dataclass(frozen=True)
class Done:
    """A finished training."""

    folder: Path
    out: str
    err: str

    def json(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder / name).read_text())

    @property
    def summary(self) -> dict[str, Any]:
        return self.json("summary.json")


def train(*arguments: object) -> Done:
    ended = command("train", *QUICK, *arguments)
    return Done(run_folder(ended), ended.out, ended.err)


@pytest.fixture(scope="module")
def with_times(server: str, log: Path) -> Done:
    return train("dataset=file", f"dataset.path={log}", "register=true")


@pytest.fixture(scope="module")
def without_times(server: str, log: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    bare = tmp_path_factory.mktemp("bare") / "no times.csv"
    pl.read_csv(log, infer_schema=False).drop("timestamp").write_csv(bare)
    more = ("augmentation=virtual_neighbours", "refit=false", "question=this_visit")
    return train("dataset=file", f"dataset.path={bare}", *more)


@pytest.mark.slow
def test_a_run_leaves_everything_in_its_folder(with_times: Done, without_times: Done) -> None:
    for done in (with_times, without_times):
        assert done.folder.parent == Home.current().runs
        names = {path.relative_to(done.folder).as_posix() for path in done.folder.rglob("*")}
        assert {"summary.json", "config.yaml", "evaluation/val/per_user.parquet", "model/format.json"} <= names
        assert {"evaluation/gate.json", "model/hybrid/hybrid.json"} <= names
        assert {"report.html"} | {f"figures/{figure}" for figure in FIGURES} <= names
        assert done.summary["run_id"] == done.folder.name
        assert "Traceback" not in done.err


@pytest.mark.slow
def test_figures_have_names_that_say_what_they_are(with_times: Done, without_times: Done) -> None:
    for done in (with_times, without_times):
        metrics = done.summary["metrics"]
        assert all(LEGAL.match(name) for name in metrics), [name for name in metrics if not LEGAL.match(name)]
        question = done.summary["question"]
        ours = f"val/{question}/user_knn_cosine_virtual/ndcg_at_10/shots_3"
        assert {ours, ours.replace("_virtual", ""), ours.replace("user_knn_cosine_virtual", "popularity")} <= {*metrics}
        hybrid = f"{question}/hybrid/ndcg_at_10"
        assert {f"{part}/{hybrid}/{shots}" for part in ("val", "val_a") for shots in ("shots_0", "mean")} <= {*metrics}
        assert [row[1] for row in done.summary["table"]["rows"]].count("hybrid") == 2
        assert not [name for name in metrics if name.startswith("test/")]
        assert done.summary["objective"] == metrics[done.summary["objective_name"]]
        assert done.summary["objective_name"].startswith("val_a/")


@pytest.mark.slow
def test_a_log_with_times_is_split_by_them(with_times: Done) -> None:
    assert with_times.summary["question"] == "next_visits"
    assert with_times.summary["counts"]["split"] == "temporal"
    assert with_times.summary["counts"]["split_changed_because"] is None
    quality = with_times.summary["counts"]
    assert quality["rows_in"] - quality["rows_out"] == 50  # those that came twice
    assert "HR@10" in with_times.out
    assert "s=3" in with_times.out


@pytest.mark.slow
def test_a_log_without_times_is_split_by_user_and_says_so(without_times: Done) -> None:
    assert without_times.summary["question"] == "rest"
    assert without_times.summary["counts"]["split"] == "user_holdout"
    assert "time" in without_times.summary["counts"]["split_changed_because"]
    assert without_times.summary["question_asked"] == "this_visit"
    for told in (without_times.out, without_times.err):
        assert "question=rest instead of question=this_visit" in told
    assert "Not split as asked" in without_times.out


@pytest.mark.slow
def test_mlflow_has_the_run(with_times: Done, mlflow: Any) -> None:
    run = mlflow.get_run(with_times.summary["mlflow_run_id"])
    assert mlflow.get_experiment(run.info.experiment_id).name == "coldcart/file"
    assert run.data.tags["question"] == "next_visits"
    assert run.info.status == "FINISHED"
    logged = {path.path for path in mlflow.list_artifacts(run.info.run_id)}
    assert {*LEAVES, "evaluation", "model", "figures", "checkpoints"} <= logged
    assert {path.path for path in mlflow.list_artifacts(run.info.run_id, "figures")} == {
        f"figures/{figure}" for figure in FIGURES
    }
    metrics, kept = with_times.summary["metrics"], run.data.metrics
    figures = {name: value for name, value in kept.items() if name.startswith("val")}
    assert figures == pytest.approx({name: metrics[name] for name in figures})
    assert {"val/next_visits/hybrid/hit_rate_at_10/shots_3", with_times.summary["objective_name"]} <= set(figures)
    assert len(figures) < len(metrics) / 3
    points = mlflow.get_metric_history(run.info.run_id, "by_shots/next_visits/hybrid/hit_rate_at_10")
    lines = {point.step: point.value for point in points}
    assert sorted(lines) == [0, 1, 3, 5, 10]
    for shots, value in lines.items():
        assert value == pytest.approx(metrics[f"val/next_visits/hybrid/hit_rate_at_10/shots_{shots}"])
    data = {one.dataset.name: (one.dataset.digest, one.tags[0].value) for one in run.inputs.dataset_inputs}
    digest = json.loads((with_times.folder / "model" / "format.json").read_text())["digest"][:32]
    assert data == {"file warm users": (digest, "training"), "file new users": (digest, "validation")}
    assert run.data.params["seed"] == "0"
    assert run.data.params["dataset.columns.user"] == "user_id"
    assert len(mlflow.get_metric_history(run.info.run_id, "loss/generator")) == 2
    assert len(str(run.data.tags["git_commit"])) == 40


@pytest.mark.slow
def test_the_first_version_is_challenger_and_champion(with_times: Done, mlflow: Any) -> None:
    aliases = mlflow.get_registered_model("coldcart-file").aliases
    assert aliases.keys() == {"challenger", "champion"}
    assert with_times.summary["registered"] == f"models:/coldcart-file/{aliases['challenger']}"


@pytest.mark.slow
def test_a_model_says_how_it_was_fitted(with_times: Done, without_times: Done) -> None:
    assert with_times.json("model/format.json")["fit"] == "refit"
    assert without_times.json("model/format.json")["fit"] == "evaluation"
    assert without_times.json("model/format.json")["components"]["augmentation"]["name"] == "virtual_neighbours"
    assert without_times.json("model/parts.json") == {
        "augmentation": True,
        "generator": True,
        "hybrid": True,
        "customers": True,
    }
    assert with_times.json("model/format.json")["components"]["hybrid"]["name"] == "standard"


@pytest.mark.slow
def test_the_gate_is_that_of_the_measurement(with_times: Done, without_times: Done) -> None:
    for done in (with_times, without_times):
        shipped, whole = done.json("model/hybrid/hybrid.json")["gate"], done.json("evaluation/gate.json")
        weighed = [place for place in range(len(whole["names"])) if whole["few"][place] or whole["many"][place]]
        assert shipped == {name: [whole[name][place] for place in weighed] for name in ("names", "few", "many")}
        records = json.loads((done.folder / "evaluation/provenance.json").read_text())
        assert {"gate", "ials", "same_visit", "generator"} <= {record["artefact"] for record in records}


@pytest.mark.slow
def test_a_look_at_test_users_is_written_down(
    server: str, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, before = tmp_path / "looks.jsonl", BOOK.read_bytes()
    monkeypatch.setattr("tasks.stages.evaluation_fit.write_down", partial(write_down, book=book))
    more = ("question=this_visit", "augmentation=none", "evaluate=test", "tracking=off", "refit=false")
    done = train("dataset=file", f"dataset.path={log}", *more)
    (line,) = book.read_text().splitlines()
    assert json.loads(line)["run"] == done.folder.name
    assert BOOK.read_bytes() == before
    metrics = done.summary["metrics"]
    assert "test/this_visit/user_knn_cosine/ndcg_at_10/shots_1" in metrics
    # The control: without augmentation, real + virtual is real.
    figures = {name: value for name, value in metrics.items() if "/user_knn_cosine_virtual/" in name}
    assert figures == {name: metrics[name.replace("_virtual", "")] for name in figures}
    assert done.json("model/parts.json") == {
        "augmentation": False,
        "generator": False,
        "hybrid": True,
        "customers": True,
    }
    assert "test/this_visit/hybrid/ndcg_at_10/shots_1" in metrics
    assert done.summary["mlflow_run_id"] is None


def test_the_configuration_can_be_looked_at() -> None:
    shown = command("train", "--cfg", "job", "loss=hinge")
    assert shown.code == 0
    assert "lightning_modules.losses.hinge.Hinge" in shown.out


@pytest.mark.slow
def test_a_run_without_a_hybrid(server: str, log: Path) -> None:
    done = train("dataset=file", f"dataset.path={log}", "hybrid=none", "tracking=off")
    assert done.json("model/parts.json") == {
        "augmentation": True,
        "generator": True,
        "hybrid": False,
        "customers": True,
    }
    assert not [name for name in done.summary["metrics"] if "/hybrid/" in name]
    assert "from conf/tuned: nothing" in done.out
