"""Gains on hand-made figures."""

import numpy as np
import polars as pl
import pytest

from tasks.inspection.gains import gains_of, labels_of_class, labels_of_number, over_shots, short_number


def test_gains_by_segment_by_hand() -> None:
    towns = ["Ulm"] * 20 + ["Bath"] * 12
    ours = np.array([0.5] * 20 + [0.1] * 12)
    reference = np.array([0.3] * 20 + [0.2] * 12)
    gains = gains_of(("ours", ours), ("theirs", reference), {"town": towns}, "NDCG@10")
    everybody, ulm, bath = gains.segments
    assert (everybody.users, ulm.value, ulm.users, bath.value, bath.users) == (32, "Ulm", 20, "Bath", 12)
    assert everybody.gain == pytest.approx((20 * 0.2 - 12 * 0.1) / 32)
    assert (everybody.gain_share, everybody.loss_share) == (20 / 32, 12 / 32)
    assert ulm.gain == pytest.approx(0.2)
    assert (ulm.low, ulm.high) == pytest.approx((0.2, 0.2))  # all users gain the same
    assert bath.gain == pytest.approx(-0.1)
    assert (bath.ours, bath.reference, bath.loss_share) == pytest.approx((0.1, 0.2, 1.0))
    assert everybody.low < everybody.gain < everybody.high


def test_users_without_both_figures_do_not_count() -> None:
    ours, reference = np.array([0.5, np.nan, 0.5]), np.array([0.25, 0.25, np.nan])
    (everybody,) = gains_of(("a", ours), ("b", reference), {"town": ["x", "y", "z"]}, "HR@10").segments
    assert (everybody.users, everybody.gain) == (1, 0.25)
    nobody = np.full(3, np.nan)
    assert gains_of(("a", nobody), ("b", nobody), {}, "HR@10").segments == ()


def test_small_segments_are_added_up_and_one_for_all_is_left_out() -> None:
    labels = ["big"] * 15 + ["small"] * 5 + ["tiny"] * 3
    figures = ("a", np.ones(23)), ("b", np.zeros(23))
    segments = gains_of(*figures, {"town": labels, "same": ["one"] * 23}, "NDCG@10").segments
    assert [(one.group, one.value, one.users) for one in segments[1:]] == [("town", "big", 15), ("town", "others", 8)]


def test_ranges_rise_and_classes_fall_by_size() -> None:
    figures = ("a", np.ones(60)), ("b", np.zeros(60))
    lengths = [2] * 30 + [10] * 15 + [100] * 15
    towns = ["b"] * 15 + ["a"] * 45
    segments = gains_of(*figures, {"items": labels_of_number(lengths), "town": towns}, "NDCG@10").segments
    assert [one.value for one in segments[1:]] == ["2", "10", "100", "a", "b"]


def test_numbers_are_cut_where_about_equally_many_users_are() -> None:
    assert labels_of_number([1, 2, 3, 4, 5, 6]) == ["1 – 2", "1 – 2", "3 – 4", "3 – 4", "5 – 6", "5 – 6"]
    assert labels_of_number([8, 12, 12, 12]) == ["8", "12", "12", "12"]
    assert labels_of_number([1, 1, 1, 5]) == ["1", "1", "1", "5"]
    assert labels_of_number([7, 7]) == ["7", "7"]
    assert labels_of_number(pl.Series([1.0, None, float("nan")])) == ["1", "unknown", "unknown"]
    assert labels_of_number([]) == []
    assert short_number(1234567.0) == "1234567"
    assert short_number(18.28314) == "18.28"


def test_a_class_nobody_knows_has_a_name() -> None:
    assert labels_of_class(pl.Series([1.0, None, 2.5])) == ["1", "unknown", "2.5"]


def test_figures_are_meant_over_shots_from_1_on() -> None:
    rows = [("m", "0", 1, 1.0), ("m", "1", 1, 0.2), ("m", "3", 1, 0.4), ("m", "1", 2, 0.5), ("other", "1", 1, 9.0)]
    schema = {"method": pl.String, "shots": pl.String, "user": pl.UInt64, "ndcg_at_10": pl.Float32}
    per_user = pl.DataFrame(rows, schema=schema, orient="row")
    values = over_shots(per_user, "m", "ndcg_at_10", np.array([2, 1, 3], dtype=np.uint64))
    np.testing.assert_allclose(values, [0.5, 0.3, np.nan], rtol=1e-6)
    only = per_user.filter(pl.col("shots") == "0")
    np.testing.assert_allclose(over_shots(only, "m", "ndcg_at_10", np.array([1], dtype=np.uint64)), [1.0])
