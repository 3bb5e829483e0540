"""docs/article.md at its word: every row is there, and every file and test it names."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = (REPOSITORY / "docs" / "article.md").read_text(encoding="utf-8")
ROWS = (
    *("P1", "P2", "P3"),
    *("G1", "G2", "G3", "G4", "G5", "G6"),
    *("C1", "C2", "C3", "C4"),
    *("U1", "U2", "U3", "U4"),
    *("F1", "F2", "F3", "F4", "F5", "F6", "F7"),
    "X1",
)
ENTRY = re.compile(r"^\*\*([A-Z]\d) · ", re.MULTILINE)
PATH = re.compile(r"`((?:flows|tasks|lightning_modules|conf|tests|docs|benchmarks)/[^`:\s]*)(?:::(\w+))?`")


def entries() -> dict[str, str]:
    """The text of each row."""
    page = PAGE.split("## Where we differ")[0]
    starts = [*ENTRY.finditer(page)]
    ends = [*(found.start() for found in starts[1:]), len(page)]
    return {found[1]: page[found.start() : end] for found, end in zip(starts, ends, strict=True)}


def functions_of(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_every_row_is_there_once_and_in_order() -> None:
    assert tuple(ENTRY.findall(PAGE)) == ROWS


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_its_code_and_its_tests_or_says_not_yet(row: str) -> None:
    text = entries()[row]
    named = PATH.findall(text)
    has_code = any(not path.startswith("tests/") for path, _ in named)
    has_test = any(test for _, test in named)
    assert (has_code and has_test) or "**Not yet**" in text


def test_every_file_and_every_test_exists() -> None:
    named = PATH.findall(PAGE)
    assert len(named) > 60
    for path, test in named:
        assert (REPOSITORY / path).exists(), path
        assert not test or test in functions_of(REPOSITORY / path), f"{path}::{test}"
