"""The shape of the house: who may import whom, and where the frameworks live."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import flows
import lightning_modules
import tasks

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("flows", "tasks", "lightning_modules")
SOURCES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def roots(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imported_modules(path)}


def where(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def test_the_packages_are_ours() -> None:
    for package in (flows, tasks, lightning_modules):
        assert Path(package.__file__ or "").is_relative_to(REPOSITORY)


@pytest.mark.parametrize("path", SOURCES, ids=where)
def test_imports_run_one_way(path: Path) -> None:
    forbidden = {"flows": {"tests", "benchmarks"}, "tasks": {"flows"}, "lightning_modules": {"flows", "tasks"}}
    assert not roots(path) & forbidden[where(path).split("/")[0]]


@pytest.mark.parametrize("path", [path for path in SOURCES if where(path).startswith("lightning_modules/")], ids=where)
def test_lightning_modules_need_little(path: Path) -> None:
    import sys

    allowed = {"torch", "pytorch_lightning", "numpy", "scipy", "lightning_modules"} | set(sys.stdlib_module_names)
    assert roots(path) <= allowed


@pytest.mark.parametrize("path", [path for path in SOURCES if where(path).startswith("tasks/domain/")], ids=where)
def test_domain_types_import_nothing_of_ours(path: Path) -> None:
    ours = {module for module in imported_modules(path) if module.split(".")[0] in PACKAGES}
    assert all(module.startswith("tasks.domain") for module in ours)


@pytest.mark.parametrize(
    ("framework", "homes"),
    [
        ("prefect", ("flows/",)),
        ("mlflow", ("tasks/tracking/",)),
        ("matplotlib", ("tasks/reporting/",)),
        ("hydra", ("flows/", "tasks/composition.py", "tasks/overrides.py")),
        ("omegaconf", ("tasks/composition.py",)),
        ("pydantic", ("tasks/config.py", "flows/forms/", "flows/serving/")),
        ("fastapi", ("flows/serving/",)),
        ("starlette", ("flows/serving/",)),
        ("prometheus_client", ("flows/serving/",)),
        ("captum", ("tasks/explanation/",)),
        ("numba", ("tasks/compiled.py",)),
    ],
)
def test_each_framework_lives_in_one_place(framework: str, homes: tuple[str, ...]) -> None:
    users = {where(path) for path in SOURCES if framework in roots(path)}
    assert all(user.startswith(homes) for user in users), users


@pytest.mark.parametrize("path", SOURCES, ids=where)
def test_files_stay_small_and_named_for_what_they_hold(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
    assert not {"utils", "helpers", "manager", "common"} & set(path.relative_to(REPOSITORY).with_suffix("").parts)


def test_configuration_is_data_only() -> None:
    assert not list((REPOSITORY / "conf").rglob("*.py"))
