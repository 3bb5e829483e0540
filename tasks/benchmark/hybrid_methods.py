"""Where the hybrid and its ablations enter the benchmark.

The gate is fitted on half B: there it answers out of fold, elsewhere with the gate fitted to all of half B.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks.benchmark.completed import GENERATOR, GENERATOR_VERSION
from tasks.benchmark.method import BenchmarkMethod, BenchmarkRole, EpochReport, FittedMethod, Part, Settings
from tasks.benchmark.recommended import node_of, search_of
from tasks.benchmark.workbench import Workbench
from tasks.config import RunConfig, load_component
from tasks.domain import Posed
from tasks.evaluation.methods import Method
from tasks.hybrid.fit import FittedHybrid, Learned
from tasks.hybrid.scores import VIRTUAL, VirtualPart, scores_of
from tasks.hybrid.settings import HybridSettings
from tasks.overrides import choices
from tasks.results.claims import ABLATIONS, HYBRID, LOSS_ABLATION
from tasks.runs.key import digest_of

NAMES = (HYBRID, *ABLATIONS, *(f"{LOSS_ABLATION}{loss}" for loss in choices("loss")))
"""Fixed names; those without a method are passed over, and the benchmark says so."""
STANDARD = "standard"
"""Name in conf/hybrid."""


def hybrid_methods() -> tuple[BenchmarkMethod, ...]:
    """The hybrid and its ablations, as far as they exist."""
    return (HybridMethod(HYBRID), HybridMethod("hybrid_no_virtual", "ablation", virtual=False))


@dataclass(frozen=True)
class HybridMethod:
    """The gated sum of scores.

    Attributes:
        name: Fixed.
        role: Ours, or an ablation.
        virtual: Whether the generator and what it completes are among the scores.

    """

    name: str
    role: BenchmarkRole = "ours"
    virtual: bool = True
    version: int = 3
    once_per_dataset: bool = False

    @property
    def search(self) -> str | None:
        """The space of the hybrid; ablations stand at its tuned setting."""
        return search_of(HYBRID) if self.role == "ours" else None

    @property
    def needs(self) -> tuple[str, ...]:
        """What is weighed; an ablation takes the hybrid's settings."""
        standard = _settings(node_of("hybrid", STANDARD))
        virtual = (GENERATOR, f"{standard.completed}{VIRTUAL}") if self.virtual else ()
        return (*standard.needs, *virtual, *(() if self.role == "ours" else (HYBRID,)))

    def defaults(self, config: RunConfig) -> Settings:
        """As conf/hybrid has them."""
        return node_of("hybrid", STANDARD)

    def starts(self, defaults: Settings, needed: Mapping[str, Settings]) -> Sequence[Settings]:
        """The defaults."""
        return (defaults,)

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """Its own settings and those of all that is weighed."""
        hybrid = own if self.role == "ours" else needed[HYBRID]["hybrid"]
        return {"hybrid": dict(hybrid), "weighed": {name: needed[name] for name in self.needs if name != HYBRID}}

    def fit(self, bench: Workbench, settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Fit or take what is weighed, then the gate and its five out-of-fold versions."""
        hybrid, weighed = _settings(settings["hybrid"]), settings["weighed"]
        key = digest_of({"method": self.name, "hybrid": repr(replace(hybrid, ridge=0.0)), "weighed": weighed})
        learned = bench.once(key, lambda: self.learned(bench, settings))
        fitted = FittedHybrid(learned, hybrid.ridge, bench.training.n_items, bench.folds)

        def method_for(part: Part, posed: Posed) -> Method:
            role: Any = self.role
            return Method(fitted.crossed if part == "half_b" else fitted.whole, role=role)

        return FittedMethod(method_for, lambda part, posed: fitted.whole.shares(posed.users))

    def learned(self, bench: Workbench, settings: Settings) -> Learned:
        """The scores, what half B's users chose among the items they bring up, and where the gate starts."""
        hybrid, weighed = _settings(settings["hybrid"]), settings["weighed"]
        fitted = {name: bench.fit(name, weighed[name]["recommender"]) for name in hybrid.needs}
        virtual = None
        if self.virtual:
            generator = bench.generator(weighed[GENERATOR], GENERATOR_VERSION).generator
            policy = weighed[f"{hybrid.completed}{VIRTUAL}"]["policy"]
            completing = load_component("augmentation", "complete_profiles", {"policy": policy})
            virtual = VirtualPart(
                generator, lambda users: completing.complete(generator, users, bench.seed), bench.seed
            )
        sources = scores_of(hybrid, bench.training, fitted, virtual, bench.ground.fit)
        return Learned.of(sources, bench.posed("half_a"), bench.posed("half_b"), bench.folds, hybrid.depth)


def _settings(node: Settings) -> HybridSettings:
    settings = load_component("hybrid", STANDARD, node)
    assert isinstance(settings, HybridSettings)
    return settings
