import ast
import sys
from pathlib import Path

ALLOWED = {"torch", "pytorch_lightning", "numpy", "scipy", "lightning_modules"} | set(sys.stdlib_module_names)
PACKAGE = Path(__file__).resolve().parents[2] / "lightning_modules"


def test_the_package_imports_only_what_a_training_machine_has() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 10
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] in ALLOWED, f"{path} imports {name}"
