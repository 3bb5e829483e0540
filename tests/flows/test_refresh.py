"""New events into a registered model, as it is typed: promotion, refusal, kill, rollback, and what waits."""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from benchmarks.soak import soak
from tasks.refresh import stages
from tasks.refresh.turn import turn
from tasks.runs import Home
from tasks.serving.settings import StateSettings
from tasks.serving.state import StateStore, StoredEvent, state_url
from tasks.stages.ship import load_model
from tasks.tracking import TrackingSettings, resolve_model
from tasks.training.extension import VECTORS
from tasks.training.trained_generator import TrainedGenerator
from tests.flows.commands import QUICK, command, run_folder
from tests.refresh.shop import UNSOLD, UNTIL, grown_shop

if TYPE_CHECKING:
    from mlflow import MlflowClient

HYBRID = ("hybrid.filters=[user_knn_cosine]", "hybrid.attention.neighbours=20", "hybrid.half_lives=[7]")
FAST = ("epochs=1", "minimum_users=10", "resamples=200")


@dataclass(frozen=True)
class Shop:
    """A trained champion that can be registered under any name."""

    run_id: str
    mlflow: "MlflowClient"

    def registered(self) -> str:
        """A name of its own, whose first version is the champion."""
        name = f"coldcart-{uuid.uuid4().hex[:8]}"
        self.mlflow.create_registered_model(name)
        source = f"{self.mlflow.get_run(self.run_id).info.artifact_uri}/model"
        version = self.mlflow.create_model_version(name, source, run_id=self.run_id).version
        self.mlflow.set_registered_model_alias(name, "champion", version)
        return name

    def aliases(self, name: str) -> dict[str, int]:
        found = self.mlflow.get_registered_model(name).aliases
        return {alias: int(version) for alias, version in found.items()}


@pytest.fixture(scope="module")
def shop(server: str, mlflow: "MlflowClient", tmp_path_factory: pytest.TempPathFactory) -> Shop:
    log = grown_shop(tmp_path_factory.mktemp("grown"))
    typed = (
        f"dataset.path={log}",
        f"dataset.item_features={log.with_name('items.csv')}",
        "dataset.item_categories=[shelf]",
    )
    folder = run_folder(
        command(
            "train", *QUICK, *HYBRID, "dataset=file", *typed, f"dataset.until={UNTIL}", "features.rarest_category=1"
        )
    )
    return Shop(json.loads((folder / "summary.json").read_text())["mlflow_run_id"], mlflow)


def outcome(ended: Any) -> dict[str, str]:
    """What the terminal shows at the end, by label."""
    assert ended.code == 0, ended.err
    lines = [line for line in ended.out.splitlines() if line[:1].isalpha() and len(line) > 13]
    return {line[:12].strip(): line[13:].strip() for line in lines}


def model_of(name: str, version: int) -> Any:
    return load_model(resolve_model(f"models:/{name}/{version}", TrackingSettings(), Home.current()))


def vectors(model: Any, items: list[str]) -> np.ndarray:
    assert isinstance(model.generator, TrainedGenerator)
    return model.generator.module.state_dict()[VECTORS].numpy()[model.items.rows_of(pl.Series(items))]


@pytest.mark.slow
def test_a_refresh_that_is_killed_before_its_last_step_goes_on_and_promotes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = shop.registered()
    model = f"model=models:/{name}@champion"
    store = StateStore(state_url(StateSettings(), Home.current()))
    at = 988_450_000_000_000  # 2001-04-28, the newest of all
    bought = [("guest", StoredEvent(f"e{n}", item, at)) for n, item in enumerate(["0000", "0002", "never seen"])]
    store.record(bought).result()
    store.close()

    def killed(*_: Any) -> None:
        raise RuntimeError("the machine went down")

    lenient = (*FAST, "margin=0.9", "store=true")
    with monkeypatch.context() as patched:
        patched.setattr(stages, "promote", killed)
        assert command("refresh", model, *lenient).code == 1
    assert shop.aliases(name) == {"champion": 1}
    ended = command("refresh", model, *lenient)
    said = outcome(ended)
    assert (said["outcome"], said["version"]) == ("promoted", "2, instead of 1")
    assert "epoch 0" not in ended.err, "the fits were done before"
    assert shop.aliases(name) == {"champion": 2, "challenger": 2, "previous": 1}

    run = shop.mlflow.get_run(said["MLflow"].removeprefix("run "))
    assert run.data.tags["refresh.parent_run_id"] == shop.run_id
    assert run.data.tags["refresh.watermark_before"] < UNTIL <= run.data.tags["refresh.cut"]
    assert run.data.tags["refresh.watermark_after"] == "2001-04-28 00:00"
    assert run.data.tags["refresh.decision"] == "promoted"
    assert run.data.tags["data_digest"]
    assert run.info.status == "FINISHED"

    before, after = model_of(name, 1), model_of(name, 2)
    known = before.items.ids.to_list()
    assert set(after.items.ids) - set(known) >= {UNSOLD, "never seen", "0035"}
    assert np.array_equal(vectors(before, known), vectors(after, known))
    new, evens, odds = (vectors(after, some) for some in ([UNSOLD], ["0000", "0002"], ["0001", "0003"]))
    assert (new @ evens.T).mean() > (new @ odds.T).mean(), "its shelf says what it is like"
    events = pl.DataFrame({"user_id": ["x", "x"], "item_id": ["0000", "0004"], "timestamp": ["2001-04-01"] * 2})
    listed = after.recommend(events, k=len(after.items) - 2)["item_id"].to_list()
    assert {UNSOLD, "never seen"} <= set(listed)

    again = outcome(command("refresh", model, *lenient))
    assert again["outcome"] == "nothing new"
    back = outcome(command("refresh", model, "rollback=true"))
    assert (back["outcome"], back["version"]) == ("rolled back", "1, instead of 2")
    assert shop.aliases(name) == {"champion": 1, "challenger": 2}
    assert "there is nothing to roll back to" in command("refresh", model, "rollback=true").error
    tried = outcome(command("refresh", model, *lenient))
    assert tried["outcome"] == "refused"
    assert tried["because"].startswith("these events were tried before (promoted")
    assert shop.aliases(name)["champion"] == 1


