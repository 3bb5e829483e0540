import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.features.scaling import Scaler

VALUES = np.array([[1.0], [2.0], [3.0], [4.0], [100.0]])


def test_standard_gives_mean_zero_and_deviation_one():
    scaled = Scaler.fit(VALUES, "standard").transform(VALUES)
    assert scaled.mean() == pytest.approx(0, abs=1e-6)
    assert scaled.std() == pytest.approx(1, abs=1e-6)


def test_robust_takes_median_and_middle_half():
    scaler = Scaler.fit(VALUES, "robust", clip=1000)
    assert scaler.transform(VALUES).ravel().tolist() == [-1.0, -0.5, 0.0, 0.5, 48.5]


def test_min_max_maps_training_rows_to_zero_and_one():
    scaler = Scaler.fit(np.array([[10.0], [20.0], [15.0]]), "min_max")
    assert scaler.transform(np.array([[10.0], [20.0], [15.0], [25.0]])).ravel().tolist() == [0.0, 1.0, 0.5, 1.5]


@pytest.mark.parametrize("scaling", ["standard", "robust", "min_max"])
def test_constant_and_empty_columns_are_safe(scaling):
    values = np.array([[7.1, np.nan], [7.1, np.nan], [np.nan, np.nan]])
    assert Scaler.fit(values, scaling).transform(values).tolist() == [[0, 0], [0, 0], [0, 0]]


def test_robust_falls_back_where_the_middle_half_is_one_value():
    values = np.array([[0.0]] * 9 + [[10.0]])
    assert Scaler.fit(values, "robust").transform(values)[-1, 0] == pytest.approx(10 / values.std())


def test_missing_values_become_zero_and_do_not_move_the_fit():
    with_gap = Scaler.fit(np.array([[1.0], [np.nan], [3.0], [np.inf]]), "standard")
    assert with_gap.centre.tolist() == [2.0]
    assert with_gap.transform(np.array([[np.nan], [2.0], [-np.inf]])).ravel().tolist() == [0.0, 0.0, 0.0]


def test_far_values_are_held_within_the_clip():
    assert Scaler.fit(VALUES, "robust", clip=3).transform(np.array([[1e300], [-1e300]])).ravel().tolist() == [3, -3]


@given(
    arrays(np.float64, (6, 2), elements=st.floats(width=32)),
    st.sampled_from(["standard", "robust", "min_max"]),
)
def test_scaled_values_are_finite_and_survive_json(values, scaling):
    scaler = Scaler.fit(values, scaling)
    again = Scaler.from_json(json.loads(json.dumps(scaler.to_json())))
    assert np.isfinite(scaler.transform(values)).all()
    assert again.transform(values).tobytes() == scaler.transform(values).tobytes()
