"""What the forms offer, and that a form says what the command line says."""

import importlib
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from flows.environment import LOGGERS
from flows.forms.fields import DEFAULTS, GROUPS, OF_THE_DATASET, OF_THE_SPACE, chosen, touched
from tasks.config import load_config
from tasks.errors import ConfigError
from tasks.overrides import choices
from tasks.runs.home import REPOSITORY
from tasks.sweeps.plan import plan_sweep

LISTED = yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["deployments"]


def form(name: str) -> Any:
    return getattr(importlib.import_module(f"flows.forms.{name}"), name)


def schema(name: str) -> dict[str, Any]:
    """The form of a deployment, as Prefect reads it."""
    from prefect.utilities.callables import parameter_schema

    return parameter_schema(form(name)).properties


def test_drop_downs_are_the_files_of_conf() -> None:
    fields = schema("train")
    for group in GROUPS:
        offered = [option for option in fields[group]["enum"] if option != OF_THE_DATASET]
        assert offered == list(choices(group))
    assert schema("benchmark")["datasets"]["items"]["enum"] == list(choices("dataset"))
    assert schema("sweep")["space"]["enum"] == list(choices("sweep"))
    assert schema("sweep")["dataset"]["enum"] == [OF_THE_SPACE, *choices("dataset")]
    methods = schema("benchmark")["methods"]["items"]["enum"]
    assert {"popularity", "user_knn_cosine", "hybrid"} <= set(methods)
    # Somebody's own lists need a file.
    assert "own" not in methods


@pytest.mark.parametrize("space", ["demo", "losses"])
def test_a_search_space_can_be_started_as_it_is(space: str) -> None:
    fields = {name: schema("sweep")[name]["default"] for name in ("dataset", "trainer")}
    assert chosen(fields, []) == []
    asked = plan_sweep(space, [])
    assert asked.config.names["dataset"] == ("block_world" if space == "demo" else DEFAULTS["dataset"])


def test_defaults_are_those_of_the_command_line() -> None:
    fields = schema("train")
    names = load_config().names
    assert {group: DEFAULTS[group] for group in GROUPS} == {group: names[group] for group in GROUPS}
    assert {group: fields[group]["default"] for group in GROUPS if group != "split"} == {
        group: names[group] for group in GROUPS if group != "split"
    }
    untouched = touched(chosen({group: fields[group]["default"] for group in GROUPS} | {"seed": 0}, []))
    assert load_config(untouched).plain == load_config().plain
    # What is chosen counts, and is not typed a second time.
    assert touched(chosen({"trainer": "smoke", "network": DEFAULTS["network"]}, [])) == ["trainer=smoke"]


def test_numbers_have_bounds() -> None:
    assert (schema("train")["seed"]["minimum"], schema("train")["seed"]["maximum"]) == (0, 2**31 - 1)
    assert (schema("train")["epochs"]["minimum"], schema("train")["epochs"]["maximum"]) == (0, 10_000)
    assert schema("benchmark")["trials"]["minimum"] == schema("benchmark")["seeds"]["minimum"] == 1
    assert schema("recommend")["k"]["minimum"] == 1


@pytest.mark.parametrize("listed", LISTED, ids=[listed["name"] for listed in LISTED])
def test_every_deployment_says_what_it_is(listed: dict[str, Any]) -> None:
    module, _, name = listed["entrypoint"].rpartition(".")
    assert getattr(importlib.import_module(module), name) is form(listed["name"])
    assert listed["description"].strip()
    assert listed["tags"]
    for field in schema(listed["name"]).values():
        assert field.get("description"), field
        assert "anyOf" not in field
    assert listed["work_pool"]["job_variables"]["env"]["PREFECT_LOGGING_EXTRA_LOGGERS"] == ",".join(LOGGERS)


def test_fields_become_overrides() -> None:
    fields = {"dataset": "ml_100k", "split": OF_THE_DATASET, "loss": "hinge", "seed": 0, "trainer.max_epochs": None}
    assert chosen(fields, [" network.width=64 "]) == ["dataset=ml_100k", "loss=hinge", "seed=0", "network.width=64"]
    # A data set may bring its own split, and does so where the form says nothing.
    assert load_config(chosen(fields, [])).names["split"] == "user_holdout"
    assert load_config(chosen(fields | {"split": "temporal"}, [])).names["split"] == "temporal"
    assert chosen({"datasets": ["ml_100k", "ta_feng"], "methods": []}, []) == ["datasets=[ml_100k,ta_feng]"]
    assert chosen({"events": "new users (May).csv"}, []) == ["events='new users (May).csv'"]


