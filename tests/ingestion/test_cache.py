import errno
import hashlib
from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.ingestion import cache as cache_module
from tasks.ingestion.cache import cached

WORDS = b"users and items"


def write_words(partial: Path) -> None:
    partial.write_bytes(WORDS)


def must_not_be_made(partial: Path) -> None:
    raise AssertionError("it is in the cache")


def test_made_once_and_digest_known(tmp_path: Path) -> None:
    first = cached(tmp_path / "deep" / "words.txt", write_words)
    again = cached(tmp_path / "deep" / "words.txt", must_not_be_made)
    assert first == again
    assert first.sha256 == hashlib.sha256(WORDS).hexdigest()
    note = (tmp_path / "deep" / "words.txt.sha256").read_text()
    assert note == f"{first.sha256}  words.txt\n"  # what `sha256sum -c` reads


def test_damaged_file_is_made_again(tmp_path: Path) -> None:
    target = tmp_path / "words.txt"
    cached(target, write_words)
    target.write_bytes(b"users and itemz")
    assert cached(target, write_words).sha256 == hashlib.sha256(WORDS).hexdigest()
    assert target.read_bytes() == WORDS


def test_file_without_note_is_not_trusted(tmp_path: Path) -> None:
    target = tmp_path / "words.txt"
    target.write_bytes(b"half a fi")
    cached(target, write_words)
    assert target.read_bytes() == WORDS


def test_wrong_checksum_is_never_used(tmp_path: Path) -> None:
    target = tmp_path / "words.txt"
    with pytest.raises(DataError, match="wrong checksum and is not used: expected sha256 00ff, got"):
        cached(target, write_words, sha256="00ff")
    assert visible(tmp_path) == []


def test_file_kept_under_another_checksum_is_not_used(tmp_path: Path) -> None:
    target = tmp_path / "words.txt"
    cached(target, write_words)
    other = b"other words"
    cached(target, lambda partial: partial.write_bytes(other) and None, sha256=hashlib.sha256(other).hexdigest())
    assert target.read_bytes() == other


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(partial: Path) -> None:
        partial.write_bytes(b"half")
        raise DataError("no more")

    with pytest.raises(DataError, match="no more"):
        cached(tmp_path / "words.txt", fail)
    assert visible(tmp_path) == []
    assert not list(tmp_path.glob(".*partial*"))


@pytest.mark.parametrize("where", ["while writing", "while bringing to the disk"])
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    target = tmp_path / "words.txt"
    cached(target, write_words)
    full = OSError(errno.ENOSPC, "No space left on device")

    def write_in_vain(partial: Path) -> None:
        if where == "while writing":
            raise full
        partial.write_bytes(b"new")

    if where != "while writing":

        def fsync_in_vain(handle: int) -> None:
            raise full

        monkeypatch.setattr(cache_module.os, "fsync", fsync_in_vain)
    with pytest.raises(DataError, match=r"The disk is full: new.txt could not be kept in .*COLDCART_CACHE"):
        cached(tmp_path / "new.txt", write_in_vain)
    assert visible(tmp_path) == ["words.txt", "words.txt.sha256"]
    assert target.read_bytes() == WORDS


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match=r"could not be written .*COLDCART_CACHE"):
        cached(tmp_path / "file" / "words.txt", write_words)


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
