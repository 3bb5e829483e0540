import dataclasses
import shutil
import uuid
from pathlib import Path

import pytest

from tasks.errors import ModelError, TrainingError
from tasks.runs import Home, open_run
from tasks.tracking import TrackingSettings, Untracked, register_model, resolve_model, start_run
from tasks.tracking.mlflow_run import MlflowRun


def trained(home: Home, settings: TrackingSettings, tmp_path: Path, content: str) -> MlflowRun:
    folder = tmp_path / content
    folder.mkdir()
    (folder / "model.json").write_text(content)
    with start_run(settings, home, name="r", experiment="registry", tags={}) as run:
        run.log_folder(folder, "model")
    assert isinstance(run, MlflowRun)
    return run


@pytest.fixture
def name() -> str:
    return f"coldcart-{uuid.uuid4().hex[:8]}"


def read(reference: str, settings: TrackingSettings, home: Home) -> str:
    folder = resolve_model(reference, settings, home)
    assert folder.name == "model"
    return (folder / "model.json").read_text()


def test_the_first_version_is_champion_and_later_ones_challenge(
    home: Home, settings: TrackingSettings, tmp_path: Path, name: str
) -> None:
    one, two = (trained(home, settings, tmp_path, content) for content in ("one", "two"))
    first, second = register_model(one, name), register_model(two, name)
    assert (first.version, first.champion, first.reference) == (1, True, f"models:/{name}/1")
    assert (second.version, second.champion) == (2, False)
    assert read(f"models:/{name}@champion", settings, home) == "one"
    assert read(f"models:/{name}@challenger", settings, home) == "two"
    assert read(f"models:/{name}/1", settings, home) == "one"
    assert read(f"models:/{name}/latest", settings, home) == "two"
    # A resumed run may come here twice.
    assert register_model(two, name).version == 2
    assert len(two.store.client.search_model_versions(f"name='{name}'")) == 2


def test_a_run_id_and_a_run_folder_lead_to_the_model(home: Home, settings: TrackingSettings, tmp_path: Path) -> None:
    run = trained(home, settings, tmp_path, "by_id")
    assert read(run.id, settings, home) == "by_id"
    with open_run(home, "a" * 64, name="folder") as own:
        shutil.copytree(tmp_path / "by_id", own.folder / "model")
    off = TrackingSettings(enabled=False)
    assert read(str(own.folder), off, home) == "by_id"
    assert read(str(own.folder / "model"), off, home) == "by_id"
    assert read(own.id, off, home) == "by_id"


def test_what_cannot_be_resolved_says_what_there_is(
    home: Home, settings: TrackingSettings, tmp_path: Path, name: str
) -> None:
    run = trained(home, settings, tmp_path, "known")
    register_model(run, name)
    with start_run(settings, home, name="r", experiment="registry", tags={}) as empty:
        pass
    unfinished = open_run(home, "b" * 64, name="unfinished")
    with pytest.raises(TrainingError), unfinished:
        raise TrainingError("no luck")
    for reference, message in {
        "nowhere": "expected a run folder, an MLflow run id, or models:/",
        "": "expected a run folder",
        "models:/": "expected a run folder",
        "0" * 32: "has no run 0000",
        str(empty.id): "has no model/ folder",
        str(tmp_path): "is no run folder",
        unfinished.id: "has no model yet: it is FAILED .TrainingError: no luck",
        "models:/nobody@champion": f"no model is registered as 'nobody'.*{name}",
        f"models:/{name}@nobody": "has no alias 'nobody'; it has challenger, champion",
        f"models:/{name}/7": "has no version 7; it has 1",
    }.items():
        with pytest.raises(ModelError, match=message):
            resolve_model(reference, settings, home)


def test_artifacts_that_are_gone_are_named(home: Home, settings: TrackingSettings, tmp_path: Path, name: str) -> None:
    run = trained(home, settings, tmp_path, "lost")
    register_model(run, name)
    shutil.rmtree(resolve_model(run.id, settings, home))
    with pytest.raises(ModelError, match="artifacts of this model are gone"):
        resolve_model(f"models:/{name}@champion", settings, home)


def test_nothing_to_register(home: Home, settings: TrackingSettings, name: str) -> None:
    with pytest.raises(ModelError, match="needs MLflow"):
        register_model(Untracked(), name)
    with (
        start_run(settings, home, name="r", experiment="registry", tags={}) as run,
        pytest.raises(ModelError, match="has no model/ folder"),
    ):
        register_model(run, name)


def test_a_remote_model_is_downloaded_once(
    home: Home, settings: TrackingSettings, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(home, settings, tmp_path, "remote")
    register_model(run, name)
    fetched = []

    def download(artifact_uri: str, dst_path: str, tracking_uri: str) -> str:
        fetched.append((artifact_uri, tracking_uri))
        shutil.copytree(tmp_path / "remote", Path(dst_path) / "model")
        return str(Path(dst_path) / "model")

    monkeypatch.setattr("mlflow.artifacts.download_artifacts", download)
    monkeypatch.setattr(
        run.store.client.__class__, "get_model_version_download_uri", lambda *_: "mlflow-artifacts:/1/x/model"
    )
    for _ in range(2):
        assert read(f"models:/{name}@champion", settings, home) == "remote"
    assert fetched == [("mlflow-artifacts:/1/x/model", settings.tracking_uri(home))]
    assert [path.name for path in home.downloads.iterdir()] == [f"{name}-1"]


def test_an_alias_that_is_not_there_names_no_version(tmp_path: Path) -> None:
    from tasks.runs import Home
    from tasks.serving.loading import ModelSource
    from tasks.tracking import TrackingSettings

    source = ModelSource("models:/coldcart-nothing@champion", TrackingSettings(), Home(tmp_path))
    assert source.moves
    assert source.current() is None
    assert not dataclasses.replace(source, reference="models:/coldcart-nothing/3").moves
