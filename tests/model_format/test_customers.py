"""Who a model was fitted on, and classes of items, come back as they were written."""

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tasks.model_format import Customers, ItemVocabulary, Model
from tests.model_format.models import block_model, build, load_own_block
from tests.worlds import block_training


class Log:
    users = pl.DataFrame({"user_id": [f" u{row}" for row in range(120)]})


@pytest.mark.parametrize("has_times", [True, False])
def test_customers_are_read_as_written(tmp_path: Path, has_times: bool) -> None:
    training = block_training()
    if not has_times:
        histories = dataclasses.replace(training.warm.histories, times=None)
        training = dataclasses.replace(training, warm=dataclasses.replace(training.warm, histories=histories, now=None))
    customers = Customers.of(Log, training)  # type: ignore[arg-type]
    colours = pl.DataFrame({"colour": ["red", None] * 30, "title": ["a", "b"] * 30})
    plain = block_model()
    items = ItemVocabulary(plain.items.ids, None, colours)
    dataclasses.replace(plain, items=items, customers=customers).save(tmp_path / "model")
    model = Model.load(tmp_path / "model", build=build, load_generator=load_own_block)
    assert model.items.categories is not None
    assert model.items.categories.equals(colours)
    assert model.items.titles is None
    found = model.customers
    assert found is not None
    assert found.ids.to_list() == [f"u{row}" for row in range(120)]
    assert (found.row_of("u7"), found.row_of("nobody")) == (7, None)
    for name in ("items", "times", "weights", "now", "ids"):
        np.testing.assert_array_equal(getattr(found.users, name), getattr(customers.users, name))
    np.testing.assert_array_equal(found.users.rows.indptr, customers.users.rows.indptr)
    np.testing.assert_array_equal(found.users.features.categories, customers.users.features.categories)
    np.testing.assert_array_equal(found.users.features.numbers, customers.users.features.numbers)


def test_models_without_them_are_read(tmp_path: Path) -> None:
    block_model().save(tmp_path / "model")
    model = Model.load(tmp_path / "model", build=build, load_generator=load_own_block)
    assert (model.customers, model.items.categories) == (None, None)
