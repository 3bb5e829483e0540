"""Attention: known values, rows that sum to one, what it learns in worlds where the right answer is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.sparse import csr_array

from tasks.domain import Evidence
from tasks.recommenders import FittedRecommender
from tasks.recommenders.attention.attention_filter import AttentionFilter, FittedAttention, shares_of
from tasks.recommenders.attention.learn import _blocks, _item_hits, _Part, learn
from tasks.recommenders.attention.weights import COUNT, AttentionWeights, start
from tests.recommenders.conftest import virtual_of_block
from tests.worlds import block_new_users, block_training

BLOCKS, USERS, ITEMS = 3, 30, 60


@pytest.fixture(scope="module")
def fitted() -> FittedAttention:
    return AttentionFilter(neighbours=40, similar_items=20, item_shrink=1.0).fit(block_training())


def test_attention_sums_to_one_and_so_does_interest(fitted: FittedAttention) -> None:
    users = block_new_users().users
    attention = fitted.attention(users)
    whole = np.asarray(attention.neighbours.sum(axis=1)) + np.asarray(attention.items.sum(axis=1))
    np.testing.assert_allclose(whole, 1, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(fitted.interest(users).total.sum(axis=1)), 1, rtol=1e-4)
    support = users.support(ITEMS)
    assert set(zip(*attention.items.nonzero(), strict=True)) == set(zip(*support.nonzero(), strict=True))


def test_lists_stay_in_the_block(fitted: FittedAttention) -> None:
    top = fitted.top_k(block_new_users().users, 10)
    assert (top.ids % BLOCKS == (np.arange(USERS) % BLOCKS)[:, None]).mean() > 0.9


def test_interest_is_the_mixture_that_is_written_down(fitted: FittedAttention) -> None:
    users = block_new_users().users
    attention = fitted.attention(users)
    behaviour, similar = fitted.behaviour.toarray(), fitted.similar.toarray()
    rows = behaviour / behaviour.sum(axis=1, keepdims=True)
    near = similar / np.maximum(similar.sum(axis=1, keepdims=True), 1e-12)
    expected = attention.neighbours.toarray() @ rows + attention.items.toarray() @ near
    np.testing.assert_allclose(fitted.interest(users).total.toarray(), expected, atol=1e-6)


def test_gradient() -> None:
    training = block_training()
    fitted = AttentionFilter(neighbours=15, similar_items=10, item_shrink=1.0).fit(training)
    posed = training.episodes[2]
    part = _Part.of(fitted, posed, _blocks(posed)[0], item_shrink=1.0)
    at = start() + np.random.default_rng(0).normal(scale=0.3, size=COUNT)
    wrong = check_grad(lambda values: part.loss(values)[0], lambda values: part.loss(values)[1], at)
    assert wrong < 1e-3 * max(np.linalg.norm(part.loss(at)[1]), 1)


def test_nobody_is_their_own_neighbour() -> None:
    training = block_training()
    fitted = AttentionFilter(neighbours=200).fit(training)
    posed = training.episodes[2]
    rows = _blocks(posed)[0]
    part = _Part.of(fitted, posed, rows, item_shrink=1.0)
    own = posed.population[rows]
    assert not (part.neighbours.marks.indices == own[part.neighbours.rows]).any()


def test_similarity_without_the_user_by_hand() -> None:
    """Items 0 and 1 are held together by users 0 and 1; without user 0 only by user 1: 1 / √(1 · 2)."""
    training = block_training()
    behaviour = csr_array(np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1]], dtype=np.float32))
    fitted = AttentionFilter(neighbours=3, similar_items=3, item_shrink=0.0).fit(training)
    similar = csr_array(
        np.array(
            [[0, 2 / np.sqrt(6), 0], [2 / np.sqrt(6), 0, 1 / np.sqrt(3)], [0, 1 / np.sqrt(3), 0]], dtype=np.float32
        )
    )
    shown = replace_matrices(fitted, behaviour, similar)
    users = replace(block_new_users(shots=1).users.select(np.array([0])), items=np.array([0], dtype=np.int32))
    from tasks.recommenders.collaborative import Profiles

    looks = shown.item_looks.of(users, Profiles.of(users, 3))
    targets = csr_array(np.array([[0, 1, 0]], dtype=np.float32))
    hits = _item_hits(shown, looks, targets, np.array([2.0, 3.0, 1.0]), 0.0)
    np.testing.assert_allclose(hits.share, [(1 / np.sqrt(1 * 2)) / (2 / np.sqrt(6))], rtol=1e-5)


def replace_matrices(fitted: FittedAttention, behaviour: csr_array, similar: csr_array) -> FittedAttention:
    return FittedAttention(
        fitted.provenance,
        behaviour,
        similar,
        None,
        np.zeros((behaviour.shape[0], 0), dtype=np.int32),
        fitted.weights,
        fitted.virtual,
        fitted.neighbours,
        fitted.shrink,
        fitted.fallback,
    )


def test_learning_lowers_the_loss() -> None:
    training = block_training()
    fitted = AttentionFilter(neighbours=100, item_shrink=1.0).fit(training)
    parts = [_Part.of(fitted, posed, rows, 1.0) for posed in training.episodes[1:] for rows in _blocks(posed)]
    found = learn(fitted, training.episodes, 1.0, ridge=0.0)
    before, after = (sum(part.loss(values)[0] for part in parts) for values in (start(), found))
    assert after < before
    assert np.isfinite(found).all()


def test_without_episodes_it_is_plain_similarity() -> None:
    training = replace(block_training(), episodes=())
    fitted = AttentionFilter().fit(training)
    np.testing.assert_array_equal(fitted.weights, start())
    users = block_new_users().users
    attention = fitted.attention(users)
    # Weight on the log of similarity is 1: attention is the neighbours' similarities, divided by their sum.
    similar = fitted.neighbour_looks.warm.of(_rows(users))
    expected = shares_of(similar).toarray() * 0.5
    np.testing.assert_allclose(attention.neighbours.toarray(), expected, rtol=1e-4)


def _rows(users: object) -> object:
    from tasks.recommenders.similarity import COSINE, Rows

    return Rows(users.support(ITEMS), COSINE)  # type: ignore[attr-defined]


def test_real_and_virtual_are_told_apart(fitted: FittedAttention) -> None:
    users = block_new_users().users
    completed = users.with_virtual(virtual_of_block(USERS, ITEMS, BLOCKS, 0))
    attention = fitted.attention(completed)
    support = users.support(ITEMS).toarray() > 0
    items = attention.items.tocoo()
    np.testing.assert_array_equal(attention.items_virtual == 0, support[items.row, items.col])
    distrustful = replace_trust(fitted, -50.0).attention(completed)
    virtual_items = distrustful.items.data[distrustful.items_virtual == 1]
    assert virtual_items.max(initial=0) < 1e-6
    interest = fitted.interest(completed)
    total, real = interest.total.toarray(), interest.real().toarray()  # type: ignore[misc, union-attr]
    assert (real <= total + 1e-6).all()
    assert real.sum() < 0.99 * total.sum()


def replace_trust(fitted: FittedAttention, virtual: float) -> FittedAttention:
    return FittedAttention(
        fitted.provenance,
        fitted.behaviour,
        fitted.similar,
        fitted.last_seen,
        fitted.categories,
        fitted.weights,
        virtual,
        fitted.neighbours,
        fitted.shrink,
        fitted.fallback,
    )


def test_saved_and_loaded(fitted: FittedAttention, tmp_path: Path) -> None:
    fitted.save(tmp_path / "attention")
    again = FittedRecommender.load(tmp_path / "attention")
    users = block_new_users().users
    np.testing.assert_array_equal(again.score(users), fitted.score(users))


def test_nothing_known_is_left_to_popularity(fitted: FittedAttention) -> None:
    users = block_new_users(shots=0).users
    assert fitted.interest(users).total.nnz == 0
    assert (fitted.top_k(users, 3).evidence == Evidence.POPULARITY).all()


def test_balance_is_smooth_in_the_number_of_items() -> None:
    values = start()
    values[-2:] = [1.0, -0.5]
    balance = AttentionWeights(values, 0.0).balance(np.array([0, 1, 10]))
    np.testing.assert_allclose(balance, 1 / (1 + np.exp(-(1 - 0.5 * np.log1p([0, 1, 10])))))
