"""What every recommender is: fitted on warm users, it ranks the catalogue for users it never saw."""

from abc import abstractmethod
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tasks.domain import Evidence, NewUsers, Provenance, Training
from tasks.recommenders import storage
from tasks.recommenders.ranking import BlockRanker, EvidenceOf


class Recommender(Protocol):
    """Settings of a recommender: a frozen dataclass, built from ``conf/recommender/<name>.yaml``."""

    def fit(self, training: Training) -> "FittedRecommender":
        """Fit on warm users, and on the virtual users that ``training`` may carry."""
        ...


class FittedRecommender(BlockRanker):
    """A fitted recommender.

    A new one is a dataclass that implements ``score``; lists, ties, filters, ``save`` and ``load`` come with
    it. Its fields are what is saved: arrays, CSR matrices, plain values, other fitted recommenders.

    Attributes:
        n_items: Size I of the catalogue.
        provenance: The users and times it was fitted on.
        serves_without_events: Whether it has something of its own to say about users without any event; for the
            others a form of popularity answers then.

    """

    serves_without_events: ClassVar[bool] = False

    n_items: int
    provenance: Provenance

    @abstractmethod
    def score(self, users: NewUsers) -> NDArray[np.float32]:
        """Scores of one block of users: float32 (B, I), finite, higher is better, support not masked."""

    def evidence(self, users: NewUsers, ids: NDArray[np.int32]) -> NDArray[np.uint8]:
        """What carried each chosen item: uint8 (B, k), values of ``Evidence``.

        Unless a recommender knows better: real behaviour where the user has any, else virtual, else popularity.
        """
        known = np.where(users.shots > 0, Evidence.REAL, Evidence.POPULARITY)
        if users.virtual is not None:
            completed = np.diff(users.virtual.matrix.indptr) > 0
            known = np.where((users.shots == 0) & completed, Evidence.VIRTUAL, known)
        return np.repeat(known.astype(np.uint8)[:, None], ids.shape[1], axis=1)

    def score_into(self, users: NewUsers, out: NDArray[np.float32]) -> EvidenceOf:
        """Write the scores of one block into ``out`` (B, I) and return what explains chosen items.

        Recommenders override it to fill the reused buffer directly, or to share work between scores and
        evidence. The explanation is asked once, before the buffer is used again.
        """
        out[...] = self.score(users)
        return partial(self.evidence, users)

    def save(self, folder: Path) -> None:
        """Write the fit to ``folder`` as npz and JSON."""
        storage.save(self, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what ``save`` wrote; executes nothing that lies in the folder.

        Raises:
            ModelError: The folder holds no fit of this class, or cannot be read.

        """
        return storage.load(folder, cls)
