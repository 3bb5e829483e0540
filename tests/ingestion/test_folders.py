from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.ingestion.folders import cache_folder, files_of, local_copy


def test_cache_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLDCART_CACHE", raising=False)
    assert cache_folder().name == "coldcart"
    monkeypatch.setenv("COLDCART_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


def test_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert local_copy("films", None) is None
    monkeypatch.setenv("COLDCART_DATA_DIR", str(tmp_path))
    assert local_copy("films", None) is None
    (tmp_path / "films").mkdir()
    assert local_copy("films", None) == tmp_path / "films"
    (tmp_path / "mine.csv").touch()
    assert local_copy("films", str(tmp_path / "mine.csv")) == tmp_path / "mine.csv"


def test_data_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDCART_DATA_DIR", "/nowhere")
    with pytest.raises(DataError, match="COLDCART_DATA_DIR=/nowhere is not a folder"):
        local_copy("films", None)


def test_one_kind_of_file_in_order(tmp_path: Path) -> None:
    for name in ("b.parquet", "a.parquet", "c.zip", "README.md"):
        (tmp_path / name).touch()
    assert [file.name for file in files_of(tmp_path, (".parquet", ".zip"), "films")] == ["a.parquet", "b.parquet"]
    assert [file.name for file in files_of(tmp_path, (".xlsx", ".zip"), "films")] == ["c.zip"]
    with pytest.raises(DataError, match=r"films is read from files ending in \.csv, got README\.md"):
        files_of(tmp_path / "README.md", (".csv",), "films")
