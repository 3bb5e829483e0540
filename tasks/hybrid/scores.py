"""From what is fitted to what is weighed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.shared_draws import SharedCompletion
from tasks.domain import Evidence, NewUsers, Training, VirtualBehaviour
from tasks.hybrid.same_visit import SameVisit
from tasks.hybrid.settings import POPULARITIES, SEGMENTS, HybridSettings
from tasks.hybrid.sources import FilterSource, GeneratorSource, PriorSource, SegmentSource, Source, relative
from tasks.method_names import BLEND, GENERATOR, VIRTUAL
from tasks.recommenders import FittedRecommender
from tasks.recommenders.blend import FittedBlend
from tasks.recommenders.collaborative import CollaborativeFilter
from tasks.recommenders.decayed_popularity import DecayedPopularity

SAME_VISIT = "same_visit"
ATTENTION = "attention"

Completion = Callable[[NewUsers], VirtualBehaviour | None]


@dataclass(frozen=True, slots=True)
class VirtualPart:
    """Where virtual behaviour comes from.

    Attributes:
        generator: A trained generator.
        completion: The virtual behaviour of new users.
        seed: Seeds the generator's own draws.
        fitted: The completed filter where its neighbours are virtual, too; None takes the one on real behaviour.

    """

    generator: ProfileGenerator
    completion: Completion
    seed: int
    fitted: FittedRecommender | None = None


def scores_of(
    settings: HybridSettings,
    training: Training,
    fitted: Mapping[str, FittedRecommender],
    virtual: VirtualPart | None,
    fit: Callable[[Any], Any] | None = None,
) -> tuple[Source, ...]:
    """Everything that is weighed.

    Args:
        settings: What to weigh.
        training: Warm users.
        fitted: By name, everything in ``settings.needs``.
        virtual: The generator; None leaves it and what it completes out.
        fit: Fits a recommender's settings on ``training``, perhaps from a cache; by default it is fitted here.

    """
    fit = fit or (lambda component: component.fit(training))
    sources: list[Source] = [PriorSource(name, relative(fitted[name].scores)) for name in POPULARITIES]  # type: ignore[attr-defined]
    if training.warm.now is not None:
        for days in settings.half_lives:
            counts = DecayedPopularity(days).counts(training)
            sources.append(PriorSource(f"decayed_popularity_{days:g}", relative(counts)))
    if training.user_features.categories.shape[1]:
        sources.append(SegmentSource(SEGMENTS, fitted[SEGMENTS]))
    filters = {name: base_of(fitted[f"{name}{BLEND}"]) for name in settings.filters}
    sources += [FilterSource(name, one) for name, one in filters.items()]
    attention = fit(settings.attention)
    sources += [FilterSource(SAME_VISIT, fit(SameVisit())), FilterSource(ATTENTION, attention)]
    if virtual is not None:
        completion = SharedCompletion(virtual.completion)
        completed: Any = virtual.fitted or filters[settings.completed]
        sources += [
            GeneratorSource(GENERATOR, virtual.generator, settings.draws, virtual.seed),
            FilterSource(f"{settings.completed}{VIRTUAL}", completed, completion, Evidence.VIRTUAL),
            FilterSource(f"{ATTENTION}{VIRTUAL}", attention, completion, Evidence.VIRTUAL),
        ]
    return tuple(sources)


def base_of(fitted: FittedRecommender) -> CollaborativeFilter:
    """The filter of a blend: its settings are those that serve best together with popularity."""
    if not isinstance(fitted, FittedBlend):
        raise TypeError(f"expected a blend of a filter with popularity, got {type(fitted).__name__}")
    return fitted.base
