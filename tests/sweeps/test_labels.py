import pytest

from tasks.config import load_config
from tasks.overrides import choices
from tasks.sweeps.labels import LONGEST, label_of, run_label, varying
from tasks.sweeps.plan import plan_sweep


def test_names_say_what_varies() -> None:
    values = {"network": "conditional", "loss": "hinge", "seed": 2, "loss.margin": 0.123456, "refit": False}
    assert label_of(values) == "network=conditional · loss=hinge · seed=2 · loss.margin=0.1235 · refit=false"
    assert len(label_of({f"setting_{number}": number for number in range(99)})) == LONGEST
    jobs = [{"loss": "hinge", "seed": "0"}, {"loss": "hinge", "seed": "1"}]
    assert varying(jobs) == ("seed",)
    assert varying(jobs[:1]) == ("loss", "seed")


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ([], "ta_feng-conditional-relativistic-seed0"),
        (["dataset=ml_100k", "seed=3"], "ml_100k-conditional-relativistic-seed3"),
        (["dataset=ml_100k", "split=temporal"], "ml_100k-conditional-relativistic-seed0 · split=temporal"),
        (
            ["loss=hinge", "recommender=ease", "loss.margin=2.0", "trainer.max_epochs=5", "tracking.uri=sqlite:///x"],
            "ta_feng-conditional-hinge-seed0 · recommender=ease · loss.margin=2 · trainer.max_epochs=5",
        ),
        (["experiment=demo"], "ta_feng-conditional-relativistic-seed0 · experiment=demo"),
        (
            ["dataset=block_world", "tuned_settings=false"],
            "block_world-conditional-relativistic-seed0 · tuned_settings=false",
        ),
        (["register=true", "resume=false", "trainer.accelerator=cpu"], "ta_feng-conditional-relativistic-seed0"),
    ],
)
def test_runs_of_one_variant_are_told_apart(overrides: list[str], name: str) -> None:
    assert run_label(load_config(overrides)) == name
    assert run_label(load_config(overrides), number=2) == f"{name} · #2"


@pytest.mark.parametrize("name", choices("sweep"))
def test_every_sweep_that_is_shipped_can_be_run(name: str) -> None:
    dataset = "block_world" if name == "demo" else "ml_100k"
    plan = plan_sweep(name, [f"dataset={dataset}"])
    assert plan.config.names["dataset"] == dataset
    assert plan.experiment == f"coldcart/{dataset}"
    assert not plan.config.refit
    assert plan.start is not None
    assert set(plan.start) <= {dimension.name for dimension in plan.dimensions}


def test_what_is_typed_wins_and_groups_come_first() -> None:
    plan = plan_sweep("losses", ["sweep.trials=3", "refit=true", "network.objective.adversarial=0.2"])
    assert plan.settings.trials == 3
    assert plan.config.refit
    varied = plan.overrides({"loss.gamma": 2.0, "loss": "relativistic"})
    assert varied[-2:] == ("loss=relativistic", "loss.gamma=2.0")
    assert plan.start == {"loss": "relativistic", "network.objective.adversarial": 0.2, "loss.gamma": 1.0}


def test_another_space_data_or_code_is_another_sweep_and_more_workers_are_not() -> None:
    plan = plan_sweep("demo", [])
    key = plan.key(["a"], "1")
    assert plan_sweep("demo", ["sweep.workers=1"]).key(["a"], "1") == key
    assert plan_sweep("demo", ["sweep.trials=3"]).key(["a"], "1") != key
    assert plan_sweep("demo", ["seed=9"]).key(["a"], "1") != key
    assert {plan.key(["b"], "1"), plan.key(["a"], "2")} & {key} == set()
