"""Methods on completed profiles: by the generator, by placebo fills; and the generator by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tasks.augmentation.complete_profiles import CompleteProfiles
from tasks.augmentation.fills.no_adversary import without_adversary
from tasks.augmentation.generator import ProfileGenerator
from tasks.benchmark.digests import plain_values
from tasks.benchmark.generators import best_figure
from tasks.benchmark.ground import seeded
from tasks.benchmark.method import BenchmarkRole, EpochReport, FittedMethod, Settings
from tasks.benchmark.recommended import node_of, search_of
from tasks.benchmark.workbench import Workbench
from tasks.config import RunConfig, build_component, load_component
from tasks.evaluation.generator_ranker import GeneratorRanker
from tasks.evaluation.methods import Method, Role
from tasks.evaluation.zero_shots import PopularityAtZeroShots
from tasks.method_names import GENERATOR, VIRTUAL
from tasks.stages.fit import GENERATOR_DRAWS

JUDGE = "user_knn_cosine"
"""The filter whose figure on completed profiles chooses the generator's settings and epoch."""
GENERATOR_VERSION = 1
"""Raised by hand when the networks' or the training's arithmetic changes."""


def completing(bench: Workbench, settings: Settings, generator: ProfileGenerator, role: Role) -> FittedMethod:
    """A filter over profiles that a generator or fill completed.

    Args:
        bench: What the filter is fitted on.
        settings: ``recommender`` with ``name`` and ``settings``, ``zero_shots``, and ``policy``.
        generator: Completes the profiles.
        role: Of the method.

    """
    augmentation = _completion({"policy": settings["policy"]})
    fitted = bench.fit(settings["recommender"]["name"], settings["recommender"]["settings"])
    ranker = PopularityAtZeroShots(fitted, bench.zero_shots(settings["zero_shots"]))
    return FittedMethod.everywhere(
        Method(ranker, lambda users: augmentation.complete(generator, users, bench.seed), role)
    )


def node_from(component: Any) -> Settings:
    """A component as a node of conf/: ``_target_`` and its settings, plain."""
    kind = type(component)
    return {"_target_": f"{kind.__module__}.{kind.__qualname__}", **plain_values(asdict(component))}


def _completion(settings: Settings) -> CompleteProfiles:
    component = load_component("augmentation", "complete_profiles", settings)
    assert isinstance(component, CompleteProfiles)
    return component


def _filter(name: str, needed: Mapping[str, Settings]) -> dict[str, Any]:
    """The tuned filter, and what serves users without any behaviour."""
    return {
        "recommender": {"name": name, "settings": needed[name]["recommender"]},
        "zero_shots": needed[name]["zero_shots"],
    }


