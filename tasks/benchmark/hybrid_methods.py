"""Where the hybrid and its ablations enter the benchmark.

The gate is fitted on half B: there it answers out of fold, elsewhere with the gate fitted to all of half B.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks.augmentation.shared_draws import SharedDraws
from tasks.benchmark.completed import GENERATOR_VERSION, node_from
from tasks.benchmark.method import BenchmarkMethod, BenchmarkRole, EpochReport, FittedMethod, Part, Settings
from tasks.benchmark.recommended import node_of, search_of
from tasks.benchmark.search import with_values
from tasks.benchmark.workbench import Workbench
from tasks.config import RunConfig, load_component
from tasks.domain import Posed, UserFeatures
from tasks.errors import ConfigError
from tasks.evaluation.methods import Method
from tasks.hybrid.fit import FittedHybrid, Learned
from tasks.hybrid.scores import VirtualPart, scores_of
from tasks.hybrid.settings import HybridSettings
from tasks.method_names import GENERATOR, HYBRID, VIRTUAL
from tasks.overrides import choices
from tasks.results.claims import ABLATIONS, LOSS_ABLATION
from tasks.runs.key import digest_of

NAMES = (HYBRID, *ABLATIONS, *(f"{LOSS_ABLATION}{loss}" for loss in choices("loss")))
"""Fixed names."""
STANDARD = "standard"
"""Name in conf/hybrid."""
BY_SIDE_FEATURES = frozenset({"knn_text", "feature_ials"})
"""Filters that know features of items or users."""

CHANGES: Mapping[str, Settings] = {
    "hybrid_no_virtual": {"generator": None, "policy": None},
    "hybrid_no_noise": {"generator.network.noise_dimensions": 0, "generator.network.objective.mode_seeking": 0.0},
    "hybrid_no_feature_matching": {"generator.network.objective.feature_matching": 0.0},
    "hybrid_no_side_features": {"generator.network.side_features": False, "side_features": False},
    "hybrid_no_fade": {"policy.kappa": None},
}
"""What each ablation changes of the tuned hybrid, as ``HybridMethod.resolve`` has it; all else stays. A generator that
is changed is trained anew."""


def changes_of(ablation: str) -> Settings:
    """Dotted settings of the hybrid that an ablation changes; the hybrid's own loss changes nothing."""
    if ablation.startswith(LOSS_ABLATION):
        return {"generator.loss": node_from(load_component("loss", ablation.removeprefix(LOSS_ABLATION)))}
    return CHANGES[ablation]


def hybrid_methods() -> tuple[BenchmarkMethod, ...]:
    """The hybrid and its ablations."""
    return (HybridMethod(), *(Ablation(name) for name in NAMES if name != HYBRID))


@dataclass(frozen=True)
class HybridMethod:
    """The gated sum of scores."""

    name: str = HYBRID
    role: BenchmarkRole = "ours"
    version: int = 5
    once_per_dataset: bool = False

    @property
    def search(self) -> str | None:
        """The space of the same name."""
        return search_of(self.name)

    @property
    def needs(self) -> tuple[str, ...]:
        """What is weighed."""
        standard = _settings(node_of("hybrid", STANDARD))
        return (*standard.needs, GENERATOR, f"{standard.completed}{VIRTUAL}")

    def defaults(self, config: RunConfig) -> Settings:
        """As conf/hybrid has them."""
        return node_of("hybrid", STANDARD)

    def starts(self, defaults: Settings, needed: Mapping[str, Settings]) -> Sequence[Settings]:
        """The defaults."""
        return (defaults,)

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """Its own settings and those of all that is weighed.

        Returns:
            ``hybrid`` as conf/hybrid has it; ``weighed``, settings of recommenders by name; ``generator``, and
            ``policy``, by which it completes profiles (None without virtual behaviour); ``side_features``, whether
            scores by features of users or items are weighed.

        """
        settings = _settings(own)
        return {
            "hybrid": dict(own),
            "weighed": {name: needed[name]["recommender"] for name in settings.needs},
            "generator": needed[GENERATOR],
            "policy": needed[f"{settings.completed}{VIRTUAL}"]["policy"],
            "side_features": True,
        }

    def fit(self, bench: Workbench, settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Fit or take what is weighed, then the gate and its five out-of-fold versions."""
        hybrid = _settings(settings["hybrid"])
        key = digest_of({**settings, "hybrid": repr(replace(hybrid, ridge=0.0))})
        learned = bench.once(key, lambda: self.learned(bench, settings))
        fitted = FittedHybrid(learned, hybrid.ridge, bench.training.n_items, bench.folds)

        def method_for(part: Part, posed: Posed) -> Method:
            role: Any = self.role
            return Method(fitted.crossed if part == "half_b" else fitted.whole, role=role)

        return FittedMethod(method_for, lambda part, posed: fitted.whole.shares(posed.users))

    def learned(self, bench: Workbench, settings: Settings) -> Learned:
        """The scores, and what half B's users chose among the items they bring up."""
        hybrid, training, weighed = _settings(settings["hybrid"]), bench.training, settings["weighed"]
        fit: Callable[[Any], Any] | None = bench.ground.fit
        if not settings["side_features"]:
            filters = tuple(name for name in hybrid.filters if name not in BY_SIDE_FEATURES)
            hybrid = replace(hybrid, filters=filters)
            # Without features of users there are no segments to weigh either, and attention does not see any.
            training = replace(training, user_features=UserFeatures.none(len(training.user_features.categories)))
            fit = None
        fitted = {name: bench.fit(name, weighed[name]) for name in hybrid.needs}
        virtual = _virtual(bench, settings) if settings["generator"] is not None else None
        sources = scores_of(hybrid, training, fitted, virtual, fit)
        return Learned.of(sources, bench.posed("half_b"), bench.folds, hybrid.depth)


@dataclass(frozen=True)
class Ablation(HybridMethod):
    """The tuned hybrid with one thing changed, see ``CHANGES``."""

    role: BenchmarkRole = "ablation"

    @property
    def search(self) -> None:
        """Nothing is tuned."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The hybrid, tuned."""
        return (HYBRID,)

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """The hybrid's settings, some of them changed.

        Raises:
            ConfigError: The generator's network has no such setting.

        """
        try:
            return with_values(needed[HYBRID], changes_of(self.name))
        except KeyError as error:
            raise ConfigError(
                f"{self.name}: expected a hybrid with the setting {error.args[0]}, it has none. Use "
                f"network=conditional, or leave {self.name} out of methods"
            ) from error


def _virtual(bench: Workbench, settings: Settings) -> VirtualPart:
    generator = SharedDraws(bench.generator(settings["generator"], GENERATOR_VERSION).generator)
    completing = load_component("augmentation", "complete_profiles", {"policy": settings["policy"]})
    return VirtualPart(generator, lambda users: completing.complete(generator, users, bench.seed), bench.seed)


def _settings(node: Settings) -> HybridSettings:
    settings = load_component("hybrid", STANDARD, node)
    assert isinstance(settings, HybridSettings)
    return settings
