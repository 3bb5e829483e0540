"""From the scores of a hybrid to what tells each of them of one user, without a look at every item."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from tasks.augmentation.policy import Policy, choose_few
from tasks.domain import NewUsers
from tasks.errors import ModelError
from tasks.hybrid.online.filters import OnlineFilter, online_filter
from tasks.hybrid.online.neighbours import SharedRows
from tasks.hybrid.online.profiles import SortedProfiles
from tasks.hybrid.sources import FilterSource, GeneratorSource, PriorSource, SegmentSource, Source
from tasks.hybrid.wide.expectation import WideExpectation
from tasks.hybrid.wide.generator import WideGenerator, wide_generator
from tasks.hybrid.wide.item_clusters import ItemClusters
from tasks.hybrid.wide.parts import Factored, Generated, Part, Spoken, Spread
from tasks.hybrid.wide.settings import WideSettings
from tasks.recommenders.ials import FittedIALS


@dataclass(frozen=True)
class Completing:
    """How profiles are completed.

    Attributes:
        generator: Makes virtual behaviour up.
        policy: Which of it is kept; with an agreement of 1.
        seed: Seeds the draws.

    """

    generator: WideGenerator
    policy: Policy
    seed: int


class Asked:
    """One user, and what several scores want to know of them.

    Args:
        user: The user, alone.
        n_items: Size I of the catalogue.
        completing: How the profile is completed; None where it is not.

    """

    def __init__(self, user: NewUsers, n_items: int, completing: Completing | None) -> None:
        self.user, self.n_items, self._completing = user, n_items, completing
        self._expected: dict[tuple[int, int], WideExpectation] = {}

    @cached_property
    def real(self) -> SortedProfiles:
        """What the user did."""
        return SortedProfiles.real(self.user)

    @cached_property
    def completed(self) -> SortedProfiles:
        """With the virtual behaviour."""
        if self._completing is None:
            return self.real
        policy = self._completing.policy
        expected = self.expected(self._completing.generator, policy.draws, self._completing.seed)
        nobody = np.empty(0, dtype=np.int64)  # the user's own items have no probability already
        chosen = choose_few(policy, expected.probabilities[None].copy(), (nobody, nobody), self.user.shots)
        kept = chosen.weights > 0
        return self.real.and_also(expected.items[chosen.items[kept]], chosen.weights[kept])

    def expected(self, generator: WideGenerator, draws: int, seed: int) -> WideExpectation:
        """What the generator expects, drawn once."""
        key = (draws, seed)
        if key not in self._expected:
            self._expected[key] = generator.expected(self.user, draws, seed)
        return self._expected[key]


class Teller(Protocol):
    """Tells a score of one user; None where it says nothing."""

    def tell(self, asked: Asked) -> Part | Spoken | Spread | None:
        """The score."""
        ...


@dataclass(frozen=True, eq=False)
class Filter:
    """A filter whose interest is a sum over what is near to the profile.

    Attributes:
        online: The filter.
        is_completed: Whether it sees virtual behaviour.

    """

    online: OnlineFilter
    is_completed: bool

    def tell(self, asked: Asked) -> Spoken | Spread | None:
        """As in ``Teller``."""
        found = self.online.interest(asked.completed if self.is_completed else asked.real)
        if found is None or not len(found[1]):
            return None
        items, values = found
        mean = float(values.sum()) / asked.n_items
        return Spread(values, mean) if items is None else Spoken(items, values, mean)


class Factors:
    """Alternating least squares over a catalogue in clusters.

    Args:
        fitted: The factors.
        settings: How many clusters, and how many are looked into.
        is_completed: Whether virtual behaviour is seen.

    """

    def __init__(self, fitted: FittedIALS, settings: WideSettings, is_completed: bool) -> None:
        self._fold_in, self._is_completed = fitted.fold_in, is_completed
        vectors = np.ascontiguousarray(fitted.item_factors, dtype=np.float32)
        self._clusters = ItemClusters.of(vectors, settings.clusters_of(len(vectors)))
        self._settings = settings

    def tell(self, asked: Asked) -> Part | None:
        """As in ``Teller``."""
        profile = asked.completed if self._is_completed else asked.real
        if not len(profile.items):
            return None
        factors = self._fold_in.alone(profile.items, profile.weights)[None].astype(np.float32)
        return Factored.of(self._clusters, factors, self._settings)


@dataclass(frozen=True, eq=False)
class Generator:
    """The generator's own score.

    Attributes:
        generator: The generator.
        draws: Draws whose mean is told.
        seed: Seeds them.

    """

    generator: WideGenerator
    draws: int
    seed: int

    def tell(self, asked: Asked) -> Part | None:
        """As in ``Teller``."""
        return Generated(asked.expected(self.generator, self.draws, self.seed), asked.n_items)


def tellers_of(sources: Sequence[Source], settings: WideSettings) -> tuple[dict[int, Teller], WideGenerator | None]:
    """What tells each score, by its number, and the generator among them; popularity is told otherwise.

    Args:
        sources: Scores of a hybrid.
        settings: How candidates are found.

    Raises:
        ModelError: A score cannot be told without looking at every item.

    """
    generator, shared = None, SharedRows()
    tellers: dict[int, Teller] = {}
    for number, source in enumerate(sources):
        found: Teller | None = None
        if isinstance(source, PriorSource | SegmentSource):
            continue
        if isinstance(source, FilterSource):
            found = _filter(source, settings, shared)
        elif isinstance(source, GeneratorSource):
            generator = wide_generator(source.generator, settings)
            found = None if generator is None else Generator(generator, source.draws, source.seed)
        if found is None:
            raise ModelError(f"{source.name} cannot be told of one user without looking at every item")
        tellers[number] = found
    return tellers, generator


def _filter(source: FilterSource, settings: WideSettings, shared: SharedRows) -> Teller | None:
    is_completed = source.completion is not None
    if isinstance(source.fitted, FittedIALS):
        return Factors(source.fitted, settings, is_completed)
    online = online_filter(source.fitted, is_completed, shared)
    return None if online is None else Filter(online, is_completed)
