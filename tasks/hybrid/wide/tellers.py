"""From the scores of a hybrid to what tells each of them of one user, without a look at every item."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.policy import Policy, choose_few
from tasks.domain import NewUsers
from tasks.errors import ModelError
from tasks.hybrid.online.filters import Columns, OnlineFilter, online_filter
from tasks.hybrid.online.neighbours import SharedRows
from tasks.hybrid.online.profiles import SortedProfiles
from tasks.hybrid.sources import FilterSource, GeneratorSource, PriorSource, SegmentSource, Source
from tasks.hybrid.wide.expectation import WideExpectation
from tasks.hybrid.wide.generator import WideGenerator, wide_generator
from tasks.hybrid.wide.item_clusters import ItemClusters
from tasks.hybrid.wide.parts import Factored, Generated, Part
from tasks.hybrid.wide.settings import WideSettings
from tasks.recommenders.ials import FittedIALS

_NOBODY = np.empty(0, dtype=np.int64)


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
        # The user's own items have no probability already.
        chosen = choose_few(policy, expected.probabilities[None], (_NOBODY, _NOBODY), self.user.shots)
        return self.real.and_also(expected.items, chosen.items[0], chosen.weights[0])

    def expected(self, generator: WideGenerator, draws: int, seed: int) -> WideExpectation:
        """What the generator expects, drawn once."""
        key = (draws, seed)
        if key not in self._expected:
            self._expected[key] = generator.expected(self.user, draws, seed)
        return self._expected[key]


class Teller(Protocol):
    """Tells a score of one user of the items that it brings up, and of others when asked."""

    def tell(self, asked: Asked) -> Part | None:
        """The score; None where it says nothing."""
        ...


@dataclass(frozen=True, eq=False)
class Filter:
    """A filter whose interest is a sum over what is near to the profile: it tells all of it.

    Attributes:
        online: The filter.
        is_completed: Whether it sees virtual behaviour.

    """

    online: OnlineFilter
    is_completed: bool

    def add(self, asked: Asked, weight: NDArray[np.float32], out: NDArray[np.float32]) -> Columns:
        """As in ``OnlineFilter``; weight float32 (1,), out float32 (1, I)."""
        return self.online.add(asked.completed if self.is_completed else asked.real, weight, out)


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


@dataclass(frozen=True, eq=False)
class Tellers:
    """What tells each score of one user, by its number; popularity is told otherwise.

    Attributes:
        filters: Those that tell all they have to say.
        others: Those that are asked about items.
        generator: The one among them; None without.

    """

    filters: dict[int, Filter]
    others: dict[int, Teller]
    generator: WideGenerator | None

    @classmethod
    def of(cls, sources: Sequence[Source], settings: WideSettings) -> "Tellers":
        """For the scores of a hybrid.

        Args:
            sources: The scores.
            settings: How candidates are found.

        Raises:
            ModelError: A score cannot be told without looking at every item.

        """
        found, shared = cls({}, {}, None), SharedRows()
        for number, source in enumerate(sources):
            if isinstance(source, PriorSource | SegmentSource):
                continue
            if isinstance(source, GeneratorSource):
                generator = wide_generator(source.generator, settings)
                if generator is not None:
                    found.others[number] = Generator(generator, source.draws, source.seed)
                    found = replace(found, generator=generator)
                    continue
            elif isinstance(source, FilterSource):
                is_completed = source.completion is not None
                if isinstance(source.fitted, FittedIALS):
                    found.others[number] = Factors(source.fitted, settings, is_completed)
                    continue
                online = online_filter(source.fitted, is_completed, shared)
                if online is not None:
                    found.filters[number] = Filter(online, is_completed)
                    continue
            raise ModelError(f"{source.name} cannot be told of one user without looking at every item")
        return found
