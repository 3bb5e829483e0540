"""Placebo fills, in a world where it is known what each of them must make up."""

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lightning_modules.networks.article_formula import ArticleFormula
from lightning_modules.networks.conditional import Conditional
from lightning_modules.objective import Objective
from tasks.augmentation.complete_profiles import CompleteProfiles
from tasks.augmentation.fills.base import FittedFill
from tasks.augmentation.fills.collaborative import FillNeighbours
from tasks.augmentation.fills.no_adversary import without_adversary
from tasks.augmentation.fills.popular import FillPopular
from tasks.augmentation.fills.random_items import FillRandom, RandomFill
from tasks.augmentation.fills.ranked import RankedFill
from tasks.augmentation.policy import Policy
from tasks.config import load_component
from tasks.domain import NewUsers, Provenance, Ragged, UserFeatures, VirtualBehaviour
from tasks.errors import ConfigError
from tasks.overrides import CONF_DIR, choices
from tasks.recommenders.collaborative import Fallback
from tasks.recommenders.popularity import FittedPopularity
from tasks.recommenders.user_knn import UserKNNCosine
from tests.recommenders.conftest import virtual_of_block
from tests.worlds import block_new_users, block_training

FILLS = choices("fill")
PERSONAL = tuple(sorted(set(FILLS) - {"fill_popular", "fill_random"}))
TRAINING = block_training()
SEEN = Provenance.of("made_up", np.arange(3), None)


@pytest.fixture(scope="module")
def fills() -> dict[str, FittedFill]:
    return {name: load_component("fill", name).fit(TRAINING) for name in FILLS}


def drawn(fill: FittedFill, users: NewUsers, draws: int = 2, seed: int = 0) -> NDArray[np.float32]:
    """All blocks together, float32 (draws, U, I)."""
    parts = list(fill.draw(users, draws, seed))
    assert [0, *(block.stop for block, _ in parts)] == [*(block.start for block, _ in parts), len(users)]
    return np.concatenate([np.empty((draws, 0, fill.n_items), dtype=np.float32), *(part for _, part in parts)], axis=1)


def users_with(supports: list[list[int]]) -> NewUsers:
    items = np.array([item for support in supports for item in support], dtype=np.int32)
    return NewUsers(
        rows=Ragged.from_lengths(np.array([len(support) for support in supports])),
        items=items,
        times=None,
        weights=np.ones(len(items), dtype=np.float32),
        features=UserFeatures.none(len(supports)),
        now=None,
        ids=np.arange(len(supports), dtype=np.uint64),
    )


def own_block(users: int, items: int = 60) -> NDArray[np.bool_]:
    return np.arange(items) % 3 == (np.arange(users) % 3)[:, None]


def test_every_placebo_is_there() -> None:
    assert set(FILLS) == {"fill_popular", "fill_random", "fill_neighbours", "fill_ials"}


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("shots", [0, 1, 3, None])
def test_draws_are_probabilities_and_0_at_support_items(
    name: str, shots: int | None, fills: dict[str, FittedFill]
) -> None:
    users = block_new_users(shots=shots).users
    probabilities = drawn(fills[name], users, draws=3)
    assert probabilities.shape == (3, 30, 60)
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-5)
    assert not probabilities[:, users.rows.row_of_entry, users.items].any()


