"""What collaborative filters share: interest from real and virtual behaviour, above a fallback to popularity."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.domain import NO_ITEM, Evidence, NewUsers, Training
from tasks.recommenders.base import EvidenceOf, FittedRecommender
from tasks.recommenders.decayed_popularity import DecayedPopularity
from tasks.recommenders.late_popularity import LatePopularity
from tasks.recommenders.popularity import Popularity


@dataclass(frozen=True)
class Fallback:
    """Which popularity orders the items that collaborative filtering has nothing to say about.

    Attributes:
        form: ``popularity``, ``decayed_popularity`` or ``late_popularity``.
        half_life_days: Of ``decayed_popularity``, in days, above 0.

    """

    form: Literal["popularity", "decayed_popularity", "late_popularity"] = "popularity"
    half_life_days: float = 30.0

    def __post_init__(self) -> None:
        if self.form not in {"popularity", "decayed_popularity", "late_popularity"}:
            raise ValueError(f"form must be popularity, decayed_popularity or late_popularity, got {self.form!r}")
        DecayedPopularity(self.half_life_days)  # checks the half-life

    def counts(self, training: Training) -> NDArray[np.float64]:
        """The counts of that form of popularity, (I,)."""
        forms: dict[str, Popularity | DecayedPopularity | LatePopularity] = {
            "popularity": Popularity(),
            "decayed_popularity": DecayedPopularity(self.half_life_days),
            "late_popularity": LatePopularity(),
        }
        return forms[self.form].counts(training)

    def order(self, training: Training) -> NDArray[np.float32]:
        """Places in the popularity order as scores in (-1, 0], equal counts equal: below any interest; (I,)."""
        distinct, place = np.unique(self.counts(training), return_inverse=True)
        return ((place + 1 - len(distinct)) / max(len(distinct), 1)).astype(np.float32)


class CollaborativeSettings(Protocol):
    """Settings of a collaborative filter: what ``Blend`` needs to know of them."""

    @property
    def fallback(self) -> Fallback:
        """Orders what the filter has nothing to say about."""
        ...

    def fit(self, training: Training) -> "CollaborativeFilter":
        """Fit on warm users, and on the virtual users that ``training`` may carry."""
        ...


@dataclass(frozen=True, slots=True)
class Profiles:
    """What a block of users did, and what was made up for them.

    Attributes:
        real: CSR (B, I).
        whole: CSR (B, I), real and virtual weights added.

    """

    real: csr_array
    whole: csr_array

    @property
    def are_real(self) -> bool:
        """Whether nothing is virtual."""
        return self.whole is self.real

    @classmethod
    def of(cls, users: NewUsers, n_items: int) -> "Profiles":
        """Profiles of a block."""
        real = users.support(n_items)
        if users.virtual is None or users.virtual.matrix.nnz == 0:
            return cls(real, real)
        whole = csr_array(real + users.virtual.matrix)
        whole.sort_indices()
        return cls(real, whole)


@dataclass(frozen=True, slots=True)
class Interest:
    """Predicted interest of a block of users: CSR where most of it is 0, an array where hardly any is.

    Attributes:
        total: CSR or float32 (B, I), distinct entries, finite; what is not stored or not above 0 is left to the
            fallback.
        real: Computes the part that real behaviour carries, in the same form; None where that is all of it.

    """

    total: csr_array | NDArray[np.float32]
    real: Callable[[], csr_array | NDArray[np.float32]] | None

    def largest(self) -> NDArray[np.float32]:
        """The largest interest of each user, 0 without any; float32 (B,)."""
        if isinstance(self.total, np.ndarray):
            return self.total.max(axis=1, initial=0)
        found = np.zeros(self.total.shape[0], dtype=np.float32)
        np.maximum.at(found, np.repeat(np.arange(len(found)), np.diff(self.total.indptr)), self.total.data)
        return found

    def write(self, out: NDArray[np.float32]) -> None:
        """Put interest above 0 into its cells of ``out`` (B, I); the others stay as they are."""
        if isinstance(self.total, np.ndarray):
            np.copyto(out, self.total, where=self.total > 0)
            return
        places, above = _places(self.total), self.total.data > 0
        out.reshape(-1)[places[above]] = self.total.data[above]

    def add(self, out: NDArray[np.float32], scale: NDArray[np.float32]) -> None:
        """Add interest above 0, times a number per user (B,), to ``out`` (B, I)."""
        if isinstance(self.total, np.ndarray):
            out += np.maximum(self.total, 0) * scale[:, None]
            return
        row_scale = np.repeat(scale, np.diff(self.total.indptr))
        out.reshape(-1)[_places(self.total)] += np.maximum(self.total.data, 0) * row_scale

    def real_at(self, items: NDArray[np.integer]) -> NDArray[np.float32] | None:
        """What real behaviour carries of the interest in chosen items (B, k); None where that is all of it."""
        if self.real is None:
            return None
        real = self.real()
        return np.take_along_axis(real if isinstance(real, np.ndarray) else real.toarray(), items, axis=1)


def _places(matrix: csr_array) -> NDArray[np.int64]:
    """Where the stored entries of a CSR (B, I) lie in a flat, contiguous block (B · I,)."""
    places = np.repeat(np.arange(matrix.shape[0], dtype=np.int64) * matrix.shape[1], np.diff(matrix.indptr))
    places += matrix.indices
    return places


class CollaborativeFilter(FittedRecommender):
    """Ranks by interest, then, where there is none, by popularity.

    Scores above 0 are interest; scores in (-1, 0] are places in the popularity order.

    Attributes:
        fallback: float32 (I,), in (-1, 0].

    """

    fallback: NDArray[np.float32]

    @abstractmethod
    def interest(self, users: NewUsers) -> Interest:
        """Interest of one block of users in items."""

    def score(self, users: NewUsers) -> NDArray[np.float32]:
        """Scores (B, I)."""
        out = np.empty((len(users), self.n_items), dtype=np.float32)
        self.score_into(users, out)
        return out

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """As in ``FittedRecommender``."""
        interest = self.interest(users)
        out[...] = self.fallback
        interest.write(out)
        return lambda ids: _evidence(interest, out, ids)

    def evidence(self, users: NewUsers, ids: NDArray[np.int32]) -> NDArray[np.uint8]:
        """Popularity without interest, else real or virtual by the larger part of it."""
        return self.score_into(users, np.empty((len(users), self.n_items), dtype=np.float32))(ids)


def _evidence(interest: Interest, scores: NDArray[np.float32], ids: NDArray[np.int32]) -> NDArray[np.uint8]:
    places = np.where(ids == NO_ITEM, 0, ids)
    total = np.take_along_axis(scores, places, axis=1)
    carried = np.full(ids.shape, Evidence.REAL, dtype=np.uint8)
    real = interest.real_at(places)
    if real is not None:
        carried[real < total - real] = Evidence.VIRTUAL
    carried[total <= 0] = Evidence.POPULARITY
    return carried
