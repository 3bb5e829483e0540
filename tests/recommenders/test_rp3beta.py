"""RP3beta by its formula, written out densely."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.domain import VirtualBehaviour
from tasks.recommenders.rp3beta import RP3Beta
from tests.recommenders.conftest import training_of, virtual_of_block
from tests.worlds import block_new_users, block_training


def by_the_formula(behaviour: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Similarities (I, I) of dense behaviour (U, I), the diagonal left out."""
    of_item = behaviour.T / behaviour.sum(axis=0)[:, None]
    of_user = behaviour / behaviour.sum(axis=1)[:, None]
    similar = (of_item**alpha) @ (of_user**alpha) / behaviour.sum(axis=0) ** beta
    np.fill_diagonal(similar, 0)
    return similar


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.6, 0.4), (1.7, 1.0)])
def test_similarities_follow_the_formula(alpha: float, beta: float) -> None:
    training = block_training(users=24, items=12, blocks=1)
    # Virtual rows bring users and items with unequal weights into play.
    rows = csr_array(np.random.default_rng(0).random((6, 12), dtype=np.float32))
    training = training.with_virtual_rows(VirtualBehaviour(rows, "test", 0))
    found = RP3Beta(alpha=alpha, beta=beta, neighbours=12).fit(training).similar.toarray()
    expected = by_the_formula(training.behaviour().toarray().astype(np.float64), alpha, beta)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_two_users_by_hand() -> None:
    """One user holds items 0 and 1, another 1, 2 and 3: from 0 all walks lead to 1, which two users hold."""
    training = training_of([[1, 1, 0, 0], [0, 1, 1, 1]])
    found = RP3Beta(alpha=1.0, beta=1.0, neighbours=4).fit(training).similar.toarray()
    np.testing.assert_allclose(found[0], [0, 1 / 2 / 2, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(found[1], [1 / 2 * 1 / 2, 0, 1 / 2 * 1 / 3, 1 / 2 * 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(found[2], [0, 1 / 3 / 2, 0, 1 / 3], rtol=1e-6)


def test_without_behaviour_everything_is_left_to_the_fallback() -> None:
    assert RP3Beta().fit(training_of([[0, 0, 0]])).similar.nnz == 0


def test_the_best_neighbours_are_kept() -> None:
    training = block_training(users=60, items=20, blocks=1)
    whole = RP3Beta(neighbours=20).fit(training).similar.toarray()
    some = RP3Beta(neighbours=5).fit(training).similar
    assert (np.diff(some.indptr) == 5).all()
    np.testing.assert_allclose(np.sort(some.toarray(), axis=1)[:, -5:], np.sort(whole, axis=1)[:, -5:], rtol=1e-6)
    assert (some.diagonal() == 0).all()


def test_interest_adds_up_over_the_profile() -> None:
    training = block_training()
    users = block_new_users().users.with_virtual(virtual_of_block(30, 60, 3, shift=1, weight=0.5))
    fitted = RP3Beta().fit(training)
    interest = fitted.interest(users)
    assert users.virtual is not None
    real, similar = users.support(60).toarray(), fitted.similar.toarray()
    assert isinstance(interest.total, csr_array)
    assert interest.real is not None
    np.testing.assert_allclose(interest.real().toarray(), real @ similar, rtol=1e-5)  # type: ignore[union-attr]
    np.testing.assert_allclose(
        interest.total.toarray(), (real + users.virtual.matrix.toarray()) @ similar, rtol=1e-5, atol=1e-9
    )


@pytest.mark.parametrize("setting", [{"alpha": 0.0}, {"beta": -0.1}, {"neighbours": 0}])
def test_settings_are_checked(setting: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        RP3Beta(**setting)