@pytest.mark.parametrize("name", FILLS)
def test_a_user_alone_gets_what_the_batch_gives(name: str, fills: dict[str, FittedFill]) -> None:
    users = block_new_users().users
    batch = drawn(fills[name], users, seed=5)
    for user in range(0, 30, 7):
        alone = drawn(fills[name], users.select(np.array([user])), seed=5)
        np.testing.assert_allclose(alone[:, 0], batch[:, user], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", FILLS)
def test_many_blocks_give_what_one_does(
    name: str, fills: dict[str, FittedFill], monkeypatch: pytest.MonkeyPatch
) -> None:
    users = block_new_users().users
    whole = drawn(fills[name], users)
    monkeypatch.setattr("tasks.recommenders.ranking.BLOCK_USERS", 7)
    assert len(list(fills[name].draw(users, 2, 0))) == 5
    np.testing.assert_allclose(drawn(fills[name], users), whole, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", FILLS)
def test_only_random_draws_differ_from_each_other_and_by_seed(name: str, fills: dict[str, FittedFill]) -> None:
    users = block_new_users().users
    first, second = drawn(fills[name], users)
    other_seed = drawn(fills[name], users, seed=1)[0]
    assert np.array_equal(first, second) == np.array_equal(first, other_seed) == (name != "fill_random")
    np.testing.assert_array_equal(drawn(fills[name], users)[1], second)


@pytest.mark.parametrize("name", FILLS)
def test_virtual_behaviour_that_users_carry_is_not_looked_at(name: str, fills: dict[str, FittedFill]) -> None:
    users = block_new_users().users
    carrying = users.with_virtual(virtual_of_block(30, 60, 3, shift=1))
    np.testing.assert_array_equal(drawn(fills[name], carrying), drawn(fills[name], users))


@pytest.mark.parametrize("name", FILLS)
def test_virtual_users_in_the_training_are_not_looked_at(name: str, fills: dict[str, FittedFill]) -> None:
    users = block_new_users().users
    rows = virtual_of_block(90, 60, 3, shift=1, weight=5.0)
    refitted = load_component("fill", name).fit(TRAINING.with_virtual_rows(rows))
    np.testing.assert_allclose(drawn(refitted, users), drawn(fills[name], users), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", FILLS)
def test_the_record_is_of_the_warm_users_under_the_name_of_the_fill(name: str, fills: dict[str, FittedFill]) -> None:
    histories = TRAINING.warm.histories
    assert fills[name].provenance == Provenance.of(name, histories.users, histories.times)
    assert fills[name].name == name


@pytest.mark.parametrize("name", FILLS)
def test_nobody_is_no_error(name: str, fills: dict[str, FittedFill]) -> None:
    nobody = block_new_users().users.select(np.zeros(30, dtype=np.bool_))
    assert drawn(fills[name], nobody).shape == (2, 0, 60)


def completed(fill: FittedFill, users: NewUsers) -> VirtualBehaviour:
    return CompleteProfiles(Policy(items=5)).complete(fill, users, seed=0)


@pytest.mark.parametrize("name", FILLS)
def test_completed_profiles_leave_the_support_alone_and_mask_nothing(name: str, fills: dict[str, FittedFill]) -> None:
    users = block_new_users().users
    virtual = completed(fills[name], users)
    assert np.diff(virtual.matrix.indptr).tolist() == [5] * 30
    assert users.support(60).multiply(virtual.matrix).nnz == 0
    assert virtual.origin == name
    lists = load_component("recommender", "user_knn_cosine").fit(TRAINING).top_k(users.with_virtual(virtual), 57)
    listed = np.zeros((30, 60), dtype=np.bool_)
    np.put_along_axis(listed, lists.ids, True, axis=1)
    assert listed[virtual.matrix.nonzero()].all()
    assert not listed[users.rows.row_of_entry, users.items].any()


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_fills_stay_in_the_users_own_block(name: str, fills: dict[str, FittedFill]) -> None:
    users = block_new_users().users
    assert (drawn(fills[name], users)[0] * own_block(30)).sum(axis=1).min() > 0.9
    virtual = completed(fills[name], users).matrix
    assert own_block(30)[virtual.nonzero()].all()


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_fills_give_users_without_support_what_is_popular(name: str, fills: dict[str, FittedFill]) -> None:
    users = block_new_users(shots=0).users
    np.testing.assert_allclose(drawn(fills[name], users), drawn(fills["fill_popular"], users), rtol=1e-6)


def test_popular_items_go_by_the_number_of_warm_users(fills: dict[str, FittedFill]) -> None:
    users = block_new_users().users
    counts = np.bincount(TRAINING.warm.histories.items, minlength=60).astype(np.float64)
    expected = np.repeat(counts[None], 30, axis=0)
    expected[users.rows.row_of_entry, users.items] = 0
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(drawn(fills["fill_popular"], users)[0], expected, rtol=1e-5)


def test_another_form_of_popularity() -> None:
    users = block_new_users(shots=0).users
    late = FillPopular(Fallback("late_popularity")).fit(TRAINING)
    counts = Fallback("late_popularity").counts(TRAINING)
    np.testing.assert_allclose(drawn(late, users)[0, 0], counts / counts.sum(), rtol=1e-5)


def test_random_items_fall_on_every_block_alike(fills: dict[str, FittedFill]) -> None:
    users = block_new_users(users=300, shots=0).users
    row, item = completed(fills["fill_random"], users).matrix.nonzero()
    assert np.bincount(item % 3, minlength=3) / len(item) == pytest.approx([1 / 3] * 3, abs=0.05)
    assert (item % 3 == row % 3).mean() == pytest.approx(1 / 3, abs=0.05)
    assert np.bincount(item, minlength=60).min() > 0


def test_random_items_are_a_weighted_sample_without_replacement() -> None:
    fill = RandomFill("fill_random", np.array([5, 3, 2], dtype=np.float32), SEEN)
    best = np.argsort(-drawn(fill, users_with([[]] * 20_000), draws=1)[0], axis=1)[:, :2]
    assert np.bincount(best[:, 0], minlength=3) / 20_000 == pytest.approx([0.5, 0.3, 0.2], abs=0.015)
    # The second: P(item 1 | the first was 0) = 0.3 / 0.5.
    assert (best[best[:, 0] == 0, 1] == 1).mean() == pytest.approx(0.6, abs=0.02)


def test_chances_of_random_items() -> None:
    counts = np.bincount(TRAINING.warm.histories.items, minlength=60)
    np.testing.assert_array_equal(FillRandom("popularity").fit(TRAINING).chances, counts)
    np.testing.assert_array_equal(FillRandom("equal").fit(TRAINING).chances, np.ones(60))


def scores_of(scores: list[float], temperature: float, popularity: list[float] | None = None) -> NDArray[np.float32]:
    """Probabilities of one user without support."""
    one = users_with([[]])
    ranker = FittedPopularity(SEEN, np.array(scores, dtype=np.float32))
    prior = np.array(popularity or [1.0] * len(scores), dtype=np.float32)
    return drawn(RankedFill("made_up", ranker, prior, temperature), one)[0, 0]


def test_probabilities_go_with_powers_of_positive_scores() -> None:
    assert scores_of([3.0, 1.0, 0.0, -7.0], 1.0) == pytest.approx([0.75, 0.25, 0, 0])
    assert scores_of([3.0, 1.0, 0.0, -7.0], 0.5) == pytest.approx([0.9, 0.1, 0, 0])
    assert scores_of([4.0, 1.0, 0.0, -7.0], 2.0) == pytest.approx([2 / 3, 1 / 3, 0, 0])


def test_probabilities_know_no_scale() -> None:
    assert scores_of([3e30, 1e30, 0.0], 0.25) == pytest.approx(scores_of([3.0, 1.0, 0.0], 0.25))
    assert scores_of([3e-30, 1e-30, 0.0], 0.25) == pytest.approx(scores_of([3.0, 1.0, 0.0], 0.25))


def test_popularity_stands_in_where_no_score_is_positive() -> None:
    assert scores_of([0.0, -1.0, 0.0], 1.0, [1.0, 2.0, 5.0]) == pytest.approx([0.125, 0.25, 0.625])


def test_nothing_is_left_for_a_user_with_the_whole_catalogue(fills: dict[str, FittedFill]) -> None:
    whole = users_with([list(range(60)), [3]])
    for fill in fills.values():
        nothing, rest = drawn(fill, whole, draws=1)[0]
        assert not nothing.any()
        assert rest.sum() == pytest.approx(1)
        assert completed(fill, whole).matrix[[0]].nnz == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (lambda: FillPopular(temperature=0), "temperature"),
        (lambda: FillNeighbours(temperature=float("inf")), "temperature"),
        (lambda: FillRandom("often"), "chance"),  # type: ignore[arg-type]
    ],
)
def test_a_setting_out_of_range_is_named(settings, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        settings()


def test_the_nearest_users_are_those_of_the_filter() -> None:
    users = block_new_users().users
    settings = UserKNNCosine(neighbours=20, shrink=2.0)
    total = settings.fit(TRAINING).interest(users).total
    assert isinstance(total, csr_array)
    interest = total.toarray()
    interest[users.rows.row_of_entry, users.items] = 0
    expected = interest / interest.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(drawn(FillNeighbours(settings).fit(TRAINING), users)[0], expected, rtol=1e-4, atol=1e-7)


def test_without_the_adversary_everything_else_stays() -> None:
    network = Conditional(width=32, objective=Objective(adversarial=0.3, feature_matching=0.4, popularity=0.7))
    without = without_adversary(network)
    assert not without.objective.plays
    assert without == Conditional(width=32, objective=Objective(adversarial=0.0, feature_matching=0.0, popularity=0.7))
    assert network.objective.plays


def test_a_purely_adversarial_network_has_nothing_else() -> None:
    with pytest.raises(ConfigError, match=r"network\.objective\.reconstruction: .*ArticleFormula.*conditional"):
        without_adversary(ArticleFormula())


SEARCHES = ("virtual", "fill_no_adversary", *FILLS)


@pytest.mark.parametrize("name", SEARCHES)
def test_search_spaces_name_settings_that_exist_and_hold_their_defaults(name: str) -> None:
    space = yaml.safe_load((CONF_DIR / "search" / f"{name}.yaml").read_text())
    fill = load_component("fill", name) if name in FILLS else None
    assert {key for key in space if key.startswith("policy.")} == {
        "policy.items", "policy.weight", "policy.kappa", "policy.weights"
    }  # fmt: skip
    for key, described in space.items():
        owner, *path = key.split(".")
        value = {"policy": Policy(), "fill": fill}[owner]
        for part in path:
            value = getattr(value, part)
        if "choices" in described:
            assert value in described["choices"]
        else:
            assert described["low"] <= value <= described["high"]
            assert type(described["low"]) is type(described["high"]) is type(value)
