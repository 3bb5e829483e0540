"""What every recommender in conf/recommender keeps to, in a world where the right answer is known."""

from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from tasks.config import load_component
from tasks.domain import NO_ITEM, Evidence, NewUsers, Provenance, Ragged, UserFeatures
from tasks.overrides import choices
from tasks.recommenders import FittedRecommender, load_fitted
from tasks.recommenders.collaborative import CollaborativeFilter
from tasks.recommenders.popularity import FittedPopularity
from tests.recommenders.conftest import Fit, described_training, virtual_of_block
from tests.worlds import block_new_users

NAMES = choices("recommender")
BLOCKS = 3


def kind(settings: Any) -> type[FittedRecommender]:
    """What a recommender becomes when it is fitted, as its ``fit`` declares."""
    return get_type_hints(type(settings).fit)["return"]


SETTINGS = {name: load_component("recommender", name) for name in NAMES}
KINDS = {name: kind(settings) for name, settings in SETTINGS.items()}
FORMS = [name for name in NAMES if issubclass(KINDS[name], FittedPopularity)]
IMPERSONAL = [name for name in FORMS if KINDS[name] is FittedPopularity]
TELLING_USERS_APART = [name for name in NAMES if name not in IMPERSONAL]
PERSONAL = [name for name in NAMES if name not in FORMS]
PURE = [name for name in PERSONAL if issubclass(KINDS[name], CollaborativeFilter)]
SILENT = [name for name in PERSONAL if not KINDS[name].serves_without_events]
SPEAKING = [name for name in TELLING_USERS_APART if KINDS[name].serves_without_events]
BLIND = [name for name in PERSONAL if name.startswith(("episode_ridge", "knn_text"))]
"""Blind to virtual users: what these learn from is episodes and descriptions of items."""


def own_block(ids: np.ndarray) -> np.ndarray:
    return ids % BLOCKS == (np.arange(len(ids)) % BLOCKS)[:, None]


def nobody(users: int) -> NewUsers:
    return NewUsers(
        rows=Ragged.from_lengths(np.zeros(users, dtype=np.int64)),
        items=np.zeros(0, dtype=np.int32),
        times=None,
        weights=np.zeros(0, dtype=np.float32),
        features=UserFeatures.none(users),
        now=None,
        ids=np.arange(users, dtype=np.uint64),
    )


def support_pairs(users: NewUsers) -> set[tuple[int, int]]:
    return set(zip(users.rows.row_of_entry.tolist(), users.items.tolist(), strict=True))


@pytest.mark.parametrize("name", TELLING_USERS_APART)
def test_recovers_the_blocks(name: str, fit: Fit) -> None:
    posed = block_new_users()
    top = fit(name).top_k(posed.users, 10)
    assert own_block(top.ids).mean() > 0.99
    hits = np.take_along_axis(posed.targets.toarray(), top.ids, axis=1).sum(axis=1)
    assert hits.mean() > 1.5  # 4 targets among the 17 unseen items of the block, 10 places: 2.4 by chance


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shots", [0, 1, 3, None])
def test_lists_are_long_distinct_and_hold_no_support_item(name: str, shots: int | None, fit: Fit) -> None:
    users = block_new_users(shots=shots).users
    top = fit(name).top_k(users, 10)
    assert top.ids.shape == (30, 10)
    assert top.ids.dtype == np.int32
    assert top.scores.dtype == np.float32
    assert top.evidence.dtype == np.uint8
    assert all(len(set(row)) == 10 for row in top.ids.tolist())
    assert (top.ids >= 0).all()
    assert (top.ids < 60).all()
    assert (np.diff(top.scores, axis=1) <= 0).all()
    assert np.isfinite(top.scores).all()
    recommended = {(user, item) for user, row in enumerate(top.ids.tolist()) for item in row}
    assert not recommended & support_pairs(users)


@pytest.mark.parametrize("name", NAMES)
def test_a_user_alone_gets_the_list_of_the_batch(name: str, fit: Fit) -> None:
    users = block_new_users().users.with_virtual(virtual_of_block(30, 60, BLOCKS, shift=1, weight=0.3))
    fitted = fit(name)
    batch = fitted.top_k(users, 7, seed=5)
    for user in range(0, 30, 7):
        alone = fitted.top_k(users.select(np.array([user])), 7, seed=5)
        np.testing.assert_array_equal(alone.ids[0], batch.ids[user])
        np.testing.assert_array_equal(alone.scores[0], batch.scores[user])
        np.testing.assert_array_equal(alone.evidence[0], batch.evidence[user])