@pytest.mark.parametrize("override", ["loss=hinge", "+loss=hinge", " loss=hinge", "trainer.max_epochs=3"])
def test_an_override_that_contradicts_a_field_is_refused(override: str) -> None:
    with pytest.raises(ConfigError, match=r"overrides: .*(loss|max_epochs).* sets what the field"):
        chosen({"loss": "relativistic", "trainer.max_epochs": 2}, [override])


@pytest.mark.parametrize("override", ["network._target_=os.system", "seed=${oc.env:HOME}", "network.breadth=3"])
def test_overrides_of_a_form_are_checked_as_everywhere(override: str) -> None:
    with pytest.raises(ConfigError, match=override.split("=", maxsplit=1)[0].rsplit(".", maxsplit=1)[-1]):
        load_config(chosen({"network": "conditional"}, [override]))


def test_runs_are_named_for_what_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"split": OF_THE_DATASET, **{group: DEFAULTS[group] for group in GROUPS if group != "split"}}
    said |= {"dataset": "ml_100k", "loss": "hinge", "seed": 3, "epochs": 5, "overrides": ["network.width=64"]}
    module = importlib.import_module("flows.forms.train")
    monkeypatch.setattr(module, "flow_run", SimpleNamespace(parameters=said))
    assert module.run_name() == "train ml_100k-conditional-hinge-seed3 · 5 epochs · network.width=64"


def test_a_sweep_is_named_for_what_differs_from_its_space(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("flows.forms.sweep")
    said = {"space": "losses", "dataset": OF_THE_SPACE, "trainer": OF_THE_SPACE, "overrides": []}
    monkeypatch.setattr(module, "flow_run", SimpleNamespace(parameters=said))
    assert module.run_name() == "sweep losses"
    said |= {"dataset": "ml_100k", "trainer": "smoke", "overrides": ["sweep.trials=3"]}
    assert module.run_name() == "sweep losses on ml_100k · smoke · sweep.trials=3"


def test_the_log_of_a_training_begins_and_ends_with_what_matters() -> None:
    module = importlib.import_module("flows.forms.train")
    typed = ["dataset=block_world", "loss=hinge", "seed=3", "trainer.max_epochs=1", "network.width=16"]
    assert module.composed(load_config(typed), ["network.width=16"]) == (
        "dataset=block_world split=temporal network=conditional loss=hinge augmentation=complete_profiles "
        "recommender=user_knn_cosine trainer=auto seed=3 trainer.max_epochs=1 network.width=16"
    )
    rows = [["HR@10", "popularity", "0.5", "0.6"], ["NDCG@10", "popularity", "0.1", "0.2"], ["users", "", "9", "9"]]
    table = {"title": "", "columns": ["figure", "method", "s = 0", "mean, s ≥ 1"], "rows": rows}
    summary = {"table": table, "report": "/runs/a/report.html", "links": {"report": "http://mlflow/a"}}
    assert module.ending(summary) == [
        "NDCG@10, mean, s ≥ 1, validation users: popularity 0.2",
        "report: http://mlflow/a",
    ]
    assert module.ending({**summary, "links": {"report": None}})[1:] == ["report: /runs/a/report.html"]


def test_runs_work_in_the_checkout_of_their_worker() -> None:
    ((step, inputs),) = [*yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["pull"][0].items()]
    module, _, function = step.rpartition(".")
    assert getattr(importlib.import_module(module), function)(**inputs) == {"directory": str(REPOSITORY)}


def test_a_schedule_that_was_switched_on_stays_on() -> None:
    from prefect.client.schemas.schedules import CronSchedule

    from flows.deploy import schedules_of

    (listed,) = [one for one in LISTED if one["name"] == "refresh"]
    (new,) = schedules_of(listed, None)
    assert isinstance(new.schedule, CronSchedule)
    assert (new.schedule.cron, new.active) == ("30 3 * * *", False)
    deployed: Any = SimpleNamespace(schedules=[SimpleNamespace(schedule=new.schedule, active=True)])
    assert schedules_of(listed, deployed)[0].active
    assert schedules_of({"name": "train"}, None) == []


def test_a_refresh_says_what_its_form_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.config import load_settings
    from tasks.refresh.settings import RefreshSettings

    model = "models:/coldcart-ta_feng@champion"
    said = {"model": model, "events": "a drop", "store": True, "cut": "50%", "epochs": 2, "rollback": None}
    settings = load_settings(RefreshSettings, "refresh", chosen(said, ["margin=0.01"]))
    assert (settings.name, settings.alias, settings.cut, settings.margin) == (
        "coldcart-ta_feng",
        "champion",
        "50%",
        0.01,
    )
    assert (settings.events, settings.store, settings.rollback) == ("a drop", True, False)
    module = importlib.import_module("flows.forms.refresh")
    monkeypatch.setattr(module, "flow_run", SimpleNamespace(parameters={**said, "overrides": []}))
    assert module.run_name() == f"refresh {model} with a drop and the service's store · 2 epochs"
