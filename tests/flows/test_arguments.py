import subprocess
import sys

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from flows.arguments import PATHS, quote_paths
from tasks.runs.home import REPOSITORY
from tests.flows.commands import command

PARSER = OverridesParser.create()


def read(argument: str) -> object:
    return PARSER.parse_override(argument).value()


@pytest.mark.parametrize("key", sorted(PATHS))
def test_names_of_files_are_typed_as_they_are(key: str) -> None:
    for name in (
        "a b.csv",
        "a=b.csv",
        "a,b.csv",
        "a (1).csv",
        "é.csv",
        "it's",
        'a"b',
        "~/x",
        "C:\\x\\",
        "12e45",
        "true",
    ):
        (quoted,) = quote_paths([f"{key}={name}"])
        assert read(quoted) == name


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1))
def test_any_name_survives(name: str) -> None:
    if name[0] in "'\"" or name == "null":
        return
    assert read(*quote_paths([f"events={name}"])) == name


def test_what_is_meant_for_hydra_stays() -> None:
    given = [
        "users=null",
        "events='a b.csv'",
        'model="x"',
        "events=",
        "seed=1",
        "--cfg",
        "job",
        "baselines=[a,b]",
        "k=3",
    ]
    assert quote_paths(given) == given
    assert quote_paths(["-m", "dataset.path=a.csv,b.csv"]) == ["-m", "dataset.path=a.csv,b.csv"]
    assert quote_paths(["+dataset.path=a=b"]) == ["+dataset.path='a=b'"]


@pytest.mark.parametrize(
    "flag",
    ["--config-dir=/tmp", "--config-path=/tmp", "--config-name=recommend", "--config-d=/tmp", "-cd=/tmp", "-cn=x"],
)
def test_other_roots_are_refused(flag: str) -> None:
    said = command("train", flag, "dataset=block_world").error
    assert flag in said
    assert "conf/" in said
    assert command("train", *flag.split("="), "dataset=block_world").error


@pytest.mark.parametrize("flow", ["train", "inspect", "sweep", "recommend", "benchmark"])
def test_every_command_explains_itself(flow: str) -> None:
    shown = command(flow, "--help")
    assert shown.code == 0
    assert "tracking" in shown.out
    assert "powered by Hydra" not in shown.out
    if flow in ("train", "inspect"):
        assert f"python -m flows.{flow} [group=option" in shown.out
        assert "loss: hinge, least_squares" in shown.out
        assert "--cfg job" in shown.out
    if flow == "sweep":
        assert shown.out.startswith("python -m flows.sweep +sweep=<name>")
        assert "flows.inspect" not in shown.out
        return
    shown = command(flow, "--cfg", "job")
    assert shown.code == 0
    assert "_target_: tasks.tracking.settings.TrackingSettings" in shown.out


def test_info_is_printed_once() -> None:
    info = [sys.executable, "-m", "flows.train", "--info", "config"]
    done = subprocess.run(info, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.count("Defaults Tree") <= 1
    assert "hydra._internal" not in done.stdout
    assert "dataset:" in done.stdout
