"""Interest as CSR and as an array: the same scores, the same evidence."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import csr_array

from tasks.domain import Evidence, NewUsers, Provenance
from tasks.recommenders.blend import FittedBlend
from tasks.recommenders.collaborative import CollaborativeFilter, Interest
from tests.worlds import block_new_users

Form = Callable[[np.ndarray], np.ndarray | csr_array]
FORMS: dict[str, Form] = {"sparse": csr_array, "dense": np.ascontiguousarray}


class Given(CollaborativeFilter):
    """Interest as it is given, the first half of the columns carried by real behaviour."""

    def __init__(self, values: np.ndarray, form: Form) -> None:
        self.n_items, self.values, self.form = values.shape[1], values, form
        self.provenance = Provenance("given", 0, "", None)
        self.fallback = (-np.arange(self.n_items) / self.n_items).astype(np.float32)

    def interest(self, users: NewUsers) -> Interest:
        """The rows of the users' ids."""
        values = self.values[users.ids.astype(np.intp)]
        real = values * (np.arange(self.n_items) < self.n_items // 2)
        return Interest(self.form(values), lambda: self.form(real))


def values() -> np.ndarray:
    """30 users and 60 items: a third of the entries 0, some below, and one user without any above 0."""
    random = np.random.default_rng(0)
    found = random.normal(0.5, 1, (30, 60)).astype(np.float32)
    found[random.random(found.shape) < 1 / 3] = 0
    found[4] = -np.abs(found[4])
    return found


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_is_not_above_zero_is_left_to_the_fallback(form: Form) -> None:
    given = Given(values(), form)
    users = block_new_users(shots=0).users
    scores = given.score(users)
    np.testing.assert_array_equal(scores, np.where(values() > 0, values(), given.fallback))
    ids = np.tile(np.arange(60, dtype=np.int32), (30, 1))
    expected = np.where(np.arange(60) < 30, Evidence.REAL, Evidence.VIRTUAL)
    np.testing.assert_array_equal(given.evidence(users, ids), np.where(values() > 0, expected, Evidence.POPULARITY))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_blends_add_what_is_above_zero(form: Form) -> None:
    prior = np.linspace(0.1, 0, 60, dtype=np.float32)
    blend = FittedBlend(Provenance("given_blend", 0, "", None), Given(values(), form), prior, 0.0)
    positive = np.maximum(values(), 0)
    largest = positive.max(axis=1, keepdims=True)
    expected = np.divide(positive, largest, out=np.zeros_like(positive), where=largest > 0) + prior
    users = block_new_users(shots=0).users
    np.testing.assert_allclose(blend.score(users), expected, rtol=1e-6)
    ids = np.tile(np.arange(60, dtype=np.int32), (30, 1))
    real = np.where(np.arange(60) < 30, Evidence.REAL, Evidence.VIRTUAL)
    np.testing.assert_array_equal(
        blend.evidence(users, ids), np.where(expected - prior > prior, real, Evidence.POPULARITY)
    )
