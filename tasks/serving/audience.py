"""Who is most likely interested in certain items: users the model was fitted on, and those met since."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers
from tasks.serving.encoding import together
from tasks.serving.profile import Profile
from tasks.serving.scores import next_choice
from tasks.serving.served_model import ServedModel

Population = Literal["all", "known", "new"]
_KEPT = 16
"""Audiences that are kept, so that their further pages need no scoring."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Users by interest, most interested first.

    Attributes:
        user_ids: Of those who were scored.
        scores: Probability that the next new item is one of those asked about, 0 … 1.
        known: Whether the model was fitted on the user.
        considered: Users who were looked at.

    """

    user_ids: tuple[str, ...]
    scores: tuple[float, ...]
    known: tuple[bool, ...]
    considered: int


class AudienceFinder:
    """Finds audiences: a coarse score by vectors finds candidates, the model scores these exactly.

    Args:
        served: The model.
        candidates: Users who are scored exactly, at most.
        is_forgotten: Whether a user of the model must not be used any more.

    """

    def __init__(self, served: ServedModel, candidates: int, is_forgotten: Callable[[str], bool]) -> None:
        self._served = served
        self._candidates = candidates
        self._is_forgotten = is_forgotten
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[object, ...], Audience] = OrderedDict()
        self._known_vectors: NDArray[np.float32] | None = None

    def find(
        self, rows: NDArray[np.integer], population: Population, met: Callable[[], Sequence[Profile]], state: int
    ) -> Audience:
        """The users most likely interested.

        Args:
            rows: Rows of the items asked about, at least one.
            population: ``known`` to the model, ``new`` since, or ``all``.
            met: Profiles of users met since, all with ids; read where they are needed.
            state: Changes where those profiles may have changed.

        """
        key = (tuple(rows.tolist()), population, state if population != "known" else None)
        # One at a time: a second caller would slow the first one down, and often asks for the same.
        with self._lock:
            if key not in self._found:
                self._found[key] = self._find(rows, population, met)
                while len(self._found) > _KEPT:
                    self._found.popitem(last=False)
            self._found.move_to_end(key)
            return self._found[key]

    def forget(self) -> None:
        """Keep nothing: somebody who stands in an audience was forgotten."""
        with self._lock:
            self._found.clear()

    def _find(
        self, rows: NDArray[np.integer], population: Population, met: Callable[[], Sequence[Profile]]
    ) -> Audience:
        model = self._served.model
        profiles = met() if population != "known" else ()
        new_ids = [str(profile.user_id) for profile in profiles]
        new = [self._served.encode(profile).users for profile in profiles]
        known_ids, known = self._known(set(new_ids)) if population != "new" else ([], np.zeros(0, dtype=np.int64))
        target = self._served.vectors[rows].mean(axis=0)
        coarse = np.concatenate(
            [self._customers_vectors()[known] @ target if len(known) else np.zeros(0), self._vectors(new) @ target]
        )
        chosen = np.argsort(-coarse, kind="stable")[: self._candidates]
        of_known, of_new = chosen[chosen < len(known)], chosen[chosen >= len(known)] - len(known)
        ids = [known_ids[place] for place in of_known] + [new_ids[place] for place in of_new]
        scores = np.zeros(0)
        if len(of_known) and model.customers is not None:
            scores = next_choice(model, model.customers.users.select(known[of_known]), rows)
        if len(of_new):
            scores = np.concatenate([scores, next_choice(model, together([new[place] for place in of_new]), rows)])
        order = np.argsort(-scores, kind="stable")
        return Audience(
            user_ids=tuple(ids[place] for place in order),
            scores=tuple(scores[order].tolist()),
            known=tuple(bool(place < len(of_known)) for place in order),
            considered=len(coarse),
        )

    def _known(self, met: set[str]) -> tuple[list[str], NDArray[np.int64]]:
        """Users of the model who were neither met since nor forgotten: ids and rows."""
        customers = self._served.model.customers
        if customers is None:
            return [], np.zeros(0, dtype=np.int64)
        kept = [
            (user, row) for row, user in enumerate(customers.ids.to_list())
            if user not in met and not self._is_forgotten(user)
        ]  # fmt: skip
        return [user for user, _ in kept], np.array([row for _, row in kept], dtype=np.int64)

    def _customers_vectors(self) -> NDArray[np.float32]:
        customers = self._served.model.customers
        if self._known_vectors is None and customers is not None:
            self._known_vectors = user_vectors(self._served, customers.users)
        assert self._known_vectors is not None
        return self._known_vectors

    def _vectors(self, users: Sequence[NewUsers]) -> NDArray[np.float32]:
        if not users:
            return np.zeros((0, self._served.vectors.shape[1]), dtype=np.float32)
        return user_vectors(self._served, together(users))


def user_vectors(served: ServedModel, users: NewUsers) -> NDArray[np.float32]:
    """Mean vector of what each user holds, of unit length, float32 (U, D); zeros for users without known items."""
    held = users.support(len(served.catalogue)) @ served.vectors
    lengths = np.linalg.norm(held, axis=1, keepdims=True)
    return np.divide(held, lengths, out=np.zeros_like(held), where=lengths > 0).astype(np.float32)
