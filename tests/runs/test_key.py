import copy
import subprocess
from pathlib import Path

import pytest

from tasks.errors import ConfigError
from tasks.runs import code_state, run_key

CONFIG = {
    "seed": 0,
    "dataset": {"_target_": "tasks.x.Source", "path": "/here/log.csv", "until": None},
    "trainer": {"epochs": 3, "accelerator": "auto", "devices": 1, "precision": "32-true", "workers": 0},
    "tracking": {"enabled": True, "uri": None},
    "paths": {"cache": "/somewhere"},
    "display": {"progress": True},
    "resume": True,
    "register": False,
    "model_name": None,
    "hidden": [64, 32],
}


def key_with(dotted: str, value: object) -> str:
    config = copy.deepcopy(CONFIG)
    *path, last = dotted.split(".")
    node = config
    for part in path:
        node = node[part]
    node[last] = value
    return run_key(config, ["aa"], "0.1.0+ff")


BASE = run_key(CONFIG, ["aa"], "0.1.0+ff")


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("tracking", {"enabled": False}),
        ("tracking.uri", "http://127.0.0.1:5000"),
        ("paths.cache", "/elsewhere"),
        ("display.progress", False),
        ("trainer.accelerator", "gpu"),
        ("trainer.devices", 4),
        ("trainer.workers", 8),
        ("resume", False),
        ("register", True),
        ("model_name", "shop"),
        ("dataset.path", "/moved/log.csv"),
        ("hidden", (64, 32)),
    ],
)
def test_key_ignores_where_things_go_and_on_what_they_run(dotted: str, value: object) -> None:
    assert key_with(dotted, value) == BASE


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("seed", 1),
        ("seed", 0.0),
        ("trainer.epochs", 4),
        ("trainer.precision", "bf16-mixed"),
        ("dataset.until", "2001-01-31"),
        ("hidden", [32, 64]),
    ],
)
def test_key_holds_what_decides_the_result(dotted: str, value: object) -> None:
    assert key_with(dotted, value) != BASE


def test_key_holds_sources_and_code() -> None:
    assert run_key(CONFIG, ["ab"], "0.1.0+ff") != BASE
    assert run_key(CONFIG, ["aa"], "0.1.0+fe") != BASE
    assert run_key(dict(reversed(CONFIG.items())), ["aa"], "0.1.0+ff") == BASE


def test_a_value_that_is_not_plain_is_named() -> None:
    with pytest.raises(ConfigError, match=r"trainer\.epochs: expected a plain value"):
        key_with("trainer.epochs", object())


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def test_code_state_follows_sources_and_their_configuration_only(tmp_path: Path) -> None:
    names = ("tasks/a.py", "flows/b.py", "lightning_modules/deep/c.py", "conf/loss/d.yaml", "docs/e.md", "tests/f.py")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one\n")
    without_git = code_state(tmp_path)
    assert without_git.commit is None
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    clean = code_state(tmp_path)
    assert clean.version == without_git.version
    assert clean.commit is not None
    assert not clean.dirty
    for name in ("docs/e.md", "tests/f.py", "tests/new.py", "tasks/ignored.py"):
        (tmp_path / name).write_text("two\n")
    assert code_state(tmp_path).version == clean.version
    assert code_state(tmp_path).dirty
    versions = {clean.version}
    for name in ("lightning_modules/deep/c.py", "conf/loss/d.yaml", "tasks/new.py", "conf/loss/new.yaml"):
        (tmp_path / name).write_text("two\n")
        versions.add(code_state(tmp_path).version)
    (tmp_path / "tasks/new.py").write_text("three\n")
    versions.add(code_state(tmp_path).version)
    assert len(versions) == 6
