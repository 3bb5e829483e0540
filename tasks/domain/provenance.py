"""What an artefact saw: the record that the leakage assertions read."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Provenance:
    """The users and times an artefact was fitted on.

    Attributes:
        artefact: Its name, for example ``popularity`` or ``generator``.
        users: Number of users.
        users_digest: sha256 over the sorted user rows, hex.
        newest: Newest timestamp in microseconds since 1970-01-01 UTC; None without times.

    """

    artefact: str
    users: int
    users_digest: str
    newest: int | None

    @classmethod
    def of(cls, artefact: str, users: NDArray[np.integer], times: NDArray[np.int64] | None) -> "Provenance":
        """Record of an artefact fitted on these user rows (any order, repeats allowed) and times."""
        distinct = np.unique(users).astype("<i8")
        newest = None if times is None or len(times) == 0 else int(times.max())
        return cls(artefact, len(distinct), hashlib.sha256(distinct.tobytes()).hexdigest(), newest)
