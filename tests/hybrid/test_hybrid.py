"""The hybrid: sums of weighed scores, out-of-fold answers, candidates to learn from."""

import numpy as np
import pytest

from tasks.config import load_component
from tasks.domain import Evidence, NewUsers, VirtualBehaviour
from tasks.evaluation.methods import Ranker
from tasks.hybrid.candidates import choices_of
from tasks.hybrid.gate import Choices, Gate, fit_gate
from tasks.hybrid.hybrid import Hybrid, OutOfFold
from tasks.hybrid.sources import FilterSource, GeneratorSource, PriorSource, SegmentSource, Source, relative, score_of
from tests.augmentation.made_up import FixedGenerator
from tests.recommenders.conftest import virtual_of_block
from tests.worlds import block_new_users, block_training

ITEMS, BLOCKS, USERS = 60, 3, 30


def prior(seed: int = 0) -> PriorSource:
    return PriorSource("popularity", relative(np.random.default_rng(seed).random(ITEMS)))


def knn(completion: object = None, evidence: Evidence = Evidence.REAL) -> FilterSource:
    fitted = load_component("recommender", "user_knn_cosine").fit(block_training())
    return FilterSource("user_knn_cosine", fitted, completion, evidence)  # type: ignore[arg-type]


def hybrid(sources: tuple[Source, ...], few: list[float], many: list[float]) -> Hybrid:
    names = tuple(source.name for source in sources)
    return Hybrid(ITEMS, sources, Gate(names, np.array(few), np.array(many)))


def test_relative() -> None:
    np.testing.assert_allclose(
        relative(np.array([[2.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])), [[1, 0.5, 0.5, 0], [0] * 4]
    )


def test_scores_are_the_weighted_sum() -> None:
    users = block_new_users().users
    sources = (prior(), knn())
    out = np.empty((USERS, ITEMS), dtype=np.float32)
    both = hybrid(sources, [1.0, 0.0], [0.5, 4.0])
    both.score_into(users, out)
    weights = both.gate.at(users.shots)
    expected = sum(weights[:, [m]] * score_of(source, users, ITEMS) for m, source in enumerate(sources))
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    interest = score_of(sources[1], users, ITEMS)
    np.testing.assert_allclose(interest.max(axis=1), 1.0, rtol=1e-6)


def test_with_all_weight_on_one_score_it_is_that_method() -> None:
    users = block_new_users().users
    alone = hybrid((prior(), knn()), [0.0, 1.0], [0.0, 1.0]).top_k(users, 5, seed=1)
    own_block = alone.ids % BLOCKS == (np.arange(USERS) % BLOCKS)[:, None]
    assert own_block.all()
    assert (alone.evidence == Evidence.REAL).all()
    popular = hybrid((prior(), knn()), [1.0, 0.0], [1.0, 0.0]).top_k(users, 5, seed=1)
    order = np.argsort(-prior().values)
    held = users.support(ITEMS).toarray() > 0
    for user, row in enumerate(popular.ids):
        assert row.tolist() == [item for item in order if not held[user, item]][:5]
    assert (popular.evidence == Evidence.POPULARITY).all()


def test_completed_profiles_speak_for_users_without_events() -> None:
    users = block_new_users(shots=0).users

    def complete(asked: NewUsers) -> VirtualBehaviour:
        return virtual_of_block(USERS, ITEMS, BLOCKS, shift=1)

    top = hybrid((prior(), knn(complete, Evidence.VIRTUAL)), [0.1, 1.0], [0.1, 1.0]).top_k(users, 5)
    assert (top.ids % BLOCKS == ((np.arange(USERS) + 1) % BLOCKS)[:, None]).all()
    assert (top.evidence == Evidence.VIRTUAL).all()
    np.testing.assert_array_equal(score_of(knn(), users, ITEMS), 0)


def test_the_generator_counts_by_its_mean_probability() -> None:
    users = block_new_users().users
    drawn = np.random.default_rng(3).random((2, USERS, ITEMS)).astype(np.float32)
    scores = score_of(GeneratorSource("generator", FixedGenerator(drawn), 2, 0), users, ITEMS)
    expected = drawn.mean(axis=0)
    np.testing.assert_allclose(scores, expected / expected.max(axis=1, keepdims=True), rtol=1e-4)


def test_segments_are_in_units_of_the_largest() -> None:
    users = block_new_users().users
    fitted = load_component("recommender", "segment_popularity").fit(block_training())
    scores, own = score_of(SegmentSource("segment", fitted), users, ITEMS), fitted.score(users)
    np.testing.assert_allclose(scores, own / own.max(axis=1, keepdims=True), rtol=1e-5)


def test_candidates_hold_no_support_item_and_tell_what_was_taken() -> None:
    posed = block_new_users()
    choices = choices_of((prior(), knn()), posed, np.arange(USERS, dtype=np.uint8) % 5, depth=20)
    assert len(choices.shots) == USERS
    np.testing.assert_allclose(np.add.reduceat(choices.taken, choices.starts[:-1]), 1.0)
    assert np.diff(choices.starts).max() <= 40
    assert set(choices.fold.tolist()) == set(range(5))


def test_the_gate_finds_the_filter_in_the_block_world() -> None:
    sources: tuple[Source, ...] = (prior(), knn())
    folds = np.arange(USERS, dtype=np.uint8) % 5
    learned = choices_of(sources, block_new_users(), folds, depth=30)
    start = Gate(("popularity", "user_knn_cosine"), np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    gate = fit_gate(learned, start, ridge=0.01)
    top = Hybrid(ITEMS, sources, gate).top_k(block_new_users(seed=7).users, 10)
    assert (top.ids % BLOCKS == (np.arange(USERS) % BLOCKS)[:, None]).mean() > 0.9
    shares = Hybrid(ITEMS, sources, gate).shares(block_new_users(seed=7).users)
    assert shares["user_knn_cosine"] > 0.5
    assert sum(shares.values()) == pytest.approx(1)


def test_everybody_is_answered_by_the_gate_that_did_not_see_them() -> None:
    users = block_new_users().users
    by_prior = [hybrid((prior(seed),), [1.0], [1.0]) for seed in range(5)]

    def fold_of(asked: NewUsers) -> np.ndarray:
        return (asked.ids % 5).astype(np.uint8)

    crossed: Ranker = OutOfFold(tuple(by_prior), fold_of)
    lists = crossed.top_k(users, 4)
    for fold, one in enumerate(by_prior):
        own = np.flatnonzero(users.ids % 5 == fold)
        np.testing.assert_array_equal(lists.ids[own], one.top_k(users.select(own), 4).ids)


def test_gate_and_scores_must_fit() -> None:
    with pytest.raises(ValueError, match="the gate weighs"):
        Hybrid(ITEMS, (prior(),), Gate(("other",), np.ones(1), np.ones(1)))


def test_choices_without_anybody() -> None:
    posed = block_new_users()
    posed.targets.data[:] = 0
    posed.targets.eliminate_zeros()
    none = choices_of((prior(),), posed, np.zeros(USERS, dtype=np.uint8), depth=5)
    assert len(none.shots) == 0
    assert len(Choices.joined([none, none]).starts) == 1
