import datetime
import shutil
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from polars.testing import assert_frame_equal

from tasks.errors import DataError
from tasks.ingestion.folders import cache_folder
from tasks.ingestion.sources.ml_100k import Ml100k
from tasks.overrides import CONF_DIR


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """A few lines of the files of GroupLens: no headings, films in Latin-1."""
    folder = tmp_path / "ml_100k"
    folder.mkdir()
    (folder / "u.data").write_text("196\t242\t3\t881250949\n186\t2\t3\t891717742\n")
    (folder / "u.user").write_text("186|24|M|technician|85711\n196|53|F|none|9\u00e94043\n", encoding="latin-1")
    flags = "0|" * 18 + "0"
    (folder / "u.item").write_text(
        f'242|Am\u00e9lie "1" (1995)|01-Jan-1995||http://x|{flags[:16]}1{flags[17:]}\n2|unknown||||1|{flags[2:]}\n',
        encoding="latin-1",
    )
    return folder


def test_original_files(originals: Path, cache: Path) -> None:
    log = Ml100k(path=str(originals)).load(cache)
    rows = log.rows.collect()
    assert dict(rows.schema) == dict(log.schema)
    assert rows.row(0) == (196, 242, datetime.datetime(1997, 12, 4, 15, 55, 49, tzinfo=datetime.UTC))
    assert log.user_features is not None
    assert log.item_features is not None
    assert log.user_features.collect().rows() == [(186, 24.0, "M", "technician"), (196, 53.0, "F", "none")]
    assert log.item_features.collect().rows() == [(242, 'Am\u00e9lie "1"', "Drama"), (2, None, None)]


def test_folder_without_users(originals: Path, cache: Path) -> None:
    (originals / "u.user").unlink()
    with pytest.raises(DataError, match=r"expected the folder of MovieLens 100K with .*; u\.user is not there"):
        Ml100k(path=str(originals)).load(cache)


def test_path_that_is_not_there(cache: Path) -> None:
    with pytest.raises(DataError, match=r"dataset\.path=/nowhere does not exist"):
        Ml100k(path="/nowhere").load(cache)


@pytest.mark.slow
def test_published_wheel() -> None:
    log = Ml100k().load(cache_folder())
    rows = log.rows.collect()
    assert (len(rows), rows["user_id"].n_unique(), rows["item_id"].n_unique()) == (100_000, 943, 1682)
    assert log.user_features is not None
    assert log.item_features is not None
    assert len(log.user_features.collect()) == 943
    films = log.item_features.collect()
    assert films.row(0) == (1, "Toy Story", "Animation")
    assert films["title"].null_count() == 1
    assert_frame_equal(Ml100k().load(cache_folder()).rows, log.rows)


def test_users_are_held_out_unless_told_otherwise(tmp_path: Path) -> None:
    # The real groups under a small root with the real order: the split must stand before the data set in it.
    order = yaml.safe_load((CONF_DIR / "config.yaml").read_text())["defaults"]
    defaults = [entry for entry in order if {"dataset", "split"} & set(entry)]
    for group in ("dataset", "split"):
        shutil.copytree(CONF_DIR / group, tmp_path / group)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"defaults": [*defaults, "_self_"]}))
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        for overrides, split in (([], "user_holdout"), (["split=temporal"], "temporal")):
            composed = compose("config", ["dataset=ml_100k", *overrides], return_hydra_config=True)
            assert composed.hydra.runtime.choices["split"] == split
