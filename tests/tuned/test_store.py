"""Tuned settings are kept whole, next to those of other methods."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.errors import ConfigError
from tasks.tuned.store import TunedSettings, read_tuned, write_tuned

TUNED = TunedSettings({"shrink": 1.5, "fallback": {"form": "popularity"}}, 0.25, 3, ("shrink",), 1.0, "ab" * 32)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_tuned(tmp_path, "shop", "rest", "ease", TUNED)
    write_tuned(tmp_path, "shop", "rest", "ials", replace(TUNED, value=0.5))
    write_tuned(tmp_path, "shop", "rest", "ease", replace(TUNED, trials=4))
    assert read_tuned(tmp_path, "shop", "rest") == {"ease": replace(TUNED, trials=4), "ials": replace(TUNED, value=0.5)}
    assert read_tuned(tmp_path, "shop", "next_visits") == {}


def test_an_interrupted_write_leaves_the_earlier_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tuned(tmp_path, "shop", "rest", "ease", TUNED)

    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(OSError, match="no space left"):
            write_tuned(tmp_path, "shop", "rest", "ials", TUNED)
    assert read_tuned(tmp_path, "shop", "rest") == {"ease": TUNED}
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["rest.yaml"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "rest.yaml").write_text("ease: {settings: {}}\n")
    with pytest.raises(ConfigError, match=r"shop/rest\.yaml: expected tuned settings"):
        read_tuned(tmp_path, "shop", "rest")
