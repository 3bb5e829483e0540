"""Saved recommenders: what cannot be trusted is refused with a reason."""

import json
from pathlib import Path

import numpy as np
import pytest

from tasks.errors import ModelError
from tasks.recommenders import load_fitted
from tasks.recommenders.popularity import FittedPopularity
from tasks.recommenders.user_knn import FittedUserKNN
from tests.recommenders.conftest import Fit


@pytest.fixture
def saved(fit: Fit, tmp_path: Path) -> Path:
    fit("user_knn_cosine").save(tmp_path / "model")
    return tmp_path / "model"


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / "recommender.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_same_bytes_again(saved: Path, fit: Fit, tmp_path: Path) -> None:
    fit("user_knn_cosine").save(tmp_path / "again")
    for path in saved.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere.recommender\.json"):
        load_fitted(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["os.system", "tasks.config.load_config", "tasks.recommenders.storage.load", "Popen"])
def test_only_our_recommenders_are_built(saved: Path, name: str) -> None:
    rewrite(saved, **{"class": name})
    with pytest.raises(ModelError, match="is not a FittedRecommender"):
        load_fitted(saved)


def test_another_class_than_asked_for(saved: Path) -> None:
    assert isinstance(FittedUserKNN.load(saved), FittedUserKNN)
    with pytest.raises(ModelError, match="is not a FittedPopularity"):
        FittedPopularity.load(saved)


def test_a_later_format(saved: Path) -> None:
    rewrite(saved, format=99)
    with pytest.raises(ModelError, match="format 99"):
        load_fitted(saved)


def test_damage(saved: Path) -> None:
    (saved / "arrays.npz").write_bytes((saved / "arrays.npz").read_bytes()[:100])
    with pytest.raises(ModelError, match="damaged"):
        load_fitted(saved)


def test_pickles_are_not_read(saved: Path) -> None:
    np.savez(saved / "arrays.npz", allow_pickle=True, fallback=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ModelError, match="damaged"):
        load_fitted(saved)
