"""conf/search: every file tunes settings that exist, and its ends can be built."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tasks.benchmark.methods import catalogue
from tasks.benchmark.search import Choice, Range, read_space, start_of, value_at, with_values
from tasks.config import build_component, load_component, load_config
from tasks.overrides import CONF_DIR, choices

NAMES = choices("search")
WITHOUT_SETTINGS = {"popularity", "late_popularity"}


@pytest.fixture(scope="module")
def defaults() -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Of each search space a method that uses it, with the method's own settings."""
    config = load_config(["tuned_settings=false"])
    return {method.search: (name, method.defaults(config)) for name, method in catalogue().items() if method.search}


def build(name: str, settings: Mapping[str, Any]) -> None:
    """Build what the settings of a method describe."""
    if name in choices("recommender"):
        load_component("recommender", name, settings)
        return
    for key, node in settings.items():
        if key == "policy":
            load_component("augmentation", "complete_profiles", {"policy": node})
        elif key == "fill":
            load_component("fill", name, node)
        elif isinstance(node, Mapping) and "_target_" in node:
            build_component(key, node)


@pytest.mark.parametrize("name", NAMES)
def test_a_method_starts_inside_its_space(name: str, defaults: dict) -> None:
    method, settings = defaults[name]
    space = read_space(name)
    assert space
    assert set(start_of(space, settings, method)) == set(space)


@pytest.mark.parametrize("name", NAMES)
def test_every_end_can_be_built(name: str, defaults: dict) -> None:
    method, settings = defaults[name]
    space = read_space(name)
    for setting, allowed in space.items():
        for value in allowed.choices if isinstance(allowed, Choice) else (allowed.low, allowed.high):
            build(method, with_values(settings, {setting: value}))
    for end in ("low", "high"):
        build(method, with_values(settings, {s: getattr(a, end) for s, a in space.items() if isinstance(a, Range)}))


@pytest.mark.parametrize("name", NAMES)
def test_whole_numbers_are_tuned_as_whole_numbers(name: str, defaults: dict) -> None:
    _, settings = defaults[name]
    for setting, allowed in read_space(name).items():
        if isinstance(allowed, Range):
            assert allowed.is_whole == isinstance(value_at(settings, setting), int), setting


@pytest.mark.parametrize("name", choices("recommender"))
def test_every_recommender_with_settings_has_a_space(name: str) -> None:
    assert (name in NAMES) == (name not in WITHOUT_SETTINGS)


@pytest.mark.parametrize("name", [name for name in choices("recommender") if name.endswith("_blend")])
def test_a_blend_is_tuned_like_its_base(name: str) -> None:
    space = dict(read_space(name))
    assert space.pop("weight") == Range(0.001, 10.0, log=True)
    assert space.pop("fade") == Range(0.0, 1.5)
    base = {f"base.{setting}": allowed for setting, allowed in read_space(name.removesuffix("_blend")).items()}
    assert space == base


@pytest.mark.parametrize("name", NAMES)
def test_files_say_what_they_are(name: str) -> None:
    text = (CONF_DIR / "search" / f"{name}.yaml").read_text()
    assert text.startswith("# ")
    assert "Usage: " in text.splitlines()[0]
    assert "_target_" not in yaml.safe_load(text)
