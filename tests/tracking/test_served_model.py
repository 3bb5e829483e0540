"""A model folder as an MLflow model: what it says of itself, and that it answers as the folder does."""

from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
import polars as pl
import pytest
from mlflow.exceptions import MlflowException

from tasks.errors import ModelError
from tasks.runs import Home
from tasks.tracking import TrackingSettings, register_model, resolve_model, start_run
from tasks.tracking.mlflow_run import MlflowRun
from tasks.tracking.packaging import data_folder, package
from tests.model_format.models import block_model

EVENTS = pl.DataFrame({"user_id": ["ann", "bob", "ann", "bob"], "item_id": ["item1", "item2", "item4", "item5"]})
ROWS = [{"user_id": "ann", "items": ["item1", "item4"]}, {"user_id": "bob", "items": ["item2", "item5"]}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "model"
    block_model().save(folder)
    return folder


@pytest.fixture(scope="module")
def packed(folder: Path) -> Path:
    return package(folder, folder.parent / "packed")


@pytest.fixture(scope="module")
def served(packed: Path) -> Any:
    return mlflow.pyfunc.load_model(str(packed))


def ask(served: Any, rows: list[dict[str, Any]], k: int = 4) -> pl.DataFrame:
    return pl.DataFrame(served.predict(pd.DataFrame(rows), params={"k": k}).to_dict("list"))


def same(answer: pl.DataFrame, lists: pl.DataFrame) -> bool:
    return answer.equals(lists.cast({"rank": pl.Int64, "score": pl.Float64}))


def test_it_answers_as_the_folder_does(served: Any) -> None:
    assert same(ask(served, ROWS), block_model().recommend(EVENTS, k=4))
    nobody = pl.DataFrame({"user_id": ["ann", "bob", "nobody"]})
    answer = ask(served, [*ROWS, {"user_id": "nobody", "items": []}])
    assert same(answer, block_model().recommend(EVENTS, nobody, k=4))
    assert set(answer.filter(pl.col("user_id") == "nobody")["evidence"]) == {"popularity"}
    empty = pl.DataFrame({"user_id": ["x"]})
    assert same(ask(served, [{"user_id": "x", "items": []}]), block_model().recommend(EVENTS.clear(), empty, k=4))


def test_times_kinds_and_features_are_read(served: Any) -> None:
    times, kinds = ["2001-05-02", "2001-05-01"], ["purchase", "view"]
    events = EVENTS.filter(pl.col("user_id") == "ann").with_columns(timestamp=pl.Series(times), kind=pl.Series(kinds))
    features = pl.DataFrame({"user_id": ["ann"], "segment": ["1"]})
    row = {**ROWS[0], "timestamps": times, "kinds": kinds, "segment": "1"}
    assert same(ask(served, [row]), block_model().recommend(events, None, features, k=4))
    assert not same(ask(served, [row]), block_model().recommend(EVENTS, k=4))


def test_it_says_what_it_takes_and_gives(served: Any, packed: Path) -> None:
    taken, given = served.metadata.signature.inputs, served.metadata.signature.outputs
    assert taken.input_names() == ["user_id", "items", "timestamps", "kinds", "segment"]
    assert taken.required_input_names() == ["user_id", "items"]
    assert given.input_names() == ["user_id", "rank", "item_id", "score", "evidence"]
    assert [(one.name, one.default) for one in served.metadata.signature.params] == [("k", 20)]
    example = served.input_example
    assert example[0]["items"] == ["item0", "item1"]
    assert ask(served, example).height == 8
    # No package index knows coldcart; and no file of the format is code.
    assert (packed / "requirements.txt").read_text().split("==")[0] == "mlflow"
    assert {path.suffix for path in data_folder(packed).rglob("*.*")} <= {".json", ".npz", ".parquet"}


def test_what_cannot_be_answered_says_why(served: Any) -> None:
    wrong = [
        ({"user_id": "ann", "items": ["item1"], "timestamps": ["2001-01-01"] * 2}, 4, "as many timestamps as items"),
        ({"user_id": "ann", "items": ["item1"], "timestamps": ["soon"]}, 4, "column timestamp: 1 of 1 values"),
        ({"user_id": "ann", "items": ["item1"]}, 0, "k must be at least 1"),
        ({"user_id": "ann", "items": ["item1"]}, 60, "ask for k=59 or fewer"),
        ({"user_id": "ann"}, 4, "missing inputs"),
    ]
    for row, k, message in wrong:
        with pytest.raises(MlflowException, match=message):
            ask(served, [row], k)


def test_it_is_logged_registered_and_found_by_all_its_names(
    home: Home, settings: TrackingSettings, folder: Path, packed: Path
) -> None:
    with start_run(settings, home, name="r", experiment="served", tags={}) as run:
        run.log_model(folder)
    assert isinstance(run, MlflowRun)
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []
    register_model(run, "served")
    for reference in (str(run.id), "models:/served@champion", "models:/served/1", str(packed), str(folder)):
        found = resolve_model(reference, settings, home)
        assert found.name == "model"
        assert (found / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


def test_a_damaged_folder_is_not_packed(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        package(tmp_path / "nothing", tmp_path / "packed")
