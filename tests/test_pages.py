"""docs/data.md and docs/evaluation.md against what they describe."""

import re
import shlex
from pathlib import Path

import pytest

from tasks.benchmark.settings import BenchmarkSettings
from tasks.config import load_config, load_settings
from tasks.ingestion.ingest import ingest
from tasks.overrides import choices
from tasks.splitting import MINIMUM_USERS, QUESTIONS

DOCS = Path(__file__).resolve().parents[1] / "docs"
DATA, EVALUATION = ((DOCS / name).read_text(encoding="utf-8") for name in ("data.md", "evaluation.md"))
SHELL = "\n".join(re.findall(r"```bash\n(.*?)```", DATA + EVALUATION, re.DOTALL)).replace("\\\n", " ")
COMMANDS = [line for line in SHELL.splitlines() if line.startswith("python -m flows.")]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_compose(command: str) -> None:
    words = shlex.split(command)
    assert words[:2] == ["python", "-m"]
    if words[2] == "flows.benchmark":
        load_settings(BenchmarkSettings, "benchmark", words[3:])
    else:
        load_config(words[3:])


def test_the_mapped_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "2024-06.csv").write_text(re.findall(r"```text\n(customer;.*?)```", DATA, re.DOTALL)[0])
    (command,) = [command for command in COMMANDS if "columns.visit=order" in command]
    config = load_config(shlex.split(command)[3:])
    log, report = ingest(config.dataset.load(tmp_path), config.cleaning, config.privacy)
    assert report.rows_out == 3
    assert log.users.rows() == [("0815", "Ulm"), ("4711", None)]
    assert log.item_attributes["name"].to_list() == ["Green tea", "Tea cup, large"]
    assert log.roles.has_hours
    assert log.events["visit"].n_unique() == 2


def first_column(page: str) -> set[str]:
    return set(re.findall(r"`([a-z0-9_.]+)`", "\n".join(re.findall(r"^\| ([^|]*) \|", page, re.MULTILINE))))


def test_every_data_set_has_a_row() -> None:
    assert set(choices("dataset")) <= first_column(DATA)


def test_every_metric_and_question_has_a_row() -> None:
    assert {*choices("metric"), *QUESTIONS} <= first_column(EVALUATION)


def test_every_recommender_is_named() -> None:
    plain = {name for name in choices("recommender") if not name.endswith("_blend")}
    assert plain <= first_column(EVALUATION)


def test_every_rule_has_a_row() -> None:
    source = "".join(path.read_text() for path in (DOCS.parent / "tasks" / "ingestion").rglob("*.py"))
    rules = set(re.findall(r'RuleCount\("(\w+)"', source)) | set(re.findall(r'found\.append\(\("(\w+)"', source))
    assert {"duplicate", "after_until"} <= rules
    assert {rule for rule in rules if rule.replace("_", " ") not in DATA} == set()


def test_figures_are_those_of_the_code() -> None:
    assert f"fewer than {MINIMUM_USERS} validation" in DATA
    split = load_config().split
    assert f"`{split.first_cut}`, `{split.second_cut}`" in DATA
    assert f"`split.burn_in_days` ({split.burn_in_days})" in EVALUATION
