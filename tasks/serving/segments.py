"""Groups of users by predicted interest: k-means over the vectors of what they hold, described by what stands out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.serving.served_model import ServedModel
from tasks.serving.vectors import behaviour

_SEED = 0
_STANDING_OUT = 5
_NEAREST_ITEMS = 5


@dataclass(frozen=True, slots=True)
class Segment:
    """A group of users.

    Attributes:
        number: From 0, the largest group first.
        users: Its size, among those the model was fitted on.
        share: Of all of them, 0 … 1.
        categories: Classes that its users take more than others do, the most telling first.
        terms: Words of titles, likewise.
        items: Rows of the items that its users are most interested in.

    """

    number: int
    users: int
    share: float
    categories: tuple[str, ...]
    terms: tuple[str, ...]
    items: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Segments:
    """All groups.

    Attributes:
        found: The groups.
        centres: float64 (groups, D), of unit length.

    """

    found: tuple[Segment, ...]
    centres: NDArray[np.float64]

    def assign(self, vector: NDArray[np.floating]) -> tuple[int, NDArray[np.float64]]:
        """The group of a user, and the likeness (cosine) to each, (groups,).

        Args:
            vector: Of the user, (D,).

        """
        alike = self.centres @ vector
        return int(alike.argmax()), alike


def find_segments(served: ServedModel, groups: int) -> Segments:
    """Group the users that the model was fitted on; fewer groups where there are not that many users."""
    from sklearn.cluster import KMeans

    held = behaviour(served.model)
    vectors = served.vectors
    if held is None or not held.nnz:
        return Segments((), np.zeros((0, vectors.shape[1])))
    users = held @ vectors
    lengths = np.linalg.norm(users, axis=1)
    somebody = np.flatnonzero(lengths > 0)
    users, held = users[somebody] / lengths[somebody, None], csr_array(held[somebody])
    groups = min(groups, len(np.unique(users, axis=0)))
    label = KMeans(groups, n_init=3, max_iter=50, random_state=_SEED).fit(users).labels_
    sizes = np.bincount(label, minlength=groups)
    order = np.argsort(-sizes, kind="stable")
    membership = csr_array((np.ones(len(label), dtype=np.float32), (label, np.arange(len(label)))))
    counts = np.asarray((membership @ (held > 0).astype(np.float32)).todense())  # (groups, I)
    centres = np.stack([users[label == group].mean(axis=0) for group in order])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    described = [_described(served, number, int(sizes[group]), len(label), counts[group], counts.sum(axis=0))
                 for number, group in enumerate(order)]  # fmt: skip
    return Segments(tuple(described), centres)


def interest_vector(served: ServedModel, rows: Sequence[int], listed: Sequence[int]) -> NDArray[np.float64]:
    """The vector of a user: of what they hold, else of what is recommended to them; unit length, (D,)."""
    for own in (rows, listed):
        if len(own):
            vector = served.vectors[list(own)].sum(axis=0).astype(np.float64)
            length = float(np.linalg.norm(vector))
            if length > 0:
                return vector / length
    return np.zeros(served.vectors.shape[1])


def _described(
    served: ServedModel, number: int, size: int, users: int, own: NDArray[np.floating], usual: NDArray[np.floating]
) -> Segment:
    catalogue = served.catalogue
    rows = np.flatnonzero(own)
    telling = _telling(own[rows] / max(own.sum(), 1), usual[rows] / max(usual.sum(), 1))
    return Segment(
        number=number,
        users=size,
        share=size / users,
        categories=_standing_out(catalogue.categories_of, own, usual),
        terms=_standing_out(catalogue.terms, own, usual),
        items=tuple(int(row) for row in rows[np.argsort(-telling, kind="stable")[:_NEAREST_ITEMS]]),
    )


def _standing_out(
    words_of: Callable[[int], Iterable[str]], own: NDArray[np.floating], usual: NDArray[np.floating]
) -> tuple[str, ...]:
    """Words of items that are taken (own, (I,)) more than elsewhere (usual, (I,)), the most telling first."""
    counts: dict[str, list[float]] = {}
    for row in np.flatnonzero(usual).tolist():
        for word in words_of(row):
            count = counts.setdefault(word, [0.0, 0.0])
            count[0] += float(own[row])
            count[1] += float(usual[row])
    words = [word for word, (taken, _) in counts.items() if taken > 0]
    if not words:
        return ()
    table = np.array([counts[word] for word in words])
    telling = _telling(*(table / np.array(list(counts.values())).sum(axis=0)).T)
    return tuple(words[place] for place in np.argsort(-telling, kind="stable")[:_STANDING_OUT] if telling[place] > 0)


def _telling(shares: NDArray[np.floating], usual: NDArray[np.floating]) -> NDArray[np.floating]:
    """What each adds to the divergence (Kullback and Leibler) of a group from everyone: often, and more than usual."""
    return shares * np.log(np.maximum(shares, 1e-12) / np.maximum(usual, 1e-12))
