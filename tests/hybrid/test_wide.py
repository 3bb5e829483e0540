"""Lists among candidates: with all of them those of the hybrid, with few of them nearly so."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from lightning_modules.networks.conditional import Conditional
from lightning_modules.trainer_settings import TrainerSettings
from tasks.augmentation.complete_profiles import CompleteProfiles
from tasks.augmentation.policy import Policy
from tasks.augmentation.shared_draws import SharedDraws
from tasks.config import load_component
from tasks.domain import NewUsers
from tasks.errors import ModelError
from tasks.hybrid.gate import Gate
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.scores import VirtualPart, scores_of
from tasks.hybrid.settings import HybridSettings
from tasks.hybrid.wide.ranker import WideHybrid
from tasks.hybrid.wide.settings import WideSettings
from tasks.hybrid.wide.tellers import Asked
from tasks.method_names import BLEND
from tasks.training.clock import Clock
from tasks.training.train import train
from tests.worlds import block_new_users, block_training

ITEMS, SEED = 600, 3
WAY = CompleteProfiles(Policy(items=8, draws=2))
WHOLE = WideSettings(clusters=12, probes=12, depth=ITEMS)


@pytest.fixture(scope="module", params=[200, 1], ids=["many neighbours", "one neighbour"])
def hybrid(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Hybrid:
    """Every kind of score: filters that speak of much of the catalogue, or of little of it."""
    training = block_training(users=300, items=ITEMS)
    settings = HybridSettings(filters=("user_knn_cosine", "item_knn_cosine", "ials"), half_lives=(7.0,))
    names = ("popularity", "late_popularity", "segment_popularity", *(f"{one}{BLEND}" for one in settings.filters))
    fitted: dict[str, Any] = {name: load_component("recommender", name).fit(training) for name in names}
    near = {"base": {"neighbours": request.param}}
    for name in ("user_knn_cosine", "item_knn_cosine"):
        fitted[name + BLEND] = load_component("recommender", name + BLEND, near).fit(training)
    generator = train(
        training, network=Conditional(item_dimensions=16, width=16), loss=load_component("loss", "relativistic"),
        trainer=TrainerSettings(max_epochs=1, min_steps=10, tripwire_users=8, accelerator="cpu"), name="conditional",
        seed=SEED, clock=Clock(has_hours=False, time_zone="UTC"), folder=tmp_path_factory.mktemp("training"),
    ).generator  # fmt: skip
    shared = SharedDraws(generator)
    sources = scores_of(
        settings, training, fitted, VirtualPart(shared, lambda one: WAY.complete(shared, one, SEED), SEED)
    )
    weights = np.linspace(0.5, 1.5, len(sources))
    return Hybrid(ITEMS, sources, Gate(tuple(one.name for one in sources), weights, weights[::-1].copy()))


@cache
def users(shots: int | None = 3) -> NewUsers:
    return block_new_users(users=24, items=ITEMS, shots=shots).users


@pytest.mark.parametrize("shots", [0, 3, None])
def test_with_every_candidate_lists_are_those_of_the_hybrid(hybrid: Hybrid, shots: int | None) -> None:
    wide = WideHybrid(hybrid, WHOLE, WAY, SEED)
    exact, found = hybrid.top_k(users(shots), 20, seed=SEED), wide.top_k(users(shots), 20, seed=SEED)
    assert found.scores == pytest.approx(exact.scores, rel=1e-4)
    # Rounding may change who comes first of two that are equal.
    assert (found.ids == exact.ids).mean() > 0.99
    assert (found.evidence == exact.evidence).mean() > 0.99


def test_with_few_candidates_most_of_the_list_is_found(hybrid: Hybrid) -> None:
    wide = WideHybrid(hybrid, WideSettings(clusters=24, probes=6, depth=80), WAY, SEED)
    exact, found = hybrid.top_k(users(), 20, seed=SEED), wide.top_k(users(), 20, seed=SEED)
    kept = [len(np.intersect1d(one, other)) / 20 for one, other in zip(exact.ids, found.ids, strict=True)]
    assert np.mean(kept) > 0.9


def test_candidates_come_from_the_whole_catalogue_where_a_filter_speaks_of_much_of_it(
    hybrid: Hybrid, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide, asked = WideHybrid(hybrid, WHOLE, WAY, SEED), []
    among_all = wide._among_all
    monkeypatch.setattr(wide, "_among_all", lambda *told: asked.append(told) or among_all(*told))  # type: ignore[func-returns-value]
    wide.top_k(users(), 10, seed=SEED)
    assert (len(asked) == len(users())) == ("many" in request.node.name)


def test_the_sums_of_a_user_who_could_not_be_answered_are_not_those_of_the_next(
    hybrid: Hybrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = WideHybrid(hybrid, WHOLE, WAY, SEED)
    expected = wide.top_k(users(), 10, seed=SEED)

    def fail(*_: Any) -> None:
        raise RuntimeError("midway")

    with monkeypatch.context() as patched:
        for name in ("_among_all", "_among_noted"):
            patched.setattr(wide, name, fail)
        with pytest.raises(RuntimeError, match="midway"):
            wide.top_k(users(), 10, seed=SEED)
    found = wide.top_k(users(), 10, seed=SEED)
    assert np.array_equal(found.ids, expected.ids)
    assert np.array_equal(found.scores, expected.scores)


def test_virtual_items_are_chosen_among_more_than_there_are(hybrid: Hybrid) -> None:
    few = WideSettings(clusters=24, probes=24, depth=1)
    wide, whole = (WideHybrid(hybrid, one, WAY, SEED) for one in (few, WHOLE))
    for row in range(5):
        one = users().select(np.array([row]))
        made, expected = (Asked(one, ITEMS, each._completing).completed for each in (wide, whole))
        assert np.array_equal(made.items, expected.items)


def test_own_items_and_excluded_ones_are_not_listed(hybrid: Hybrid) -> None:
    wide = WideHybrid(hybrid, WHOLE, WAY, SEED)
    exclude = np.zeros(ITEMS, dtype=np.bool_)
    exclude[::2] = True
    found = wide.top_k(users(), 20, exclude=exclude, seed=SEED)
    assert (found.ids % 2 == 1).all()
    for row, own in enumerate(np.split(users().items, users().rows.indptr[1:-1])):
        assert not set(own.tolist()) & set(found.ids[row].tolist())
    exact = hybrid.top_k(users(), 20, exclude=exclude, seed=SEED)
    assert (found.ids == exact.ids).mean() > 0.99


def test_where_candidates_run_out_every_item_is_scored(hybrid: Hybrid) -> None:
    wide = WideHybrid(hybrid, WideSettings(clusters=24, probes=2, depth=40), WAY, SEED)
    exclude = np.ones(ITEMS, dtype=np.bool_)
    exclude[np.random.default_rng(0).permutation(ITEMS)[:15]] = False
    found, exact = (one.top_k(users(), 20, exclude=exclude, seed=SEED) for one in (wide, hybrid))
    assert np.array_equal(found.ids, exact.ids)
    assert np.array_equal(found.evidence, exact.evidence)


def test_a_list_does_not_depend_on_who_else_is_asked(hybrid: Hybrid) -> None:
    wide = WideHybrid(hybrid, WideSettings(clusters=24, probes=6, depth=80), WAY, SEED)
    together = wide.top_k(users(), 10, seed=SEED)
    alone = wide.top_k(users().select(np.array([5])), 10, seed=SEED)
    assert np.array_equal(alone.ids[0], together.ids[5])
    assert np.array_equal(alone.scores[0], together.scores[5])


@pytest.mark.parametrize("options", [{"allow": np.arange(ITEMS) < 30}, {"mask_support": False}])
def test_what_candidates_do_not_serve_is_scored_item_by_item(hybrid: Hybrid, options: dict[str, Any]) -> None:
    wide = WideHybrid(hybrid, WideSettings(clusters=24, probes=1, depth=40), WAY, SEED)
    found, exact = (one.top_k(users(), 10, seed=SEED, **options) for one in (wide, hybrid))
    assert np.array_equal(found.ids, exact.ids)


def test_lists_of_much_of_the_catalogue_are_scored_item_by_item(hybrid: Hybrid) -> None:
    wide = WideHybrid(hybrid, WideSettings(clusters=24, probes=1, depth=40), WAY, SEED)
    assert np.array_equal(wide.top_k(users(), 200).ids, hybrid.top_k(users(), 200).ids)


def test_longer_lists_have_more_candidates(hybrid: Hybrid) -> None:
    wide = WideHybrid(hybrid, WideSettings(clusters=24, probes=6, depth=40), WAY, SEED)
    exact, found = hybrid.top_k(users(), 60, seed=SEED), wide.top_k(users(), 60, seed=SEED)
    kept = [len(np.intersect1d(one, other)) / 60 for one, other in zip(exact.ids, found.ids, strict=True)]
    assert np.mean(kept) > 0.9


def test_what_cannot_be_told_of_one_user_is_said(hybrid: Hybrid) -> None:
    with pytest.raises(ModelError, match="needs the probability of every item"):
        WideHybrid(hybrid, WHOLE, CompleteProfiles(Policy(draws=2, agreement=2)), SEED)

    class Unknown:
        name, evidence = "unknown", hybrid.sources[0].evidence

        def add(self, users: NewUsers, weights: Any, out: Any) -> None: ...

    one: Any = Unknown()
    with pytest.raises(ModelError, match="unknown cannot be told of one user"):
        WideHybrid(Hybrid(ITEMS, (one,), Gate(("unknown",), np.ones(1), np.ones(1))), WHOLE)


@pytest.mark.parametrize("name", ["from_items", "clusters", "probes", "depth"])
def test_settings_are_checked(name: str) -> None:
    settings: Any = {name: 0}
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        WideSettings(**settings)
