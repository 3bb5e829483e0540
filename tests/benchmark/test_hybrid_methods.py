"""The hybrid's ablations: what each changes, and that it does."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.augmentation.shared_draws import SharedCompletion, SharedDraws
from tasks.benchmark.completed import GENERATOR_VERSION
from tasks.benchmark.hybrid_methods import NAMES, changes_of, hybrid_methods
from tasks.benchmark.methods import catalogue
from tasks.benchmark.workbench import Workbench
from tasks.domain import NewUsers, TopK, UserFeatures, VirtualBehaviour
from tasks.errors import ConfigError
from tasks.hybrid.hybrid import Hybrid
from tasks.method_names import HYBRID
from tasks.overrides import choices
from tasks.results.claims import ABLATIONS, LOSS_ABLATION
from tests.benchmark.workbenches import resolved, workbench

OWN_LOSS = f"{LOSS_ABLATION}relativistic"
NO_SIDE_FEATURES = "hybrid_no_side_features"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generators")


@pytest.fixture(scope="module")
def bench(store: Path) -> Workbench:
    return workbench(store)


def hybrid_of(bench: Workbench, name: str) -> Hybrid:
    fitted = catalogue()[name].fit(bench, resolved(bench, name))
    method = fitted.method_for("half_a", bench.posed("half_a")[0])
    assert method is not None
    assert isinstance(method.ranker, Hybrid)
    return method.ranker


def generator_of(bench: Workbench, name: str) -> Any:
    return bench.generator(resolved(bench, name)["generator"], GENERATOR_VERSION).generator


def users_of(bench: Workbench) -> NewUsers:
    """With some events each."""
    return bench.posed("half_a")[2].users


def lists(hybrid: Hybrid, users: NewUsers) -> TopK:
    return hybrid.top_k(users, 10)


def scores_of(hybrid: Hybrid) -> set[str]:
    return {source.name for source in hybrid.sources}


def drawn(generator: Any, users: NewUsers, draws: int = 2, seed: int = 0) -> np.ndarray:
    return np.concatenate([one for _, one in generator.draw(users, draws, seed)], axis=1)


def elsewhere(users: NewUsers) -> NewUsers:
    """The same behaviour of others, at another time."""
    features = UserFeatures(np.roll(users.features.categories, 1, axis=0), users.features.numbers + 1)
    assert users.now is not None
    assert users.times is not None
    gaps = np.arange(len(users.times)) * 3_600_000_000
    return replace(users, features=features, now=users.now + 86_400_000_000, times=users.times + gaps)


def flat(node: Any, name: str = "") -> dict[str, Any]:
    """Settings by dotted names."""
    if not isinstance(node, Mapping) or not node:
        return {name: node}
    inner = (flat(value, f"{name}.{key}" if name else str(key)) for key, value in node.items())
    return {dotted: value for one in inner for dotted, value in one.items()}


def test_every_ablation_stands_at_the_tuned_setting_of_the_hybrid() -> None:
    whole, *ablations = hybrid_methods()
    assert whole.name == HYBRID
    assert [one.name for one in ablations] == [
        *ABLATIONS,
        *(f"{LOSS_ABLATION}{loss}" for loss in choices("loss")),
    ]
    assert {(one.role, one.search, one.needs) for one in ablations} == {("ablation", None, (HYBRID,))}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in (HYBRID, OWN_LOSS)])
def test_an_ablation_changes_what_it_says_and_nothing_else(bench: Workbench, name: str) -> None:
    whole, own = resolved(bench, HYBRID), resolved(bench, name)
    changed = changes_of(name)
    before, after = flat(whole), flat(own)
    differing = {key for key in before.keys() | after.keys() if before.get(key, "none") != after.get(key, "none")}
    assert differing
    assert all(any(key == one or key.startswith(f"{one}.") for one in changed) for key in differing)
    for one in changed:
        assert any(key == one or key.startswith(f"{one}.") for key in differing), one
    assert own["weighed"] == whole["weighed"]


def test_the_hybrids_own_loss_gives_its_lists_and_trains_nothing(bench: Workbench, store: Path) -> None:
    whole = hybrid_of(bench, HYBRID)
    before = sorted(store.iterdir())
    assert resolved(bench, OWN_LOSS) == resolved(bench, HYBRID)
    same = hybrid_of(Workbench(bench.ground, bench.seed, bench._store), OWN_LOSS)
    expected, found = lists(whole, users_of(bench)), lists(same, users_of(bench))
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert sorted(store.iterdir()) == before
    assert len([path for path in before if path.is_dir()]) == 1


def test_another_loss_is_another_generator(bench: Workbench) -> None:
    users = users_of(bench)
    hinge = drawn(generator_of(bench, f"{LOSS_ABLATION}hinge"), users)
    assert not np.allclose(hinge, drawn(generator_of(bench, HYBRID), users))


def test_without_noise_all_draws_are_alike(bench: Workbench, caplog: pytest.LogCaptureFixture) -> None:
    generator, users = generator_of(bench, "hybrid_no_noise"), users_of(bench)
    first = drawn(generator, users, draws=3)
    assert generator.module.noise_dimensions == 0
    assert "draws for one user" not in caplog.text  # without noise that is no alarm
    np.testing.assert_array_equal(first[1:], first[:-1])
    np.testing.assert_array_equal(drawn(generator, users, draws=3, seed=9), first)
    noisy = drawn(generator_of(bench, HYBRID), users)
    assert not np.allclose(noisy[0], noisy[1])


def test_without_side_features_nobody_is_known_but_by_behaviour(bench: Workbench) -> None:
    users = users_of(bench)
    others = elsewhere(users)
    without, whole = generator_of(bench, NO_SIDE_FEATURES), generator_of(bench, HYBRID)
    np.testing.assert_array_equal(drawn(without, users), drawn(without, others))
    assert not np.allclose(drawn(whole, users), drawn(whole, others))
    assert without.catalogue.user_cardinalities == ()
    assert (without.catalogue.user_numbers, without.catalogue.feature_width, without.catalogue.calendar_width) == (
        0,
        0,
        0,
    )
    hybrid = hybrid_of(bench, NO_SIDE_FEATURES)
    assert scores_of(hybrid_of(bench, HYBRID)) - scores_of(hybrid) == {"segment_popularity", "knn_text"}
    np.testing.assert_array_equal(lists(hybrid, users).ids, lists(hybrid, others).ids)


def test_without_fade_virtual_items_weigh_the_same_at_any_number_of_events(bench: Workbench) -> None:
    hybrid = {name: hybrid_of(bench, name) for name in (HYBRID, "hybrid_no_fade")}
    heaviest: dict[str, list[float]] = {name: [] for name in hybrid}
    for posed in bench.posed("half_a")[:4]:
        for name, one in hybrid.items():
            (source,) = [source for source in one.sources if source.name == "user_knn_cosine_virtual"]
            heaviest[name].append(float(source.completion(posed.users).matrix.data.max()))  # type: ignore[attr-defined]
    assert heaviest["hybrid_no_fade"] == [1.0] * 4
    assert heaviest[HYBRID][0] == 1.0
    assert heaviest[HYBRID] == sorted(heaviest[HYBRID], reverse=True)
    assert heaviest[HYBRID][3] < 0.75


def test_without_virtual_behaviour_no_generator_is_trained(tmp_path: Path, bench: Workbench) -> None:
    fresh = workbench(tmp_path / "none")
    gone = scores_of(hybrid_of(bench, HYBRID)) - scores_of(hybrid_of(fresh, "hybrid_no_virtual"))
    assert gone == {"generator", "user_knn_cosine_virtual", "attention_virtual"}
    assert not (tmp_path / "none").exists()


def test_a_network_that_cannot_lose_a_part_is_named(bench: Workbench) -> None:
    whole = resolved(bench, HYBRID)
    network = {"_target_": "lightning_modules.networks.article_formula.ArticleFormula"}
    other = {**whole, "generator": {**whole["generator"], "network": network}}
    with pytest.raises(ConfigError, match=r"hybrid_no_noise: .*generator\.network\.noise_dimensions"):
        catalogue()["hybrid_no_noise"].resolve({}, {HYBRID: other})


def test_profiles_are_completed_once_for_several_filters(bench: Workbench) -> None:
    users, asked = users_of(bench), []

    def complete(some: NewUsers) -> VirtualBehaviour | None:
        asked.append(len(some))
        return None if len(some) == 5 else VirtualBehaviour(some.support(bench.training.n_items), "test", 0)

    shared = SharedCompletion(complete)
    first = shared(users)
    assert first is not None
    assert shared(users) is first
    few = users.select(np.arange(5))
    assert shared(few) is None
    assert shared(few) is None
    assert asked == [len(users), 5]


def test_draws_are_shared_to_the_last_digit(bench: Workbench) -> None:
    generator, users = generator_of(bench, HYBRID), users_of(bench)
    asked: list[int] = []

    class Counted:
        name, n_items = generator.name, generator.n_items

        def draw(self, users: NewUsers, draws: int, seed: int) -> Iterator[tuple[slice, np.ndarray]]:
            asked.append(len(users))
            yield from generator.draw(users, draws, seed)

    shared = SharedDraws(Counted())
    for _ in range(2):
        np.testing.assert_array_equal(drawn(shared, users, 3), drawn(generator, users, 3))
    assert len(asked) == 1
    some = users.select(np.arange(5))
    np.testing.assert_array_equal(drawn(shared, some, 3), drawn(generator, some, 3))
    drawn(shared, some, 2)
    np.testing.assert_array_equal(drawn(shared, some, 2, seed=5), drawn(generator, some, 2, seed=5))
    assert asked == [len(users), 5, 5, 5]
