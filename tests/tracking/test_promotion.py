"""An alias that moves on and returns."""

import uuid
from pathlib import Path

import pytest

from tasks.errors import ModelError
from tasks.runs import Home
from tasks.tracking import TrackingSettings, register_model
from tasks.tracking.promotion import PREVIOUS, promote, roll_back, run_of
from tests.tracking.test_registry import trained


def test_promotions_are_taken_back_one_by_one(home: Home, settings: TrackingSettings, tmp_path: Path) -> None:
    name = f"coldcart-{uuid.uuid4().hex[:8]}"
    one, two, three = (trained(home, settings, tmp_path, f"{content} {name}") for content in ("one", "two", "three"))
    store = one.store
    register_model(one, name)
    moved = promote(two, name, "champion", 1, store)
    assert (moved.before, moved.after) == (1, 2)
    assert promote(two, name, "champion", 1, store) == moved, "a promotion that was interrupted comes here again"
    with pytest.raises(ModelError, match="was moved from version 1 to 2 meanwhile: version 3 stays a challenger"):
        promote(three, name, "champion", 1, store)
    assert run_of(name, "champion", store) == (2, two.id)
    promote(three, name, "champion", 2, store)
    aliases = store.client.get_registered_model(name).aliases
    assert (int(aliases["champion"]), int(aliases[PREVIOUS])) == (3, 2)
    assert roll_back(name, "champion", store).after == 2
    assert int(store.client.get_registered_model(name).aliases[PREVIOUS]) == 1
    assert roll_back(name, "champion", store).after == 1
    with pytest.raises(
        ModelError, match="is version 1, which no refresh has put there: there is nothing to roll back to"
    ):
        roll_back(name, "champion", store)


def test_a_version_that_was_deleted_cannot_be_returned_to(
    home: Home, settings: TrackingSettings, tmp_path: Path
) -> None:
    name = f"coldcart-{uuid.uuid4().hex[:8]}"
    one, two = (trained(home, settings, tmp_path, f"{content} {name}") for content in ("one", "two"))
    register_model(one, name)
    promote(two, name, "champion", 1, one.store)
    one.store.client.delete_registered_model_alias(name, PREVIOUS)
    one.store.client.delete_model_version(name, "1")
    with pytest.raises(ModelError, match="took the place of version 1, which was deleted"):
        roll_back(name, "champion", one.store)
    with pytest.raises(ModelError, match="names no version: train and register one first"):
        run_of("coldcart-nobody", "champion", one.store)
