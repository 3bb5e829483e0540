"""A few users at a time: the same neighbours, sums and lists as the plain computation of large blocks."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from tasks.augmentation.generator import FEW_USERS
from tasks.config import load_component
from tasks.domain import Evidence, NewUsers, Ragged, UserFeatures, VirtualBehaviour
from tasks.hybrid.gate import Gate
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.online import alike
from tasks.hybrid.online.filters import OnlineItems, online_filter
from tasks.hybrid.online.neighbours import Neighbours, SharedRows
from tasks.hybrid.online.profiles import SortedProfiles
from tasks.hybrid.online.select import head
from tasks.hybrid.same_visit import SameVisit
from tasks.hybrid.sources import FilterSource, PriorSource, SegmentSource, Source, relative
from tasks.recommenders.attention.attention_filter import AttentionFilter
from tasks.recommenders.similarity import COSINE, PEARSON, Neighbourhood, Rows
from tests.recommenders.conftest import virtual_of_block
from tests.worlds import block_new_users, block_training

ITEMS, BLOCKS, USERS = 60, 3, 30
TRAINING = block_training()
IDS = block_new_users().users.ids.tolist()


def complete(asked: NewUsers) -> VirtualBehaviour:
    whole = virtual_of_block(USERS, ITEMS, BLOCKS, shift=1, weight=0.37)
    return dataclasses.replace(whole, matrix=whole.matrix[[IDS.index(one) for one in asked.ids]])


def sparse(rows: int, columns: int, seed: int, binary: bool) -> csr_array:
    draw = np.random.default_rng(seed)
    matrix = csr_array(random_array((rows, columns), density=0.08, rng=draw, format="csr"), dtype=np.float32)
    matrix.data[:] = 1 if binary else draw.uniform(0.1, 2, matrix.nnz).astype(np.float32)
    matrix.sort_indices()
    return matrix


def profiles_of(matrix: csr_array) -> SortedProfiles:
    users = matrix.shape[0]
    ids, nothing = np.arange(users, dtype=np.uint64), UserFeatures.none(users)
    rows = Ragged(matrix.indptr.astype(np.int64))
    return SortedProfiles.real(NewUsers(rows, matrix.indices, None, matrix.data, nothing, None, ids))


def nearest(near: Neighbours, profiles: SortedProfiles) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boundaries of the profiles' neighbours, which they are, and how much alike."""
    found = [
        alike.most_alike(*met, *near.hood[:2], profiles.items[one], *near.hood[2:], near.places)
        for one, met in zip(profiles.slices, near.met(profiles), strict=True)
    ]
    ends = np.cumsum([0, *(len(rows) for rows, _ in found)])
    return ends, np.concatenate([rows for rows, _ in found]), np.concatenate([similar for _, similar in found])


@pytest.mark.parametrize("binary", [True, False])  # binary rows are often equally alike: the edge is full of ties
@pytest.mark.parametrize(("most", "shrink"), [(1, 0.0), (7, 0.0), (40, 3.0), (500, 0.0)])
def test_the_neighbours_are_those_of_blocks(binary: bool, most: int, shrink: float) -> None:
    warm, queries = sparse(400, 70, 1, binary), sparse(50, 70, 2, binary)
    hood = Neighbourhood(Rows(warm, COSINE), most, shrink)
    expected = hood.of(Rows(queries, COSINE))
    ends, rows, similar = nearest(SharedRows().neighbours(hood), profiles_of(queries))
    np.testing.assert_array_equal(ends, expected.indptr)
    np.testing.assert_array_equal(rows, expected.indices)
    np.testing.assert_allclose(similar, expected.data, rtol=3e-7)


def test_filters_that_look_among_the_same_rows_share_them() -> None:
    warm, shared = sparse(40, 30, 3, False), SharedRows()
    few, many = (shared.neighbours(Neighbourhood(Rows(warm.copy(), COSINE), most, 0.0)) for most in (2, 50))
    profiles = profiles_of(sparse(1, 30, 4, False))
    few_rows, many_rows = nearest(few, profiles)[1], nearest(many, profiles)[1]
    assert len(profiles.known) == 1
    assert set(few_rows) < set(many_rows)
    other = sparse(40, 30, 3, False)
    other.data[5] += 1
    shared.neighbours(Neighbourhood(Rows(other, COSINE), 2, 0.0)).met(profiles)
    assert len(profiles.known) == 2


@pytest.mark.parametrize("columns", [20, 20_000])  # more and fewer entries than columns
def test_sums_are_those_of_scipy(columns: int) -> None:
    draw = np.random.default_rng(0)
    rows = csr_array(
        random_array((300, columns), density=min(1, 20 / columns), rng=draw, format="csr"), dtype=np.float32
    )
    rows.data -= np.float32(0.3)  # what is not above 0 says nothing
    profiles = profiles_of(sparse(1, 300, 1, False))
    whole = csr_array((profiles.weights, profiles.items, profiles.indptr), shape=(1, 300))
    expected = np.maximum((whole @ rows).toarray()[0], 0)
    online = OnlineItems(rows, SharedRows())
    for _ in range(2):  # the room is left as it was found
        out = np.zeros((1, columns), np.float32)
        told = online.add(profiles, np.array([0.5], np.float32), out)
        assert (told is None) == (columns == 20)
        assert told is None or set(np.flatnonzero(expected)) <= set(told.tolist())
        np.testing.assert_allclose(out[0], expected * (0.5 / expected.max()), rtol=2e-6)


