import json
import logging
import math
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.errors import ConfigError, TrackingError, TrainingError
from tasks.runs import CodeState, Home
from tasks.tracking import LoggedDataset, TrackedRun, TrackingSettings, Untracked, fail_run, run_tags, start_run
from tasks.tracking.mlflow_run import MlflowRun
from tasks.tracking.server import TRAINING_PAGES
from tasks.tracking.views import table_address

NAME = "block_world-conditional-hinge-seed0"


def start(home: Home, settings: TrackingSettings, **options) -> MlflowRun:
    run = start_run(settings, home, name=NAME, experiment="coldcart/block_world", tags={"stage": "train"}, **options)
    assert isinstance(run, MlflowRun)
    return run


def stored(run: TrackedRun):
    assert isinstance(run, MlflowRun)
    return run.store.client.get_run(run.id)


def test_a_run_keeps_parameters_tags_metrics_and_artifacts(
    home: Home, settings: TrackingSettings, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text("{}")
    metric = "val/next_visits/user_knn_cosine_virtual/ndcg_at_10/shots_3"
    with start(home, settings) as run:
        run.log_parameters({"seed": 0, "loss": {"_target_": "a.B", "margin": 1.0}, "text": "x" * 600, "ks": (5, 10)})
        run.log_metrics({metric: 0.25, "val/next_visits/popularity/users": 12})
        run.log_metrics({f"many/{number}": 0.0 for number in range(1200)})
        run.log_folder(tmp_path / "model", "model")
        run.log_file(tmp_path / "model" / "model.json", "plots")
        run.log_text("seed: 0\n", "config.yaml")
        run.log_json({"rows": 3}, "summary.json")
    found = stored(run)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == NAME
    assert found.data.params["loss"] == "B"
    assert found.data.params["loss.margin"] == "1.0"
    assert found.data.params["ks"] == "[5, 10]"
    assert len(found.data.params["text"]) == 500
    assert found.data.metrics[metric] == 0.25
    assert len(found.data.metrics) == 1202
    assert found.data.tags["stage"] == "train"
    names = {artifact.path for artifact in run.store.client.list_artifacts(run.id)}
    assert names == {"model", "plots", "config.yaml", "summary.json"}
    assert found.info.artifact_uri.startswith(home.artifacts.as_uri())


@pytest.mark.parametrize("name", ["val/HR@10", "knn+virtual"])
def test_illegal_metric_names_are_refused_with_and_without_tracking(
    home: Home, settings: TrackingSettings, name: str
) -> None:
    for run in (start(home, settings), Untracked()):
        with run, pytest.raises(ValueError, match="only letters"):
            run.log_metrics({name: 0.0})


@pytest.mark.parametrize(
    ("error", "status", "failure"),
    [
        (TrainingError("the loss is\nnan"), "FAILED", "TrainingError: the loss is nan"),
        (KeyboardInterrupt(), "KILLED", "KeyboardInterrupt"),
    ],
)
def test_an_exception_ends_the_run_with_its_status(
    home: Home, settings: TrackingSettings, error: BaseException, status: str, failure: str
) -> None:
    run = start(home, settings)
    with pytest.raises(type(error)), run:
        raise error
    found = stored(run)
    assert found.info.status == status
    assert found.data.tags["failure"] == (
        "TrainingError: the loss is nan" if status == "FAILED" else status_text(error)
    )


def status_text(error: BaseException) -> str:
    return type(error).__name__


def test_a_failed_run_is_gone_on_with_under_its_id(home: Home, settings: TrackingSettings) -> None:
    run = start(home, settings)
    run.log_parameters({"seed": 0, "trainer": {"accelerator": "gpu"}})
    run.log_metrics({"train/loss": 1.0}, step=0)
    with pytest.raises(TrainingError), run:
        raise TrainingError("out of luck")
    with start(home, settings, run_id=run.id) as again:
        assert again.id == run.id
        assert stored(again).info.status == "RUNNING"
        # Another device now: MLflow would refuse to change the parameter.
        again.log_parameters({"seed": 0, "trainer": {"accelerator": "cpu"}, "more": 1})
        again.log_metrics({"train/loss": 0.5}, step=1)
    found = stored(again)
    assert found.info.status == "FINISHED"
    assert "failure" not in found.data.tags
    assert found.data.params["trainer.accelerator"] == "gpu"
    assert found.data.params["more"] == "1"
    history = run.store.client.get_metric_history(run.id, "train/loss")
    assert [(point.step, point.value) for point in history] == [(0, 1.0), (1, 0.5)]


def test_a_run_this_store_does_not_know_is_started_anew(
    home: Home, settings: TrackingSettings, caplog: pytest.LogCaptureFixture
) -> None:
    with start(home, settings, run_id="0" * 32) as run:
        assert run.id != "0" * 32
    assert "does not have run" in caplog.text


def test_stale_runs_are_failed_but_ended_ones_left_alone(home: Home, settings: TrackingSettings) -> None:
    killed = start(home, settings)
    fail_run(settings, home, killed.id, "its process is gone")
    assert stored(killed).info.status == "FAILED"
    assert stored(killed).data.tags["failure"] == "its process is gone"
    with start(home, settings) as finished:
        pass
    fail_run(settings, home, finished.id, "its process is gone")
    assert stored(finished).info.status == "FINISHED"
    fail_run(settings, home, "0" * 32, "unknown here")
    fail_run(TrackingSettings(enabled=False), home, killed.id, "off")


def test_children_hang_below_their_parent(home: Home, settings: TrackingSettings) -> None:
    with start(home, settings) as parent, start(home, settings, parent_run_id=parent.id) as child:
        pass
    assert stored(child).data.tags["mlflow.parentRunId"] == parent.id


def test_no_run_is_ever_mlflows_active_run(home: Home, settings: TrackingSettings) -> None:
    import mlflow

    with start(home, settings):
        assert mlflow.active_run() is None


def test_data_is_named_by_digest_and_use(home: Home, settings: TrackingSettings) -> None:
    digest = "ab" * 32
    data = [
        LoggedDataset("shop warm users", digest, "training", {"split": "temporal"}, {"users": 7}),
        LoggedDataset("shop new users", digest, "validation"),
    ]
    with start(home, settings) as run:
        run.log_datasets(data)
        run.log_datasets(data)  # a resumed run comes here twice
    found = {one.dataset.name: one for one in stored(run).inputs.dataset_inputs}
    assert set(found) == {"shop warm users", "shop new users"}
    assert {one.dataset.digest for one in found.values()} == {digest[:32]}
    warm = found["shop warm users"]
    assert json.loads(warm.dataset.source) == {"split": "temporal", "sha256": digest}
    assert json.loads(warm.dataset.profile) == {"users": 7}
    assert [(tag.key, tag.value) for tag in warm.tags] == [("mlflow.data.context", "training")]


def test_the_machine_is_watched_while_a_run_works_and_no_longer(
    home: Home, settings: TrackingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watching() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "SystemMetricsMonitor"]

    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.05")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", "1")
    run = start(home, settings)
    run.watch_machine()
    run.watch_machine()
    assert len(watching()) == 1
    for _ in range(200):
        if "system/cpu_utilization_percentage" in stored(run).data.metrics:
            break
        time.sleep(0.05)
    with pytest.raises(TrainingError), run:
        raise TrainingError("out of luck")
    assert watching() == []
    assert 0 <= stored(run).data.metrics["system/cpu_utilization_percentage"] <= 100
    assert stored(run).info.status == "FAILED"
    with start(home, replace(settings, system_metrics=False)) as off:
        off.watch_machine()
        assert watching() == []