@pytest.mark.parametrize("name", NAMES)
def test_scores_and_evidence_agree_with_the_lists(name: str, fit: Fit) -> None:
    users = block_new_users().users.with_virtual(virtual_of_block(30, 60, BLOCKS, shift=1, weight=0.3))
    fitted = fit(name)
    top = fitted.top_k(users, 7)
    scores = fitted.score(users)
    assert scores.shape == (30, 60)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(np.take_along_axis(scores, top.ids, axis=1), top.scores)
    np.testing.assert_array_equal(fitted.evidence(users, top.ids), top.evidence)


@pytest.mark.parametrize("name", NAMES)
def test_filters(name: str, fit: Fit) -> None:
    users, fitted = block_new_users().users, fit(name)
    exclude = np.zeros(60, dtype=np.bool_)
    exclude[:20] = True
    assert (fitted.top_k(users, 10, exclude=exclude).ids >= 20).all()
    top = fitted.top_k(users, 10, allow=exclude)
    assert (top.ids < 20).all()
    few = np.zeros(60, dtype=np.bool_)
    few[[3, 4]] = True
    top = fitted.top_k(users, 4, allow=few, exclude=exclude)
    assert (top.ids == NO_ITEM).all()
    assert np.isneginf(top.scores).all()
    assert (top.evidence == Evidence.POPULARITY).all()
    top = fitted.top_k(users, 4, allow=few)
    held = support_pairs(users)
    for user, row in enumerate(top.ids.tolist()):
        allowed = {item for item in (3, 4) if (user, item) not in held}
        assert set(row[: len(allowed)]) == allowed
        assert set(row[len(allowed) :]) == {NO_ITEM}


@pytest.mark.parametrize("name", NAMES)
def test_lists_may_be_longer_than_the_catalogue(name: str, fit: Fit) -> None:
    users = block_new_users().users
    top = fit(name).top_k(users, 100)
    assert top.ids.shape == (30, 100)
    np.testing.assert_array_equal((top.ids != NO_ITEM).sum(axis=1), 60 - users.shots)


@pytest.mark.parametrize("name", NAMES)
def test_repeats_can_be_looked_at(name: str, fit: Fit) -> None:
    users = block_new_users().users
    top = fit(name).top_k(users, 60, mask_support=False)
    assert (np.sort(top.ids, axis=1) == np.arange(60)).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_again_and_after_save_and_load(name: str, fit: Fit, tmp_path: Path) -> None:
    users = block_new_users().users.with_virtual(virtual_of_block(30, 60, BLOCKS, shift=1, weight=0.3))
    training = described_training().with_virtual_rows(virtual_of_block(12, 60, BLOCKS, shift=0))
    fitted = fit(name, training)
    expected = fitted.top_k(users, 10, seed=1)
    fitted.save(tmp_path / "saved")
    assert {path.suffix for path in (tmp_path / "saved").rglob("*") if path.is_file()} == {".npz", ".json"}
    for other in (fit(name, training), load_fitted(tmp_path / "saved"), type(fitted).load(tmp_path / "saved")):
        found = other.top_k(users, 10, seed=1)
        np.testing.assert_array_equal(found.ids, expected.ids)
        np.testing.assert_array_equal(found.scores, expected.scores)
        np.testing.assert_array_equal(found.evidence, expected.evidence)
        assert other.provenance == fitted.provenance


@pytest.mark.parametrize("name", NAMES)
def test_records_whom_it_saw(name: str, fit: Fit) -> None:
    training = described_training()
    histories = training.warm.histories
    expected = Provenance.of(name, histories.users, histories.times)
    assert fit(name, training).provenance == expected


@pytest.mark.parametrize("name", PERSONAL)
def test_support_and_virtual_completion_change_the_scores(name: str, fit: Fit) -> None:
    users, fitted = block_new_users().users, fit(name)
    plain = fitted.score(users)
    assert not np.array_equal(fitted.score(block_new_users(seed=2).users), plain)
    completed = users.with_virtual(virtual_of_block(30, 60, BLOCKS, shift=1))
    assert not np.array_equal(fitted.score(completed), plain)


