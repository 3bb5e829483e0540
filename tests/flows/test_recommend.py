"""Lists for users that were never in the log, from a model that is all there is."""

import json
import os
import shutil
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import polars as pl
import pytest

from tasks.runs import Home
from tasks.stages.ship import load_model
from tests.flows.commands import QUICK, Ended, command, run_folder
from tests.flows.serving import served

K = 10
EVENTS = """user_id,item_id,timestamp
007,0000,2001-05-01
007,0002,2001-05-02
007,0004,2001-05-02
7,0001,2001-05-01
7,0003,2001-05-01
7,0005,2001-05-03
odd 'n' even,0001,2001-05-01
odd 'n' even,never sold,2001-05-01
only strange,never sold,2001-05-01
007,0002,2001-05-09
"""


@dataclass(frozen=True)
class Trained:
    """A model by its three names."""

    folder: Path
    mlflow: str
    registered: str


@pytest.fixture(scope="module")
def trained(server: str, log: Path) -> Trained:
    features = (f"dataset.user_features={log.parent / 'users.csv'}", "dataset.user_categories=[member]")
    kinds = ("dataset.columns.kind=kind", "dataset.kinds={view: 2, purchase: 8}")
    more = ("register=true", "model_name=shop", *QUICK, "trainer.max_epochs=4")
    folder = run_folder(command("train", "dataset=file", f"dataset.path={log}", *features, *kinds, *more))
    summary = json.loads((folder / "summary.json").read_text())
    return Trained(folder, summary["mlflow_run_id"], "models:/shop@challenger")


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "new events.csv"
    path.write_text(EVENTS)
    return path


def recommend(model: object, events: Path, *more: str, output: str = "lists.parquet") -> tuple[pl.DataFrame, Ended]:
    target = events.parent / output
    ended = command("recommend", f"model={model}", f"events={events}", f"k={K}", f"output={target}", *more)
    assert ended.code == 0, ended.err
    return pl.read_csv(target, infer_schema=False) if output.endswith("csv") else pl.read_parquet(target), ended


def items(lists: pl.DataFrame, user: str) -> list[str]:
    return lists.filter(pl.col("user_id") == user)["item_id"].to_list()


@pytest.mark.slow
def test_everybody_gets_a_list_of_their_own(trained: Trained, events: Path) -> None:
    (events.parent / "users.csv").write_text("user_id\n007\nnobody knows\n")
    lists, ended = recommend(trained.folder, events, f"users={events.parent / 'users.csv'}")
    assert lists.columns == ["user_id", "rank", "item_id", "score", "evidence"]
    everybody = ["007", "7", "odd 'n' even", "only strange", "nobody knows"]
    assert lists["user_id"].unique(maintain_order=True).to_list() == everybody
    for user, of_user in lists.group_by("user_id"):
        assert of_user["rank"].to_list() == list(range(1, K + 1)), user
        assert of_user["item_id"].n_unique() == K
        assert of_user["score"].is_sorted(descending=True)
    assert set(lists["evidence"]) <= {"popularity", "real", "virtual"}
    shown = pl.read_csv(events, infer_schema=False)
    assert lists.join(shown, on=["user_id", "item_id"], how="inner").is_empty()
    # Ids that differ by zeros are two users. Those who bought even items get even ones: theirs is the other block.
    assert sum(int(item) % 2 == 0 for item in items(lists, "007")) >= 8
    assert sum(int(item) % 2 == 1 for item in items(lists, "7")) >= 8
    assert "5 users, 10 items each" in ended.out
    assert "2 of these users, without an event" in ended.out
    assert "10, of which 2 name items the model does not know" in ended.out
    assert "evidence" in ended.out
    assert str(events.parent / "lists.parquet") in ended.out


@pytest.mark.slow
def test_a_model_is_the_same_under_all_its_names(trained: Trained, events: Path) -> None:
    lists, _ = recommend(trained.folder, events)
    for name in (trained.folder.name, trained.mlflow, trained.registered):
        assert recommend(name, events)[0].equals(lists), name


