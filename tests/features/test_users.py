import json
import logging

import numpy as np
import polars as pl
import pytest

from tasks.domain import LogRoles
from tasks.errors import DataError
from tasks.features import FeatureSettings, UserEncoder

ROLES = LogRoles(has_times=True, user_categories=("area", "body"), user_numbers=("age", "height"))
WARM = pl.DataFrame(
    {
        "user_id": [1, 2, 3, 4, 5],
        "area": ["b", "a", "a", "b", "rare"],
        "body": [1, 1, None, 2, 2],
        "age": [20.0, 30.0, 40.0, None, 50.0],
        "height": [160, 170, 180, 190, 200],
    }
)


def encoder() -> UserEncoder:
    return UserEncoder.fit(WARM, ROLES, FeatureSettings(), rows=np.array([7, 8, 9, 10, 11]), times=np.array([5, 3]))


def test_codes_follow_the_sorted_values_and_zero_is_unknown():
    features = encoder().transform(WARM)
    assert features.categories.tolist() == [[2, 1], [1, 1], [1, 0], [2, 2], [0, 2]]
    assert features.categories.dtype == np.int32
    assert encoder().cardinalities == (3, 3)


def test_numbers_are_scaled_with_an_indicator_only_where_training_missed_some():
    numbers = encoder().transform(WARM).numbers
    deviation = np.std([20, 30, 40, 50])
    assert numbers.dtype == np.float32
    assert numbers.shape == (5, 3)
    assert numbers[:, 0] == pytest.approx([-15 / deviation, -5 / deviation, 5 / deviation, 0, 15 / deviation])
    assert numbers[:, 2].tolist() == [0, 0, 0, 1, 0]


def test_classes_are_the_same_whatever_type_a_file_gives_them():
    new = pl.DataFrame({"area": [" a", "nowhere", ""], "body": [1.0, 2.0, float("nan")], "age": ["20", "x", None]})
    features = encoder().transform(new)
    assert features.categories.tolist() == [[1, 1], [0, 2], [0, 0]]
    assert features.numbers[:, 2].tolist() == [0, 1, 1]


def test_an_absent_column_is_unknown_for_everyone_and_said_so(caplog):
    with caplog.at_level(logging.WARNING):
        features = encoder().transform(pl.DataFrame({"age": [20.0]}))
    assert features.categories.tolist() == [[0, 0]]
    assert "area" in caplog.text


def test_nothing_known_equals_a_row_of_nulls():
    nulls = pl.DataFrame({"area": [None], "body": [None], "age": [None], "height": [None]})
    unknown, from_nulls = encoder().unknown(1), encoder().transform(nulls)
    assert unknown.categories.tolist() == from_nulls.categories.tolist() == [[0, 0]]
    assert unknown.numbers.tolist() == from_nulls.numbers.tolist() == [[0, 0, 1]]


def test_a_loaded_encoder_encodes_exactly_alike():
    again = UserEncoder.from_json(json.loads(json.dumps(encoder().to_json())))
    assert again.transform(WARM).categories.tobytes() == encoder().transform(WARM).categories.tobytes()
    assert again.transform(WARM).numbers.tobytes() == encoder().transform(WARM).numbers.tobytes()
    assert again.provenance == encoder().provenance


def test_the_record_tells_whom_it_saw():
    assert encoder().provenance.users == 5
    assert encoder().provenance.newest == 5


def test_later_users_do_not_change_the_fit():
    before = encoder().transform(WARM).numbers
    encoder().transform(pl.DataFrame({"age": [1000.0], "height": [1]}))
    assert (encoder().transform(WARM).numbers == before).all()


def test_a_log_without_user_features_has_none():
    nothing = UserEncoder.fit(WARM, LogRoles(has_times=False), FeatureSettings())
    assert nothing.transform(WARM).categories.shape == (5, 0)
    assert nothing.transform(WARM).numbers.shape == (5, 0)
    assert nothing.unknown(2).numbers.shape == (2, 0)


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="'area'"):
        UserEncoder.fit(WARM.drop("area"), ROLES, FeatureSettings())


def test_shuffling_a_column_changes_the_features():
    shuffled = WARM.with_columns(pl.col("height").reverse())
    assert (encoder().transform(WARM).numbers != encoder().transform(shuffled).numbers).any()


@pytest.mark.parametrize(
    ("field", "value"), [("scaling", "log"), ("clip", 0.0), ("clip", float("nan")), ("rarest_category", 0)]
)
def test_settings_out_of_range_name_the_field(field, value):
    with pytest.raises(ValueError, match=field):
        FeatureSettings(**{field: value})
