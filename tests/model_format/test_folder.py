import json
import os

import numpy as np
import polars as pl
import pytest
import torch

from tasks.errors import ModelError
from tasks.model_format import FolderReader, writing
from tasks.model_format.manifest import write_manifest
from tasks.model_format.paths import inside


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "model"
    with writing(path) as writer:
        writer.write_json("plain.json", {"name": "Zürich", "values": [1, 0.1, None]})
        writer.write_arrays("deep/arrays.npz", {"a": np.arange(3, dtype=np.int32), "t": np.array(["x"])})
        writer.write_tensors("weights.safetensors", {"w": torch.arange(4.0).reshape(2, 2).T})
        writer.write_frame("items.parquet", pl.DataFrame({"item_id": ["x", "y"]}))
        (writer.subfolder("part") / "own.json").write_text("{}")
    return path


def test_what_was_written_is_read(folder):
    reader = FolderReader(folder)
    assert reader.read_json("plain.json") == {"name": "Zürich", "values": [1, 0.1, None]}
    assert reader.read_arrays("deep/arrays.npz")["a"].tolist() == [0, 1, 2]
    assert reader.read_arrays("deep/arrays.npz")["a"].dtype == np.int32
    assert reader.read_tensors("weights.safetensors")["w"].tolist() == [[0, 2], [1, 3]]
    assert reader.read_frame("items.parquet").get_column("item_id").to_list() == ["x", "y"]
    assert (reader.subfolder("part") / "own.json").is_file()
    with pytest.raises(ModelError, match="absent"):
        reader.subfolder("absent")


@pytest.mark.parametrize(
    "name", ["plain.json", "deep/arrays.npz", "weights.safetensors", "items.parquet", "part/own.json"]
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


def test_a_pickled_array_is_refused_and_never_run(folder, tmp_path):
    mark = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return (mark.touch, ())

    np.savez(folder / "deep/arrays.npz", a=np.array([Trap()], dtype=object))
    write_manifest(folder)
    with pytest.raises(ModelError, match=r"arrays\.npz"):
        FolderReader(folder).read_arrays("deep/arrays.npz")
    assert not mark.exists()


def test_python_objects_are_never_written(tmp_path):
    with pytest.raises(ValueError, match="Python objects"), writing(tmp_path / "model") as writer:
        writer.write_arrays("a.npz", {"a": np.array([object()])})
    assert list(tmp_path.iterdir()) == []


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
