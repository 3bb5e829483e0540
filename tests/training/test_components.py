import dataclasses
from pathlib import Path

import pytest
import yaml

from tasks.config import CONF_DIR, build_component, shipped_targets
from tasks.errors import ConfigError

FILES = [path for group in ("network", "loss", "trainer") for path in sorted((CONF_DIR / group).glob("*.yaml"))]


def _keys(component) -> set[str]:
    return {field.name for field in dataclasses.fields(component)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_file_builds_and_writes_out_every_setting(path: Path) -> None:
    node = yaml.safe_load(path.read_text())
    component = build_component(path.parent.name, node)
    assert _keys(component) == set(node) - {"_target_"}
    if "objective" in node:
        assert _keys(component.objective) == set(node["objective"])
    if path.parent.name != "trainer":  # its files differ from the class's defaults on purpose
        assert component == type(component)()
    assert path.read_text().startswith("# ")


def test_wrong_settings_are_named() -> None:
    node = yaml.safe_load((CONF_DIR / "network" / "conditional.yaml").read_text())
    node["objective"]["ema"] = 2
    with pytest.raises(ConfigError, match="ema"):
        build_component("network", node)
    assert shipped_targets("loss") >= {"lightning_modules.losses.relativistic.Relativistic"}
