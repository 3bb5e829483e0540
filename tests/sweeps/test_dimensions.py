from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from tasks.benchmark.search import Choice, Range
from tasks.config import load_config
from tasks.errors import ConfigError
from tasks.sweeps.dimensions import as_overrides, grid, own_values, read_dimensions

SPACE = {
    "loss": {"choices": ["relativistic", "hinge"]},
    "loss.margin": {"low": 0.5, "high": 1.5, "step": 0.5, "when": {"loss": "hinge"}},
    "seed": {"choices": [0, 1]},
}


def test_a_space_is_read_in_its_order() -> None:
    loss, margin, seed = read_dimensions(SPACE)
    assert loss.allowed == Choice(("relativistic", "hinge"))
    assert margin.allowed == Range(0.5, 1.5, step=0.5)
    assert margin.when == {"loss": ("hinge",)}
    assert seed.when == {}


def test_a_grid_is_every_combination_once_without_what_does_not_apply() -> None:
    assert grid(read_dimensions(SPACE)) == [
        {"loss": "relativistic", "seed": 0},
        {"loss": "relativistic", "seed": 1},
        {"loss": "hinge", "loss.margin": 0.5, "seed": 0},
        {"loss": "hinge", "loss.margin": 0.5, "seed": 1},
        {"loss": "hinge", "loss.margin": 1.0, "seed": 0},
        {"loss": "hinge", "loss.margin": 1.0, "seed": 1},
        {"loss": "hinge", "loss.margin": 1.5, "seed": 0},
        {"loss": "hinge", "loss.margin": 1.5, "seed": 1},
    ]
    whole = read_dimensions({"trainer.max_epochs": {"low": 2, "high": 7, "step": 2}})
    assert [one["trainer.max_epochs"] for one in grid(whole)] == [2, 4, 6]


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"loss": {"choices": ["hinje"]}}, r"^sweep\.space\.loss: loss can be hinge, .*'hinje'"),
        ({"loss": {"low": 0, "high": 1}}, r"^sweep\.space\.loss: loss can be"),
        ({"seed": {"lo": 0, "high": 1}}, r"^sweep\.space\.seed: expected \{low, high, log, step\}"),
        ({"seed": 3}, r"^sweep\.space\.seed: expected"),
        ({"baselines": {"choices": [["popularity"]]}}, r"^sweep\.space\.baselines: choices must be single values"),
        ({"seed": {"choices": [1], "when": {"loss": "hinge"}}}, r"^sweep\.space\.seed\.when: loss must stand before"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(space: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_dimensions(space)


def test_a_grid_needs_steps() -> None:
    with pytest.raises(ConfigError, match=r"^sweep\.space\.loss\.gamma: sampler=grid needs"):
        grid(read_dimensions({"loss.gamma": {"low": 0.1, "high": 1.0}}))


def test_the_default_is_a_trial_where_it_lies_in_the_space() -> None:
    dimensions = read_dimensions(SPACE)
    assert own_values(dimensions, load_config()) == {"loss": "relativistic", "seed": 0}
    assert own_values(dimensions, load_config(["loss=hinge"])) == {"loss": "hinge", "loss.margin": 1.0, "seed": 0}
    assert own_values(dimensions, load_config(["seed=5"])) is None
    assert own_values(read_dimensions({"loss.margin": {"low": 0.5, "high": 1.5}}), load_config()) is None


@given(st.one_of(st.text(st.characters(blacklist_categories=["Cs", "Cc"])), st.integers(), st.booleans(), st.none()))
def test_any_value_can_be_typed(value: Any) -> None:
    (text,) = as_overrides({"key": value})
    parsed = OverridesParser.create().parse_override(text).value()
    assert (str(parsed) if isinstance(value, str) else parsed) == value


def test_small_numbers_can_be_typed() -> None:
    assert OverridesParser.create().parse_override(*as_overrides({"key": 1.5e-7})).value() == 1.5e-7