def test_completed_profiles_are_sorted_sums() -> None:
    users = block_new_users().users.select(np.arange(9))
    virtual = complete(users)
    whole = csr_array(users.support(ITEMS) + virtual.matrix)
    whole.sort_indices()
    real = SortedProfiles.real(users)
    made = real.completed(virtual)
    for name, array in (("indptr", whole.indptr), ("items", whole.indices), ("weights", whole.data)):
        np.testing.assert_array_equal(getattr(made, name), array)
    assert real.completed(None) is real
    for row in range(len(users)):
        own = users.items[users.rows.indptr[row] : users.rows.indptr[row + 1]].tolist()
        places = dict(zip(made.items[made.indptr[row] : made.indptr[row + 1]].tolist(), _of(made, row), strict=True))
        assert [places[item] for item in own] == list(range(len(own) - 1, -1, -1))


def _of(profiles: SortedProfiles, row: int) -> list[float]:
    return profiles.from_end[profiles.indptr[row] : profiles.indptr[row + 1]].tolist()


FITTED: dict[str, Any] = {
    "user_knn_cosine": lambda: load_component("recommender", "user_knn_cosine", {"neighbours": 11}),
    "item_knn_cosine": lambda: load_component("recommender", "item_knn_cosine"),
    "item_knn_pearson": lambda: load_component("recommender", "item_knn_pearson"),
    "rp3beta": lambda: load_component("recommender", "rp3beta"),
    "ease": lambda: load_component("recommender", "ease", {"dense_items": 30}),
    "ials": lambda: load_component("recommender", "ials", {"factors": 8}),
    "same_visit": lambda: SameVisit(neighbours=9),
    "attention": lambda: AttentionFilter(neighbours=13),
}


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize("name", FITTED)
def test_each_filter_adds_what_its_source_adds(name: str, virtual: bool) -> None:
    fitted = FITTED[name]().fit(TRAINING)
    users = block_new_users(shots=None).users
    source = FilterSource(name, fitted, complete if virtual else None)
    weights = np.random.default_rng(0).uniform(0.1, 2, USERS).astype(np.float32)
    expected, found = np.ones((2, USERS, ITEMS), dtype=np.float32)
    source.add(users, weights, expected)
    quick = online_filter(fitted, virtual, SharedRows())
    assert quick is not None
    profiles = SortedProfiles.real(users)
    quick.add(profiles.completed(complete(users)) if virtual else profiles, weights, found)
    np.testing.assert_allclose(found, expected, rtol=2e-6)


def test_what_has_no_quick_form_is_left_to_its_source() -> None:
    shared = SharedRows()
    assert online_filter(load_component("recommender", "user_knn_pearson").fit(TRAINING), False, shared) is None
    assert online_filter(load_component("recommender", "ease").fit(TRAINING), False, shared) is None  # dense
    assert online_filter(AttentionFilter(virtual=-1.0).fit(TRAINING), True, shared) is None
    assert online_filter(AttentionFilter(virtual=-1.0).fit(TRAINING), False, shared) is not None
    hood = Neighbourhood(Rows(sparse(9, 9, 0, True), PEARSON), 3, 0.0)
    assert hood.rows.similarity is not COSINE


def whole_hybrid() -> Hybrid:
    counts = np.random.default_rng(5).random(ITEMS)
    filters = {name: make().fit(TRAINING) for name, make in FITTED.items()}
    segments = load_component("recommender", "segment_popularity").fit(TRAINING)
    sources: tuple[Source, ...] = (
        PriorSource("popularity", relative(counts)),
        PriorSource("late_popularity", relative(counts**3)),
        SegmentSource("segment_popularity", segments),
        *(FilterSource(name, fitted) for name, fitted in filters.items()),
        FilterSource("user_knn_pearson", load_component("recommender", "user_knn_pearson").fit(TRAINING)),
        FilterSource("user_knn_cosine_virtual", filters["user_knn_cosine"], complete, Evidence.VIRTUAL),
        FilterSource("attention_virtual", filters["attention"], complete, Evidence.VIRTUAL),
    )
    draw = np.random.default_rng(7)
    few, many = draw.uniform(0, 1, (2, len(sources)))
    few[3] = many[3] = 0
    return Hybrid(ITEMS, sources, Gate(tuple(source.name for source in sources), few, many))


@pytest.mark.parametrize("shots", [0, 1, 3, None])
def test_lists_of_few_are_those_of_many(shots: int | None) -> None:
    hybrid, users = whole_hybrid(), block_new_users(shots=shots).users
    assert len(users) <= FEW_USERS
    expected = hybrid.parts(users)
    for _ in range(2):  # the second time popularity is remembered
        found = hybrid.online.parts(users)
        assert found.keys() == expected.keys()
        for kind, part in expected.items():
            np.testing.assert_allclose(found[kind], part, rtol=3e-6, atol=1e-6)
    lists = hybrid.top_k(users, 10, seed=2)
    for row in range(len(users)):
        alone = hybrid.top_k(users.select(np.array([row])), 10, seed=2)
        assert alone.ids.tolist() == lists.ids[[row]].tolist()
        assert alone.evidence.tolist() == lists.evidence[[row]].tolist()


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.sampled_from([0.0, 1e-30, 0.25, 0.2500001, 1.0, 3.5]), min_size=1, max_size=40), st.integers(1, 45))
def test_the_head_holds_the_largest_and_of_equal_ones_the_first(values: list[float], depth: int) -> None:
    found = head(np.array(values, np.float32), depth)
    order = sorted(range(len(values)), key=lambda place: (-np.float32(values[place]), place))
    assert found.tolist() == sorted(order[:depth])
