"""docs/extending.md at its word: its files, written into a copy of the repository, are all that is needed."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import yaml

from tasks.domain import Column
from tasks.ingestion.sources.block_world import BlockWorld

REPOSITORY = Path(__file__).resolve().parents[1]
COPIED = ("flows", "tasks", "lightning_modules", "conf", "tests", "pyproject.toml")
FOR_EVERY_PART = ("tests/recommenders/test_contract.py", "tests/training/test_components.py", "tests/test_layout.py")
BLOCK = re.compile(r"^`([^`\n]+)`\n\n```(?:python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^## (?=An? )", re.MULTILINE)
COMPARE = """
import dataclasses, json, sys, yaml
from tasks.config import build_component
from tasks.overrides import CONF_DIR, choices
found = {}
for group, name in json.loads(sys.argv[1]).items():
    node = yaml.safe_load((CONF_DIR / group / f"{name}.yaml").read_text())
    component = build_component(group, node)
    plain = json.loads(json.dumps(dataclasses.asdict(component)))
    found[group] = [
        name in choices(group), component == type(component)(), plain == {k: v for k, v in node.items() if k[0] != "_"}
    ]
print(json.dumps(found))
"""


def blocks(text: str) -> dict[str, str]:
    """The files of a text by path."""
    return dict(BLOCK.findall(text))


DOCUMENT = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = blocks(DOCUMENT)
NEW = {Path(path).parent.name: Path(path).stem for path in FILES if path.endswith(".yaml")}


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository with the document's files."""

    root: Path

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        variables = {
            "PYTHONPATH": str(self.root),
            "COLDCART_HOME": str(self.root / "home"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for name in COPIED
            for path in [self.root / name, *(self.root / name).rglob("*")]
            if path.is_file()
        }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    for name in COPIED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, checkout.root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, checkout.root / name)
    return checkout


@pytest.fixture(scope="module")
def before(plain: Checkout) -> dict[str, bytes]:
    return plain.files()


@pytest.fixture(scope="module")
def extended(plain: Checkout, before: dict[str, bytes]) -> Checkout:
    for path, content in FILES.items():
        (plain.root / path).write_text(content, encoding="utf-8")
    return plain


def write_till(path: Path) -> None:
    """A block world as the example's till writes it down."""
    rows = BlockWorld(users=400).load(path.parent).rows.collect()
    item = pl.col(Column.ITEM_ID).str.slice(1).cast(pl.Int32)
    rows.select(
        pl.col(Column.USER_ID).alias("customer"),
        pl.col(Column.ITEM_ID).alias("article"),
        pl.col(Column.TIMESTAMP).dt.date().alias("sold_on"),
        (1 + item % 7).cast(pl.Float32).alias("price"),
        ("aisle " + (item % 3).cast(pl.String)).alias("aisle"),
    ).write_csv(path)


def test_each_part_is_one_python_file_and_one_yaml() -> None:
    sections = [blocks(section) for section in SECTION.split(DOCUMENT)[1:]]
    assert [sorted(Path(path).suffix for path in files) for files in sections] == [[".py", ".yaml"]] * 6
    assert {Path(path).parent.name for path in FILES if path.endswith(".yaml")} == {
        *("dataset", "network", "loss", "recommender", "metric", "augmentation")
    }
    for files in sections:
        (source, settings) = sorted(files, key=lambda path: Path(path).suffix)
        assert Path(source).stem == Path(settings).stem
        assert yaml.safe_load(files[settings])["_target_"].startswith(source.removesuffix(".py").replace("/", "."))
        assert files[settings].startswith("# ")


def test_no_file_of_the_project_is_changed(before: dict[str, bytes], extended: Checkout) -> None:
    assert not set(FILES) & set(before)
    after = extended.files()
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) == set(FILES)


def test_the_files_keep_to_the_rules_of_the_house(extended: Checkout) -> None:
    sources = [path for path in FILES if path.endswith(".py")]
    for command in (("check", "--no-cache"), ("format", "--check", "--no-cache")):
        done = extended.python("-m", "ruff", *command, *sources)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_yaml_writes_out_every_setting_with_its_default(extended: Checkout) -> None:
    done = extended.python("-c", COMPARE, json.dumps(NEW))
    assert done.returncode == 0, done.stderr
    is_choice, is_default, is_whole = True, True, True
    assert json.loads(done.stdout) == {group: [is_choice, is_default, is_whole] for group in NEW}


def test_what_holds_for_every_part_holds_for_the_new_ones(extended: Checkout) -> None:
    names = " or ".join(NEW.values())
    done = extended.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *FOR_EVERY_PART, "-k", names)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d\d passed", done.stdout), done.stdout


def test_help_lists_the_new_parts(extended: Checkout) -> None:
    done = extended.python("-m", "flows.train", "--help")
    assert done.returncode == 0, done.stderr
    listed = dict(re.findall(r"^(\w+): (.+)$", done.stdout, re.MULTILINE))
    for group, name in NEW.items():
        assert name in listed[group].split(", "), group


@pytest.mark.slow
def test_one_run_with_all_of_them(extended: Checkout) -> None:
    write_till(extended.root / "till.csv")
    groups = ("dataset", "network", "loss", "recommender", "augmentation")
    chosen = [f"{group}={NEW[group]}" for group in groups]
    done = extended.python(
        *("-m", "flows.train", *chosen, "dataset.path=till.csv"),
        *("baselines=[popularity]", "refit=false", "trainer=smoke", "tracking=off"),
    )
    assert done.returncode == 0, done.stderr
    (path,) = (extended.root / "home" / "runs").glob("*/summary.json")
    summary = json.loads(path.read_text())
    assert {group: summary["choices"][group] for group in groups} == {group: NEW[group] for group in groups}
    virtual, metric = f"{NEW['recommender']}_virtual", NEW["metric"]
    assert f"/{virtual}/ndcg_at_10/mean" in summary["objective_name"]
    precision = [name for name in summary["metrics"] if f"/{virtual}/{metric}_at_10/" in name]
    assert any(name.startswith("val/") for name in precision)
    assert all(0 <= summary["metrics"][name] <= 1 for name in precision)
    # Neighbours in the block world share a block: what is held together is found, far better than what is popular.
    known = f"val/{summary['question']}/{{}}/ndcg_at_10/mean"
    assert summary["metrics"][known.format(virtual)] > 2 * summary["metrics"][known.format("popularity")]
    described = json.loads((path.parent / "model" / "recommender" / "recommender.json").read_text())
    assert described["class"].endswith("FittedCoOccurrence")