def test_tracking_off_takes_everything_and_touches_nothing(tmp_path: Path) -> None:
    settings = TrackingSettings(enabled=False)
    with start_run(settings, Home(tmp_path), name=NAME, experiment="e", tags={}) as run:
        run.log_parameters({"seed": 0})
        run.log_metrics({"loss": math.nan})
        run.log_text("", "a.txt")
        run.offer_view(["loss"])
        assert (run.id, run.epoch_logger(), run.link("http://127.0.0.1:5000")) == (None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_each_run_of_an_experiment_adds_its_figures_to_the_view(home: Home, settings: TrackingSettings) -> None:
    for metric in ("val/rest/hybrid/ndcg_at_10/mean", "another"):
        with start_run(settings, home, name=NAME, experiment="coldcart/viewed", tags={}) as run:
            run.offer_view([metric])
    assert isinstance(run, MlflowRun)
    tags = run.store.client.get_experiment(run.experiment_id).tags
    view = json.loads(tags["mlflow.sharedViewState.coldcart"])
    columns = ["metrics.`another`", "metrics.`val/rest/hybrid/ndcg_at_10/mean`"]
    assert json.loads(view["state"]) == {"selectedColumns": columns}
    table = table_address("http://127.0.0.1:5000", "7", tags, TRAINING_PAGES)
    assert (
        table == "http://127.0.0.1:5000/#/experiments/7/runs?workflowType=machine_learning&viewStateShareKey=coldcart"
    )
    assert "viewStateShareKey" not in table_address("http://127.0.0.1:5000", "7", {}, TRAINING_PAGES)


def test_links(home: Home, settings: TrackingSettings) -> None:
    with start(home, settings) as run:
        assert run.link() is None
        base, pages = f"http://127.0.0.1:5000/#/experiments/{run.experiment_id}/runs/{run.id}", "machine_learning"
        assert run.link("http://127.0.0.1:5000/") == f"{base}?workflowType={pages}"
        assert run.link("http://127.0.0.1:5000", "a.html") == f"{base}/artifacts/a.html?workflowType={pages}"


def test_a_store_that_cannot_be_used_is_named(home: Home, tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=r"tracking\.uri: MLflow at .*mlruns.*tracking=off"):
        start_run(TrackingSettings(uri=str(tmp_path / "mlruns")), home, name=NAME, experiment="e", tags={})
    (tmp_path / "no.db").write_text("not a database, but long enough to look like one " * 10)
    with pytest.raises(TrackingError, match=r"no\.db"):
        start_run(TrackingSettings(uri=f"sqlite:///{tmp_path}/no.db"), home, name=NAME, experiment="e", tags={})


def test_a_deleted_experiment_is_named(home: Home, settings: TrackingSettings) -> None:
    with start_run(settings, home, name=NAME, experiment="gone", tags={}) as run:
        assert isinstance(run, MlflowRun)
    run.store.client.delete_experiment(run.experiment_id)
    with pytest.raises(TrackingError, match="experiment 'gone' is deleted"):
        start_run(settings, home, name=NAME, experiment="gone", tags={})


def test_tags_name_what_was_chosen() -> None:
    tags = run_tags(
        stage="train",
        names={"dataset": "ta_feng", "loss": "hinge", "tracking": "mlflow"},
        config={"seed": 3, "tracking": {"enabled": True}},
        question="next_visits",
        code=CodeState("0.1.0+ab", "c" * 40, dirty=True),
        data_digest="d" * 64,
        run_key="e" * 64,
        run_id="ta_feng-1",
    )
    assert tags["loss"] == "hinge"
    assert tags["dirty"] == "true"
    assert tags["seed"] == "3"
    assert "tracking" not in tags
    assert all(isinstance(value, str) for value in tags.values())


@pytest.mark.parametrize("name", ["uri", "registry_uri"])
def test_a_password_among_the_settings_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"tracking\.{name} .*http://host:5000 .*MLFLOW_TRACKING_PASSWORD") as raised:
        TrackingSettings(**{name: "http://me:s3cret@host:5000"})
    assert "s3cret" not in str(raised.value)
    assert TrackingSettings(**{name: "postgresql://me@host/mlflow"})


def test_a_password_from_the_environment_does_not_reach_messages(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:s3cret@127.0.0.1:9")
    with pytest.raises(TrackingError, match=r"MLflow at http://127\.0\.0\.1:9 cannot be used: ") as raised:
        start_run(TrackingSettings(), home, name=NAME, experiment="e", tags={})
    assert "s3cret" not in "".join(traceback.format_exception(raised.value))


def test_runs_of_one_data_set_stand_together() -> None:
    assert TrackingSettings().experiment_name("ta_feng") == "coldcart/ta_feng"
    assert TrackingSettings(experiment="own").experiment_name("ta_feng") == "own"


def test_mlflow_is_quiet(home: Home, settings: TrackingSettings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), start(home, settings):
        pass
    assert not [record for record in caplog.records if record.name.startswith(("mlflow", "alembic"))]
