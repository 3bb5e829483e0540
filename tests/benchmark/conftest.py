from pathlib import Path

import pytest

from tasks.runs import Home
from tests.benchmark.engine import Inside


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Inside]:
    own = type("Own", (Inside,), {"done": [], "home": Home(tmp_path / "home"), "dies_at": None})
    monkeypatch.setattr("tasks.benchmark.crew.WorkerProcess", own)
    return own
