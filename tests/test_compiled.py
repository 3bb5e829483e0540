"""What was compiled of older sources is not used."""

from pathlib import Path

import pytest
from numba import config

from tasks import compiled


def test_everything_that_is_compiled_counts() -> None:
    names = {path.as_posix().rpartition("tasks/")[2] for path in compiled._sources()}
    assert {"hybrid/online/kernels.py", "hybrid/wide/kernels.py", "evaluation/statistics.py"} <= names
    assert any(name.endswith("lightning_modules/noise.py") for name in names)


def test_another_source_is_another_folder_and_the_older_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.setattr(compiled, "_TASKS", tmp_path)
    monkeypatch.setattr(compiled, "_sources", lambda: [tmp_path / "loops.py"])
    folders = []
    for text in ("one", "two", "two"):
        (tmp_path / "loops.py").write_text(text)
        compiled._keep()
        folders.append(Path(config.CACHE_DIR))
    assert folders[0] != folders[1] == folders[2]
    assert [path.name for path in folders[1].parent.iterdir()] == [folders[1].name]


def test_a_folder_that_cannot_be_made_leaves_numba_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", "")
    (tmp_path / "__pycache__").write_text("no folder")
    monkeypatch.setattr(compiled, "_TASKS", tmp_path)
    monkeypatch.setattr(compiled, "_sources", lambda: [])
    compiled._keep()
    assert config.CACHE_DIR == ""