@pytest.mark.slow
def test_a_challenger_that_is_not_good_enough_is_kept_and_not_promoted(shop: Shop) -> None:
    name = shop.registered()
    said = outcome(command("refresh", f"model=models:/{name}@champion", *FAST, "margin=-5"))
    assert (said["outcome"], said["version"]) == ("refused", "1")
    assert "the lower bound must lie above +500.0 %, and does not" in said["because"]
    assert shop.aliases(name) == {"champion": 1}
    run_id = said["MLflow"].removeprefix("run ")
    tags = shop.mlflow.get_run(run_id).data.tags
    assert (tags["refresh.decision"], tags["refresh.reason"]) == ("refused", said["because"])
    challenger = load_model(resolve_model(run_id, TrackingSettings(), Home.current()))
    assert challenger.header.fit == "evaluation"
    runs = len(list(Home.current().runs.iterdir()))
    again = outcome(command("refresh", f"model=models:/{name}@champion", *FAST, "margin=-5"))
    assert again["because"].startswith("these events were tried before (refused")
    assert len(list(Home.current().runs.iterdir())) == runs


@pytest.mark.slow
def test_a_service_lives_through_another_version_a_kill_and_a_refresh(shop: Shop, tmp_path: Path) -> None:
    name = shop.registered()
    seen, lost, _ = soak(f"models:/{name}@champion", tmp_path, seconds=4, rate=80, refresh=FAST)
    assert (seen.wrong, seen.refused, lost) == ([], "", 0)
    assert [model.rsplit("/")[-1] for model in sorted(seen.models)] == ["1", "2", "3"]
    assert seen.answers.keys() == {"recommend", "events", "rerank", "explain", "items"}
    assert sum(len(ids) for ids in seen.accepted.values()) > 20
    assert [found.name for found in shop.mlflow.search_registered_models("name LIKE 'coldcart-soak-%'")] == []


@pytest.mark.slow
def test_what_cannot_be_decided_or_done_now_waits(shop: Shop) -> None:
    name = shop.registered()
    model = f"model=models:/{name}@champion"
    runs = len(list(Home.current().runs.iterdir()))
    few = outcome(command("refresh", model, *FAST, "minimum_users=100000"))
    assert few["outcome"] == "too few users"
    assert "minimum_users=100000 are needed" in few["because"]
    with turn(Home.current(), name):
        busy = outcome(command("refresh", model, *FAST))
    assert busy["outcome"] == "busy"
    assert f"another refresh of {name} is at work (process" in busy["because"]
    assert "cut: cut=2001-01-01 must be later" in "cut: " + command("refresh", model, "cut=2001-01-01").error
    assert len(list(Home.current().runs.iterdir())) == runs
    assert shop.aliases(name) == {"champion": 1}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            ("model=models:/coldcart-nobody@champion",),
            "models:/coldcart-nobody@champion names no version: train and register",
        ),
        (("model=models:/coldcart-nobody/3",), "model='models:/coldcart-nobody/3': expected models:/<name>@<alias>"),
        (("model=models:/a@b", "replay=1"), "replay: must lie in [0, 1)"),
        (("model=models:/a@b", "tracking=off"), "tracking: champions stand in MLflow's registry"),
    ],
)
def test_what_cannot_be_refreshed_is_said_in_one_line(typed: tuple[str, ...], message: str) -> None:
    assert message in command("refresh", *typed).error


def test_a_drop_is_read_as_requests_are(tmp_path: Path) -> None:
    from tasks.model_format import TimeReader
    from tasks.refresh.further import _drop

    file = tmp_path / "drop.csv"
    file.write_text("user_id,item_id,timestamp,shelf\n007,01,2001-03-05T18:00:00Z,north\n")
    read = _drop(file, TimeReader(has_times=True, has_hours=False, time_zone="UTC"), ["shelf", "size"])
    assert read.select("user_id", "item_id", "shelf").row(0) == ("007", "01", "north")
    assert str(read["timestamp"][0]) == "2001-03-05 00:00:00+00:00"