@dataclass(frozen=True)
class GeneratorMethod:
    """The generator as a ranking by itself; tuned for what its virtual behaviour does, as a training run is."""

    name: str = GENERATOR
    role: BenchmarkRole = "ours"
    version: int = GENERATOR_VERSION
    once_per_dataset: bool = True

    @property
    def search(self) -> str | None:
        """The space of the same name."""
        return search_of(self.name)

    @property
    def needs(self) -> tuple[str, ...]:
        """The filter that judges it."""
        return (JUDGE,)

    def defaults(self, config: RunConfig) -> Settings:
        """Network, loss and trainer of a training run."""
        return plain_values({group: config.plain[group] for group in ("network", "loss", "trainer")}) | {
            "network_name": config.names["network"]
        }

    def starts(self, defaults: Settings, needed: Mapping[str, Settings]) -> Sequence[Settings]:
        """The defaults."""
        return (defaults,)

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """Its own settings, and what judges it: a filter, and profiles completed as conf/augmentation has it."""
        judge = _filter(JUDGE, needed)
        return {
            **own,
            "augmentation": node_from(load_component("augmentation", "complete_profiles")),
            "recommender": {**judge["recommender"], "zero_shots": judge["zero_shots"]},
        }

    def fit(self, bench: Workbench, settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Train, or take what was trained with these settings."""
        result = bench.generator(settings, self.version, on_epoch)
        method = Method(GeneratorRanker(result.generator, GENERATOR_DRAWS, bench.seed), role="ours")
        return FittedMethod.everywhere(method, tuning_value=best_figure(result))


@dataclass(frozen=True)
class CompletedMethod:
    """``<cf>_virtual``: a filter on real behaviour and what the generator adds to it.

    Attributes:
        filter_name: Name of the filter in conf/recommender.

    """

    filter_name: str
    role: BenchmarkRole = "ours"
    version: int = 1
    once_per_dataset: bool = False

    @property
    def name(self) -> str:
        """``<cf>_virtual``."""
        return f"{self.filter_name}{VIRTUAL}"

    @property
    def search(self) -> str | None:
        """A space of its own, or the one that all share."""
        return search_of(self.name) or search_of("virtual")

    @property
    def needs(self) -> tuple[str, ...]:
        """The filter and the generator."""
        return (self.filter_name, GENERATOR)

    def defaults(self, config: RunConfig) -> Settings:
        """As conf/augmentation has them."""
        return {"policy": node_of("augmentation", "complete_profiles")["policy"]}

    def starts(self, defaults: Settings, needed: Mapping[str, Settings]) -> Sequence[Settings]:
        """The defaults."""
        return (defaults,)

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """``policy``, the tuned filter and the tuned generator."""
        return {**own, **_filter(self.filter_name, needed), "generator": needed[GENERATOR]}

    def fit(self, bench: Workbench, settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Fit the filter; the generator is trained once for all that use it."""
        generator = bench.generator(settings["generator"], GENERATOR_VERSION).generator
        return completing(bench, settings, generator, "ours")


@dataclass(frozen=True)
class NoAdversaryMethod(CompletedMethod):
    """Placebo: the same generator, trained without its adversarial terms."""

    role: BenchmarkRole = "placebo"

    @property
    def name(self) -> str:
        """Fixed."""
        return "fill_no_adversary"

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """As with the adversary, whose terms weigh nothing."""
        generator = needed[GENERATOR]
        network = without_adversary(build_component("network", generator["network"]))
        return {**own, **_filter(self.filter_name, needed), "generator": {**generator, "network": node_from(network)}}

    def fit(self, bench: Workbench, settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Fit the filter; the generator is trained once."""
        generator = bench.generator(settings["generator"], GENERATOR_VERSION).generator
        return completing(bench, settings, generator, "placebo")


@dataclass(frozen=True)
class FillMethod:
    """Placebo: profiles are completed without a generator.

    Attributes:
        name: In conf/fill.
        filter_name: Name of the filter in conf/recommender.

    """

    name: str
    filter_name: str
    role: BenchmarkRole = "placebo"
    version: int = 1
    once_per_dataset: bool = False

    @property
    def search(self) -> str | None:
        """The space of the same name."""
        return search_of(self.name)

    @property
    def needs(self) -> tuple[str, ...]:
        """The filter."""
        return (self.filter_name,)

    def defaults(self, config: RunConfig) -> Settings:
        """``policy`` as conf/augmentation has it, ``fill`` as conf/fill has it."""
        policy = node_of("augmentation", "complete_profiles")["policy"]
        return {"policy": policy, "fill": node_of("fill", self.name)}

    def starts(self, defaults: Settings, needed: Mapping[str, Settings]) -> Sequence[Settings]:
        """The defaults."""
        return (defaults,)

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """``policy``, ``fill`` and the tuned filter."""
        return {**own, **_filter(self.filter_name, needed)}

    def fit(self, bench: Workbench, settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Fit the filter and the fill."""
        fill = bench.ground.fit(seeded(load_component("fill", self.name, settings["fill"]), bench.seed))
        return completing(bench, settings, fill, "placebo")