@pytest.mark.slow
def test_the_model_folder_is_all_it_takes(trained: Trained, events: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, _ = recommend(trained.folder, events)
    alone = events.parent / "carried away"
    shutil.copytree(trained.folder / "model", alone / "model")

    def untouched(*_: object) -> None:
        raise AssertionError("the raw log was read")

    monkeypatch.setattr("tasks.ingestion.sources.file.File.load", untouched)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert recommend(alone, events)[0].equals(lists)


@pytest.mark.slow
def test_lists_are_those_of_the_whole_hybrid(trained: Trained, events: Path) -> None:
    lists, _ = recommend(trained.folder, events)
    model = load_model(trained.folder / "model")
    assert model.hybrid is not None
    assert len(model.hybrid.sources) > 1
    asked = pl.read_csv(events, infer_schema=False)
    assert model.recommend(asked, k=K).equals(lists)
    assert not replace(model, hybrid=None).recommend(asked, k=K).equals(lists)


@pytest.mark.slow
def test_lists_follow_supports_and_features_and_nobody_else(trained: Trained, events: Path) -> None:
    lists, _ = recommend(trained.folder, events)
    alone = events.parent / "alone.csv"
    alone.write_text("".join(EVENTS.splitlines(keepends=True)[:1] + [f"007,000{item},2001-05-01\n" for item in (1, 3)]))
    assert items(recommend(trained.folder, alone)[0], "007") != items(lists, "007")
    # The same events, as Parquet, shuffled and without the others: the same list.
    parquet = events.parent / "events.parquet"
    own = pl.read_csv(events, infer_schema=False).filter(pl.col("user_id") == "007")
    own.sample(fraction=1.0, shuffle=True, seed=3).write_parquet(parquet)
    assert items(recommend(trained.folder, parquet)[0], "007") == items(lists, "007")
    scores = []
    for member in "01":
        features = events.parent / f"features {member}.csv"
        features.write_text(f"user_id,member,unheard of\n007,{member},x\n")
        with_features, _ = recommend(trained.folder, events, f"user_features={features}")
        scores.append(with_features.filter(pl.col("user_id") == "007")["score"].to_list())
    assert scores[0] != scores[1]


@pytest.mark.slow
def test_events_weigh_what_their_kind_weighed_in_training(trained: Trained, events: Path) -> None:
    assert json.loads((trained.folder / "model/kinds.json").read_text()) == {
        "unknown": "error",
        "usual": 2.0,
        "weights": {"purchase": 8.0, "view": 2.0},
    }
    own = pl.read_csv(events, infer_schema=False).filter(pl.col("user_id") == "007")

    def of_kinds(*kinds: str) -> tuple[pl.DataFrame, Ended]:
        frame = own.with_columns(kind=pl.Series(kinds)) if kinds else own
        frame.write_csv(events.parent / "kinds.csv")
        return recommend(trained.folder, events.parent / "kinds.csv")

    plain, _ = of_kinds()
    assert of_kinds(*["view"] * 4)[0].equals(plain)
    assert not of_kinds("purchase", *["view"] * 3)[0].equals(plain)
    own.with_columns(kind=pl.lit("stare")).write_csv(events.parent / "kinds.csv")
    asked = (f"model={trained.folder}", f"events={events.parent / 'kinds.csv'}", f"output={events.parent / 'no.csv'}")
    ended = command("recommend", *asked)
    assert ended.code == 1
    assert "knows (purchase, view), found 'stare' in 4 of 4 events" in ended.err


@pytest.mark.slow
def test_csv_comes_out_where_csv_is_asked_for(trained: Trained, events: Path) -> None:
    lists, _ = recommend(trained.folder, events, output="made/lists = (1), é.csv")
    parquet, _ = recommend(trained.folder, events)
    assert lists["user_id"].to_list() == parquet["user_id"].to_list()
    assert lists["item_id"].to_list() == parquet["item_id"].to_list()
    assert [path.name for path in (events.parent / "made").iterdir()] == ["lists = (1), é.csv"]


@pytest.mark.slow
def test_ids_of_numbers_stay_numbers(trained: Trained, events: Path) -> None:
    numbers = events.parent / "numbers.parquet"
    pl.DataFrame({"user_id": [10, 10, 2**62], "item_id": ["0001", "0003", "0000"]}).write_parquet(numbers)
    lists, _ = recommend(trained.folder, numbers)
    assert lists["user_id"].unique(maintain_order=True).to_list() == [10, 2**62]


@pytest.mark.slow
def test_the_flow_has_a_name_people_can_read(trained: Trained, events: Path) -> None:
    recommend(trained.folder, events)
    with sqlite3.connect(Home.current().prefect / "prefect.db") as database:
        names = [name for (name,) in database.execute("select name from flow_run")]
        steps = [name for (name,) in database.execute("select name from task_run")]
    assert any(name.startswith("recommend model=") and "new events.csv" in name for name in names), names
    assert {"read", "load model", "recommend"} <= set(steps)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_mlflows_own_server_answers_with_the_same_lists(trained: Trained, events: Path) -> None:
    features = events.parent / "features.csv"
    features.write_text("user_id,member\n007,0\nnobody knows,1\n")
    (events.parent / "users.csv").write_text("user_id\nnobody knows\n")
    more = (f"users={events.parent / 'users.csv'}", f"user_features={features}")
    lists, _ = recommend(trained.registered, events, *more)
    shown = pl.read_csv(events, infer_schema=False).group_by("user_id", maintain_order=True)
    rows = [
        {"user_id": user, "items": own["item_id"].to_list(), "timestamps": own["timestamp"].to_list()}
        for (user,), own in shown
    ]
    rows.append({"user_id": "nobody knows", "items": [], "timestamps": [], "member": "1"})
    rows[0]["member"] = "0"
    with served("models:/shop@champion", events.parent / "server.log") as address:
        answer = httpx.post(f"{address}/invocations", json={"dataframe_records": rows, "params": {"k": K}}, timeout=120)
        assert answer.status_code == 200, answer.text
        told = pl.DataFrame(answer.json()["predictions"])
        refused = httpx.post(
            f"{address}/invocations", json={"dataframe_records": rows, "params": {"k": 1000}}, timeout=120
        )
    assert told.equals(lists.cast({"rank": pl.Int64, "score": pl.Float64}))
    assert refused.status_code == 400
    assert "k=1000 is more than there is" in refused.text


BAD = {
    "no events": ({}, "events=none.csv", ["events=none.csv", "no such file"]),
    "an empty file": ({"e.csv": b""}, "events=e.csv", ["e.csv", "empty"]),
    "nobody": ({"e.csv": b"user_id,item_id\n"}, "events=e.csv", ["e.csv", "no user"]),
    "a missing column": ({"e.csv": b"user_id,product\n1,2\n"}, "events=e.csv", ["e.csv", "item_id", "product"]),
    "another separator": ({"e.csv": b"user_id;item_id\n1;2\n"}, "events=e.csv", ["e.csv", "user_id;item_id"]),
    "no UTF-8": ({"e.csv": "user_id,item_id\n1,\xe9\n".encode("latin-1")}, "events=e.csv", ["e.csv", "UTF-8"]),
    "ragged rows": ({"e.csv": b"user_id,item_id\n1,2\n1,2,3\n"}, "events=e.csv", ["e.csv"]),
    "no Parquet": ({"e.parquet": b"user_id,item_id\n1,2\n"}, "events=e.parquet", ["e.parquet", "Parquet"]),
    "an unknown kind": ({"e.xlsx": b"PK"}, "events=e.xlsx", ["events=e.xlsx", ".parquet", ".csv"]),
    "a folder": ({"e.csv": b"user_id,item_id\n1,2\n"}, "events=.", ["events=.", "no such file"]),
    "times that are none": (
        {"e.csv": b"user_id,item_id,timestamp\n1,0001,soon\n"},
        "events=e.csv",
        ["e.csv", "timestamp", "soon"],
    ),
    "users without ids": ({"u.csv": b"name\nx\n"}, "users=u.csv", ["u.csv", "user_id"]),
    "features of nobody": ({"f.csv": b"member\n1\n"}, "user_features=f.csv", ["f.csv", "user_id"]),
    "too long a list": ({}, "k=1000", ["k=1000", "41 items", "k=40"]),
    "no list": ({}, "k=0", ["k", "at least 1"]),
    "no number": ({}, "k=many", ["k", "many"]),
    "an output of no kind": ({}, "output=lists.xls", ["output=lists.xls", ".parquet"]),
    "an output that is an input": ({}, "output=good.csv", ["output=good.csv", "input"]),
    "an output below a file": ({}, "output=good.csv/lists.csv", ["output=good.csv/lists.csv"]),
    "an output that cannot be written": ({}, "output=/proc/lists.csv", ["output=/proc/lists.csv", "cannot be written"]),
    "no such model": ({}, "model=nothing", ["nothing", "run folder"]),
    "no such run": ({}, f"model={'0' * 32}", ["0" * 32]),
    "no such name": ({}, "model=models:/nothing@champion", ["nothing", "shop"]),
    "no such alias": ({}, "model=models:/shop@nobody", ["nobody", "challenger"]),
    "a missing setting": ({}, "model=???", ["model", "expected a value"]),
    "a key that is none": ({}, "event=good.csv", ["event", "no such setting"]),
    "a key that is none, forced": ({}, "+even=good.csv", ["even", "events"]),
    "code to run": ({}, "+tracking._target_=os.system", ["_target_"]),
    "the environment": ({}, "events=${oc.env:HOME}", ["${"]),
}


NOTICED_LATER = {"nobody", "times that are none", "too long a list", "features of nobody"}
"""It takes the model to see them."""


def started(*_: object, **__: object) -> None:
    raise AssertionError("a server was started for it")


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named(case: str, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, word, named = BAD[case]
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text("user_id,item_id\n1,0001\n")
    Path("lists.csv").write_text("kept\n")
    for name, content in files.items():
        Path(name).write_bytes(content)
    given = {"model": str(trained.folder), "events": "good.csv", "output": "lists.csv"}
    key, _, value = word.partition("=")
    words = [f"{name}={text}" for name, text in {**given, key: value}.items()]
    before = set(os.listdir())
    if case not in NOTICED_LATER:
        monkeypatch.setattr("flows.recommend.prefect_server", started)
    ended = command("recommend", *words)
    assert all(part in ended.error for part in named), ended.error
    assert Path("lists.csv").read_text() == "kept\n"
    assert set(os.listdir()) == before
    assert ended.out == ""


def test_help_says_how_to_quote() -> None:
    shown = command("recommend", "--help")
    assert shown.code == 0
    assert "events: ???" in shown.out
    assert "quotes" in shown.out
    assert "k: 20" in command("recommend", "--cfg", "job").out