@pytest.mark.parametrize("name", NAMES)
def test_virtual_users_are_neighbours_but_not_popularity(name: str, fit: Fit) -> None:
    users = block_new_users().users
    neighbours = described_training().with_virtual_rows(virtual_of_block(40, 60, BLOCKS, shift=0))
    same = np.array_equal(fit(name, neighbours).score(users), fit(name).score(users))
    assert same == (name in FORMS + BLIND)


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_popularity_look_at_no_behaviour(name: str, fit: Fit) -> None:
    posed = block_new_users()
    completed = posed.users.with_virtual(virtual_of_block(30, 60, BLOCKS, shift=1))
    scores = fit(name).score(posed.users)
    np.testing.assert_array_equal(fit(name).score(block_new_users(shots=0).users), scores)
    np.testing.assert_array_equal(fit(name).score(completed), scores)
    assert (fit(name).top_k(completed, 5).evidence == Evidence.POPULARITY).all()
    assert (scores == scores[0]).all() == (name in IMPERSONAL)


@pytest.mark.parametrize("name", PURE)
def test_evidence_says_what_carried_an_item(name: str, fit: Fit) -> None:
    fitted = fit(name)
    users = block_new_users().users
    real = fitted.top_k(users, 10)
    assert (real.evidence[own_block(real.ids)] == Evidence.REAL).all()
    virtual = virtual_of_block(30, 60, BLOCKS, shift=1)
    made_up = fitted.top_k(nobody(30).with_virtual(virtual), 10)
    assert (made_up.evidence == Evidence.VIRTUAL).all()
    assert (made_up.ids % BLOCKS == ((np.arange(30) + 1) % BLOCKS)[:, None]).mean() > 0.99
    both = fitted.top_k(users.with_virtual(virtual), 30)
    of_support, of_virtual = own_block(both.ids), both.ids % BLOCKS == ((np.arange(30) + 1) % BLOCKS)[:, None]
    spoken = both.scores > 0
    assert (both.evidence[of_support & spoken] == Evidence.REAL).all()
    assert (both.evidence[of_virtual & spoken] == Evidence.VIRTUAL).all()
    assert (both.evidence[~spoken] == Evidence.POPULARITY).all()


@pytest.mark.parametrize("name", PERSONAL)
def test_virtual_items_are_not_masked(name: str, fit: Fit) -> None:
    virtual = virtual_of_block(30, 60, BLOCKS, shift=1)
    top = fit(name).top_k(block_new_users().users.with_virtual(virtual), 60)
    listed = {(user, item) for user, row in enumerate(top.ids.tolist()) for item in row}
    rows, columns = virtual.matrix.nonzero()
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) <= listed


@pytest.mark.parametrize("name", TELLING_USERS_APART)
def test_nothing_known_means_popularity(name: str, fit: Fit) -> None:
    popularity = fit("popularity").top_k(nobody(20), 10, seed=3)
    top = fit(name).top_k(nobody(20), 10, seed=3)
    np.testing.assert_array_equal(top.ids, popularity.ids)
    assert (top.evidence == Evidence.POPULARITY).all()


@pytest.mark.parametrize("name", SILENT)
def test_features_alone_mean_popularity_to_the_silent(name: str, fit: Fit) -> None:
    users = block_new_users(shots=0).users
    np.testing.assert_array_equal(fit(name).top_k(users, 10).ids, fit("popularity").top_k(users, 10).ids)


@pytest.mark.parametrize("name", SPEAKING)
def test_features_alone_tell_the_block_to_the_others(name: str, fit: Fit) -> None:
    assert own_block(fit(name).top_k(block_new_users(shots=0).users, 10).ids).mean() > 0.99


def test_virtual_neighbours_are_virtual_evidence(fit: Fit) -> None:
    """Warm users of another world than the virtual ones: only these hold what the new users hold."""
    training = described_training()
    rows = virtual_of_block(30, 60, BLOCKS, shift=0, weight=10.0)
    top = fit("user_knn_cosine", training.with_virtual_rows(rows)).top_k(block_new_users().users, 30)
    assert (top.evidence == Evidence.VIRTUAL).any()
    assert (top.evidence == Evidence.REAL).any()
