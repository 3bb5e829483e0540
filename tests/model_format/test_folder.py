import json
import os

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import save_file

from tasks.errors import ModelError
from tasks.model_format import FolderReader, writing
from tasks.model_format.paths import inside


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    with writing(path) as writer:
        writer.write_json("plain.json", {"name": "Zürich", "values": [1, 0.1, None]})
        writer.write_frame("items.parquet", pl.DataFrame({"item_id": ["x", "y"]}))
        part = writer.subfolder("part")
        (part / "own.json").write_text("{}")
        np.savez(part / "arrays.npz", a=np.arange(3))
        save_file({"w": torch.arange(4.0)}, part / "weights.safetensors")
    return path


def test_what_was_written_is_read(folder):
    reader = FolderReader(folder)
    assert reader.read_json("plain.json") == {"name": "Zürich", "values": [1, 0.1, None]}
    assert reader.read_frame("items.parquet").get_column("item_id").to_list() == ["x", "y"]
    assert (reader.subfolder("part") / "own.json").is_file()
    with pytest.raises(ModelError, match="absent"):
        reader.subfolder("absent")


@pytest.mark.parametrize(
    "name", ["plain.json", "part/arrays.npz", "part/weights.safetensors", "items.parquet", "part/own.json"]
)
def test_a_changed_file_is_named(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} was changed"):
        FolderReader(folder)


def test_missing_and_surplus_files_are_named(folder):
    (folder / "plain.json").rename(folder / "other.json")
    with pytest.raises(ModelError, match=r"plain\.json is missing"):
        FolderReader(folder)
    (folder / "plain.json").write_bytes((folder / "other.json").read_bytes())
    with pytest.raises(ModelError, match=r"other\.json does not belong"):
        FolderReader(folder)


def test_files_that_may_hold_code_are_refused(folder):
    (folder / "weights.pkl").write_bytes(b"")
    with pytest.raises(ModelError, match=r"weights\.pkl"):
        FolderReader(folder)


def test_links_are_refused(folder, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ModelError, match=r"link\.json"):
        FolderReader(folder)


@pytest.mark.parametrize(
    "name", ["../x.json", "/etc/x.json", "a/../x.json", "a//x.json", "./x.json", "a\\x.json", "c:x.json", "", ".x.json"]
)
def test_names_stay_inside_the_folder(tmp_path, name):
    with pytest.raises(ModelError):
        inside(tmp_path, name)


def test_a_manifest_that_leads_outside_is_refused(folder, tmp_path):
    (tmp_path / "outside.json").write_text("{}")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["../outside.json"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="outside"):
        FolderReader(folder)


def test_a_broken_manifest_is_named(folder):
    (folder / "manifest.json").write_text("[]")
    with pytest.raises(ModelError, match=r"manifest\.json"):
        FolderReader(folder)


def test_a_failed_write_leaves_nothing_and_keeps_the_old_model(folder):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def fail():
        with writing(folder, replace=True) as writer:
            writer.write_json("plain.json", {"new": True})
            raise OSError(28, os.strerror(28))

    with pytest.raises(ModelError, match="No space left"):
        fail()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_an_existing_model_is_replaced_only_when_asked(folder):
    with pytest.raises(ModelError, match="exists already"), writing(folder):
        pass
    with writing(folder, replace=True) as writer:
        writer.write_json("new.json", {})
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "new.json"]
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
