"""From fitted recommenders and a generator to what the gate is fitted to: alike in the benchmark and in a run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tasks.domain import Posed, Training
from tasks.hybrid.fit import Learned
from tasks.hybrid.hybrid import FoldOf
from tasks.hybrid.scores import VirtualPart, scores_of
from tasks.hybrid.settings import HybridSettings
from tasks.recommenders import FittedRecommender


def learn(
    settings: HybridSettings,
    training: Training,
    fitted: Mapping[str, FittedRecommender],
    virtual: VirtualPart | None,
    half_a: Sequence[Posed],
    half_b: Sequence[Posed],
    fold_of: FoldOf,
    *,
    fit: Callable[[Any], Any] | None = None,
) -> Learned:
    """The scores, what half B's users chose among the items they bring up, and where the gate starts.

    Args:
        settings: What to weigh.
        training: Warm users.
        fitted: By name, everything in ``settings.needs``.
        virtual: The generator; None leaves it and what it completes out.
        half_a: The question posed to half A, which chooses where the gate starts.
        half_b: The question posed to half B.
        fold_of: Folds of half B's users.
        fit: As in ``scores_of``.

    """
    return Learned.of(scores_of(settings, training, fitted, virtual, fit), half_a, half_b, fold_of, settings.depth)
