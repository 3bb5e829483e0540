"""docs/sweeps.md against what it describes."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from flows.arguments import quote_paths
from flows.multirun import expand
from tasks.comparison.settings import CompareSettings
from tasks.config import load_config, load_settings
from tasks.pruning.settings import KINDS, PruneSettings
from tasks.sweeps.dimensions import read_dimensions
from tasks.sweeps.plan import plan_sweep, sweep_name
from tasks.sweeps.settings import SweepSettings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sweeps.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m flows\.(\w+) ([^#\n]*)", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("flow", "arguments"), COMMANDS)
def test_commands_can_be_run(flow: str, arguments: str) -> None:
    words = shlex.split(arguments.replace("<run>", "a", 1).replace("<run>", "b", 1).replace("<run>", "c", 1))
    if flow == "train":
        jobs = expand([word for word in words if word != "-m"])
        assert len(jobs) == 6
        load_config([f"{key}={value}" for key, value in jobs[0].items()])
    elif flow == "sweep":
        name, overrides = sweep_name([word for word in words if word not in ("--cfg", "job")])
        plan_sweep(name, overrides)
    elif flow == "compare":
        load_settings(CompareSettings, "compare", quote_paths(words))
    else:
        load_settings(PruneSettings, "prune", words)


def test_the_example_is_a_space() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    settings = SweepSettings(**yaml.safe_load(text))
    assert [one.name for one in read_dimensions(settings.space)] == [
        "loss",
        "network.objective.adversarial",
        "loss.margin",
    ]
    assert set(yaml.safe_load(text)) == {field.name for field in fields(SweepSettings)}


def test_every_kind_and_setting_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| ([^|]*) \|", PAGE, re.MULTILINE))))
    assert set(KINDS) <= named
    assert {field.name for field in fields(SweepSettings)} - {"overrides"} <= named
