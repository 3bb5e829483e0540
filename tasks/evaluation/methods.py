"""What is evaluated: a name, a fitted recommender, and where its users' virtual behaviour comes from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers, TopK, VirtualBehaviour

Role = Literal["baseline", "ours", "placebo", "ablation"]
"""What a method is in a comparison."""

VirtualSource = Callable[[NewUsers], VirtualBehaviour | None]
"""Makes up the virtual behaviour of users, one row per user; None for none."""


class Ranker(Protocol):
    """What evaluation needs of a fitted recommender."""

    def top_k(
        self,
        users: NewUsers,
        k: int,
        *,
        exclude: NDArray[np.bool_] | None = None,
        allow: NDArray[np.bool_] | None = None,
        seed: int = 0,
        mask_support: bool = True,
    ) -> TopK:
        """The k best items of each user over the whole catalogue, ties in seeded random order.

        Args:
            users: New users; their support items are never listed while ``mask_support`` is set.
            k: Length of the lists.
            exclude: bool (I,), items never to be listed.
            allow: bool (I,), the only items that may be listed.
            seed: Seeds the order of ties.
            mask_support: Whether support items are left out.

        """
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """One row of a comparison.

    Attributes:
        ranker: A fitted recommender.
        virtual: Where the users' virtual behaviour comes from; None for real behaviour only. Methods that
            share one source object share its result: it is asked once per question and number of shots.
        role: What the method is in a comparison.

    """

    ranker: Ranker
    virtual: VirtualSource | None = None
    role: Role = "baseline"


_NAME = re.compile(r"[a-z0-9_]+")


def check_names(methods: Mapping[str, Method]) -> None:
    """Names become parts of metric names, where few characters are legal.

    Raises:
        ValueError: A name holds anything but small letters, digits and underscores.

    """
    for name in methods:
        if not _NAME.fullmatch(name):
            raise ValueError(f"method names may hold a–z, 0–9 and _ only, got {name!r}")
