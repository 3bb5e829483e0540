import os
import signal
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


@pytest.mark.parametrize(
    ("flow", "typed", "meant"),
    [
        ("train", "datasets=ml_100k", "datasets: there is no such setting. Did you mean 'dataset'?"),
        ("train", "network.widths=3", "network.widths: there is no such setting. Did you mean 'width'?"),
        ("benchmark", "trails=2", "trails: there is no such setting. Did you mean 'trials'?"),
        ("prune", "older=30d", "older: there is no such setting. Did you mean 'older_than'?"),
    ],
)
def test_a_typo_is_answered_with_what_was_meant(flow: str, typed: str, meant: str) -> None:
    assert command(flow, typed).error == meant


def test_settings_of_several_runs_cannot_be_printed() -> None:
    assert "--cfg" in command("train", "-m", "seed=1,2", "--cfg", "job").error


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_ends_the_command_without_a_word(unbuffered: str) -> None:
    typed = [sys.executable, "-m", "flows.train", "--help"]
    # Left before the first word: Python alone would complain of it, or of what it could not flush at its end.
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(
        typed, cwd=REPOSITORY, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


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
