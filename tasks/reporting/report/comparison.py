"""Numbers behind the figures that compare users: real with generated ones, with virtual behaviour and without."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Counts = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Projection:
    """Profiles in the plane of the first two principal components of real training users.

    Attributes:
        real: float (U, 2), held-out real users.
        generated: float (V, 2).
        explained: Share of the training users' variance that each axis explains, 0 … 1.

    """

    real: Floats
    generated: Floats
    explained: tuple[float, float]


@dataclass(frozen=True, slots=True)
class PopularityCurve:
    """How often items are taken, most popular first.

    Attributes:
        real: int (I,), real users per item, never rising.
        generated: int (I,), generated users per item, by a ranking of their own.

    """

    real: Counts
    generated: Counts

    @staticmethod
    def top_share(counts: Counts) -> float:
        """Share of all events that falls on the most popular tenth of the catalogue, 0 … 1; nan without events."""
        top = max(1, round(len(counts) / 10))
        total = counts.sum()
        return float(counts[:top].sum() / total) if total else float("nan")


@dataclass(frozen=True, slots=True)
class ProfileLengths:
    """Numbers of items per user.

    Attributes:
        real: int (U,).
        generated: int (V,); empty where the run generates nothing.
        real_label: What the real ones are.
        generated_label: What the generated ones are.

    """

    real: Counts
    generated: Counts
    real_label: str
    generated_label: str


@dataclass(frozen=True, slots=True)
class Cooccurrence:
    """How often two items are taken by the same user.

    Attributes:
        titles: The K items, in the order of rows and columns.
        real: float (K, K), users with both ÷ √(users with one × users with the other), 0 … 1; diagonal 0.
        generated: The same of generated users.
        distance: Frobenius distance of the two whole matrices, each of norm 1: 0 … √2; nan without any pair.

    """

    titles: tuple[str, ...]
    real: Floats
    generated: Floats
    distance: float

    @property
    def difference(self) -> Floats:
        """Generated − real."""
        return self.generated - self.real


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Cosine distance of each user to the nearest of equally many others: 0 the same items, 1 none in common.

    Attributes:
        generated_to_training: float (V,).
        generated_to_new: float (V,), the user whose known events it was generated from left out.
        new_to_training: float (U,), of real held-out users: what is usual.

    """

    generated_to_training: Floats
    generated_to_new: Floats
    new_to_training: Floats


@dataclass(frozen=True, slots=True)
class Realism:
    """Real held-out users beside users generated from what is known of them.

    Attributes:
        shots: Number of known events the generator was shown.
        users: Number of real and of generated users.
        training_users: Number of real training users they are compared with.
        projection: None where there are too few users or items.
        popularity: By rank.
        lengths: Of profiles.
        cooccurrence: None where fewer than two items are taken.
        neighbours: To the nearest other user.

    """

    shots: int
    users: int
    training_users: int
    projection: Projection | None
    popularity: PopularityCurve
    lengths: ProfileLengths
    cooccurrence: Cooccurrence | None
    neighbours: Neighbours


@dataclass(frozen=True, slots=True)
class Segment:
    """Users with something in common.

    Attributes:
        group: What divides users, for example ``gender`` or ``items per user``.
        value: Theirs.
        users: How many.
        ours: Mean figure of the method.
        reference: Mean figure of what it is compared with.
        gain: Their difference, ours − reference.
        low: Lower bound of its 95 % interval.
        high: Upper bound.
        gain_share: Share of users who are served better, 0 … 1.
        loss_share: Share of users who are served worse.

    """

    group: str
    value: str
    users: int
    ours: float
    reference: float
    gain: float
    low: float
    high: float
    gain_share: float
    loss_share: float


@dataclass(frozen=True, slots=True)
class Gains:
    """Who gains and who loses by one method against another.

    Attributes:
        ours: Name of the method.
        reference: Name of what it is compared with.
        figure: Label of the figure, for example ``NDCG@10``.
        segments: All users first, then group by group.

    """

    ours: str
    reference: str
    figure: str
    segments: tuple[Segment, ...]
