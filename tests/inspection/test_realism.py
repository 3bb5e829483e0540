"""Comparisons of users on profiles small enough to do by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.inspection.realism import cooccurrence, nearest, neighbours, popularity_curve, project, together


def profiles(*rows: str) -> csr_array:
    """``1101`` is a user with the items 0, 1 and 3."""
    return csr_array(np.array([[int(one) for one in row] for row in rows], dtype=np.float32))


def test_together_counts_users_with_both_items() -> None:
    pairs = together(profiles("110", "110", "100", "001"), np.arange(3))
    # Item 0 has 3 users, item 1 has 2, both have 2.
    np.testing.assert_allclose(pairs, [[0, 2 / np.sqrt(6), 0], [2 / np.sqrt(6), 0, 0], [0, 0, 0]])


def test_items_nobody_took_go_with_nothing() -> None:
    np.testing.assert_array_equal(together(profiles("10", "10"), np.arange(2)), np.zeros((2, 2)))


def test_items_that_go_together_stand_together() -> None:
    world = profiles(*["101010", "010101"] * 5)
    pairs = cooccurrence(world, world, list("abcdef"))
    assert pairs is not None
    assert set(pairs.titles[:3]) in ({"a", "c", "e"}, {"b", "d", "f"})
    np.testing.assert_allclose(pairs.real[:3, :3], 1 - np.eye(3))
    np.testing.assert_allclose(pairs.real[:3, 3:], 0)
    np.testing.assert_allclose(pairs.difference, 0)
    assert pairs.distance == pytest.approx(0, abs=1e-6)


def test_structures_without_a_pair_in_common_are_as_far_apart_as_can_be() -> None:
    apart = cooccurrence(profiles("1100", "1100"), profiles("0011", "0011"), list("abcd"))
    assert apart is not None
    assert apart.distance == pytest.approx(np.sqrt(2))
    without = cooccurrence(profiles("1100", "1100"), profiles("0001"), list("abcd"))
    assert without is not None
    assert np.isnan(without.distance)


def test_only_what_most_users_took_is_compared() -> None:
    pairs = cooccurrence(profiles("1110", "1100", "1000"), profiles("1111"), list("abcd"), items=2)
    assert pairs is not None
    assert sorted(pairs.titles) == ["a", "b"]
    assert cooccurrence(profiles("10"), profiles("11"), list("ab")) is None


def test_the_nearest_neighbour_by_hand() -> None:
    # Cosine of 1100 with 1000 is 1/√2, with 0111 it is 1/√6.
    distances = nearest(profiles("1100", "0111", "0000"), profiles("1000", "0111"))
    np.testing.assert_allclose(distances, [1 - 1 / np.sqrt(2), 0, 1], atol=1e-9)


def test_a_user_is_no_neighbour_of_their_own() -> None:
    np.testing.assert_allclose(nearest(profiles("10", "01"), profiles("10", "01"), skip_own=True), [1, 1])
    np.testing.assert_allclose(nearest(profiles("10"), profiles("10")), [0])
    np.testing.assert_allclose(nearest(profiles("10"), profiles("10")[:0]), [1])


def test_neighbours_are_sought_among_equally_many() -> None:
    training, real, copies = profiles("1100", "0011", "1111"), profiles("1000", "0001"), profiles("1100", "1111")
    found = neighbours(training, real, copies)
    np.testing.assert_allclose(found.generated_to_training, [0, 1 - 1 / np.sqrt(2)], atol=1e-9)  # 1111 is third
    np.testing.assert_allclose(found.generated_to_new, [1, 0.5])
    np.testing.assert_allclose(found.new_to_training, [1 - 1 / np.sqrt(2)] * 2)


def test_each_group_is_ranked_by_itself() -> None:
    curve = popularity_curve(profiles("011", "010"), profiles("100", "101"))
    assert curve.real.tolist() == [2, 1, 0]
    assert curve.generated.tolist() == [2, 1, 0]


def test_the_plane_is_that_of_training_users_alone() -> None:
    training = profiles(*["11000", "11100", "00011", "00111"] * 3)
    first = project(training, profiles("11000", "00011"), profiles("11000"))
    other = project(training, profiles("11000"), profiles("00111", "00100"))
    assert first is not None
    assert other is not None
    np.testing.assert_allclose(first.real[0], other.real[0], atol=1e-9)
    np.testing.assert_allclose(first.real[0], first.generated[0], atol=1e-9)
    assert first.real[0, 0] * first.real[1, 0] < 0  # the two kinds lie on either side
    assert 0.5 < first.explained[0] <= 1
    assert first.explained == other.explained


def test_too_little_to_project_is_none() -> None:
    some = profiles("1100", "0011", "1010")
    assert project(some, some, some) is None
    same = profiles(*["1100"] * 5)
    assert project(same, same, same) is None
