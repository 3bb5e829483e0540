"""docs/architecture.md against the code: variables, packages, what lies in a home and in a model."""

import re
from pathlib import Path

from tasks.runs import Home

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
SOURCES = [path for name in ("flows", "tasks", "lightning_modules", "conf") for path in (REPOSITORY / name).rglob("*")]
OWN = re.compile(r"\bCOLDCART_[A-Z_]+\b")


def test_the_table_of_variables_is_complete() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    used = {name for path in SOURCES if path.suffix in {".py", ".yaml"} for name in OWN.findall(path.read_text())}
    assert {name for name in documented if name.startswith("COLDCART_")} == used


def test_every_package_has_a_line() -> None:
    packages = {path.parent.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "tasks").glob("*/__init__.py")}
    assert packages <= {name.rstrip("/") for name in re.findall(r"`([a-z_/]+/)`", PAGE)}


def test_everything_in_a_home_is_named() -> None:
    home = Home(Path("home"))
    names = {getattr(home, name).name for name, kind in vars(Home).items() if isinstance(kind, property)}
    assert {name for name in names if name not in PAGE} == set()
