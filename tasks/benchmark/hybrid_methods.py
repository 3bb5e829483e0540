"""Where the hybrid and its ablations enter the benchmark.

The gate is fitted on half B: there it answers out of fold, elsewhere with the gate fitted to all of half B.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.benchmark.completed import GENERATOR, GENERATOR_VERSION
from tasks.benchmark.method import BenchmarkMethod, BenchmarkRole, EpochReport, FittedMethod, Part, Settings
from tasks.benchmark.recommended import search_of
from tasks.benchmark.workbench import Workbench
from tasks.config import RunConfig, load_component
from tasks.domain import Evidence, Posed
from tasks.evaluation.methods import Method
from tasks.evaluation.zero_shots import select_popularity
from tasks.hybrid.candidates import choices_of
from tasks.hybrid.gate import Choices, Gate, fit_gate
from tasks.hybrid.hybrid import Hybrid, OutOfFold
from tasks.hybrid.same_visit import SameVisit
from tasks.hybrid.sources import FilterSource, GeneratorSource, PriorSource, SegmentSource, Source, log_shares
from tasks.overrides import choices
from tasks.recommenders.decayed_popularity import DecayedPopularity
from tasks.results.claims import ABLATIONS, HYBRID, LOSS_ABLATION
from tasks.runs.key import digest_of
from tasks.stages.fit import GENERATOR_DRAWS, VIRTUAL

NAMES = (HYBRID, *ABLATIONS, *(f"{LOSS_ABLATION}{loss}" for loss in choices("loss")))
"""Fixed names; those without a method are passed over, and the benchmark says so."""
POPULARITIES = ("popularity", "late_popularity")
SEGMENTS = "segment_popularity"
HALF_LIVES = (3.0, 7.0, 14.0, 30.0)
"""Of recent popularity, in days."""
FILTERS = ("user_knn_cosine", "item_knn_cosine", "rp3beta", "ials", "knn_text")
"""Filters on real behaviour whose scores are weighed."""
COMPLETED = "user_knn_cosine_virtual"
"""The filter over profiles that the generator completed."""
FOLDS = 5


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
    version: int = 1
    once_per_dataset: bool = False

    @property
    def search(self) -> str | None:
        """The space of the hybrid; ablations stand at its tuned setting."""
        return search_of(HYBRID) if self.role == "ours" else None

    @property
    def needs(self) -> tuple[str, ...]:
        """What is weighed; an ablation takes the hybrid's settings."""
        weighed = (*POPULARITIES, SEGMENTS, *FILTERS, *((GENERATOR, COMPLETED) if self.virtual else ()))
        return weighed if self.role == "ours" else (*weighed, HYBRID)

    def defaults(self, config: RunConfig) -> Settings:
        """Ridge of the gate, candidates per score."""
        return {"ridge": 0.03, "depth": 60}

    def starts(self, defaults: Settings, needed: Mapping[str, Settings]) -> Sequence[Settings]:
        """The defaults."""
        return (defaults,)

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """Its own settings and those of all that is weighed."""
        gate = own if self.role == "ours" else needed[HYBRID]["gate"]
        return {"gate": dict(gate), "weighed": {name: needed[name] for name in self.needs if name != HYBRID}}

    def fit(self, bench: Workbench, settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Fit or take what is weighed, then the gate and its five out-of-fold versions."""
        gate, weighed = settings["gate"], settings["weighed"]
        key = digest_of({"method": self.name, "depth": gate["depth"], "weighed": weighed})
        sources, learned, prior = bench.once(key, lambda: self._learned(bench, weighed, gate["depth"]))
        names = tuple(source.name for source in sources)
        start = names.index(prior)

        def hybrid(part: Choices) -> Hybrid:
            return Hybrid(bench.training.n_items, sources, fit_gate(names, part, start, gate["ridge"]))

        whole = hybrid(learned)
        crossed = OutOfFold(tuple(hybrid(learned.select(learned.fold != fold)) for fold in range(FOLDS)), bench.folds)

        def method_for(part: Part, posed: Posed) -> Method:
            role: Any = self.role
            return Method(crossed if part == "half_b" else whole, role=role)

        return FittedMethod(method_for, lambda part, posed: whole.shares(posed.users))

    def _learned(
        self, bench: Workbench, weighed: Mapping[str, Settings], depth: int
    ) -> tuple[tuple[Source, ...], Choices, str]:
        """The scores, what half B's users chose among the items they bring up, and the prior the gate is drawn to."""
        sources = self._sources(bench, weighed)
        parts = [choices_of(sources, one, bench.folds(one.users), depth) for one in bench.posed("half_b")]
        priors = {source.name: _alone(bench, source) for source in sources if isinstance(source, PriorSource)}
        return sources, Choices.joined(parts), select_popularity(priors, bench.posed("half_a"), seed=bench.seed)

    def _sources(self, bench: Workbench, weighed: Mapping[str, Settings]) -> tuple[Source, ...]:
        training = bench.training
        sources: list[Source] = [
            PriorSource(name, log_shares(bench.fit(name, weighed[name]["recommender"]).scores))  # type: ignore[attr-defined]
            for name in POPULARITIES
        ]
        if training.warm.now is not None:
            for days in HALF_LIVES:
                counts = DecayedPopularity(days).counts(training)
                sources.append(PriorSource(f"decayed_popularity_{days:g}", log_shares(counts)))
        if training.user_features.categories.shape[1]:
            sources.append(SegmentSource(SEGMENTS, bench.fit(SEGMENTS, weighed[SEGMENTS]["recommender"])))
        for name in FILTERS:
            fitted: Any = bench.fit(name, weighed[name]["recommender"])
            sources.append(FilterSource(name, fitted))
        sources.append(FilterSource("same_visit", bench.ground.fit(SameVisit())))
        if self.virtual:
            generator = bench.generator(weighed[GENERATOR], GENERATOR_VERSION).generator
            policy = load_component("augmentation", "complete_profiles", {"policy": weighed[COMPLETED]["policy"]})
            sources.append(GeneratorSource(GENERATOR, generator, GENERATOR_DRAWS, bench.seed))
            filter_fit: Any = bench.fit(COMPLETED.removesuffix(VIRTUAL), weighed[COMPLETED]["recommender"]["settings"])
            sources.append(
                FilterSource(
                    COMPLETED, filter_fit, lambda users: policy.complete(generator, users, bench.seed), Evidence.VIRTUAL
                )
            )
        return tuple(sources)


def _alone(bench: Workbench, source: Source) -> Hybrid:
    """One score as a ranking by itself."""
    return Hybrid(bench.training.n_items, (source,), Gate((source.name,), np.ones(1), np.ones(1)))
