"""Which virtual items a user is given, and how much each counts."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tasks.compiled import njit
from tasks.recommenders.best_of_few import best_of_few

_compiled: Any = njit(cache=True, nogil=True, error_model="numpy")

_TINY = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Policy:
    """From draws of a generator to a few weighted virtual items per user.

    Attributes:
        items: Most virtual items per user, at least 1; the likeliest by mean probability are kept.
        draws: Draws per user, at least 1.
        agreement: Keep an item only if it is among the ``items`` likeliest in at least this many draws;
            1 … ``draws``.
        threshold: Keep an item only if its mean probability is at least this share of the likeliest one's; 0 … 1.
        weight: Weight of the likeliest virtual item before fading, in units of one real interaction; above 0.
        kappa: Number n of real items at which virtual weight has faded to a half: weight · kappa / (kappa + n).
            Above 0; None never fades.
        weights: ``probability`` lets weights fall with the mean probability, ``equal`` gives all the same.

    """

    items: int = 20
    draws: int = 4
    agreement: int = 1
    threshold: float = 0.0
    weight: float = 1.0
    kappa: float | None = 5.0
    weights: Literal["probability", "equal"] = "probability"

    def __post_init__(self) -> None:
        for name, value in (("items", self.items), ("draws", self.draws)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}")
        if not 1 <= self.agreement <= self.draws:
            raise ValueError(f"agreement must be between 1 and draws ({self.draws}), got {self.agreement}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be between 0 and 1, got {self.threshold}")
        if not 0 < self.weight < float("inf"):
            raise ValueError(f"weight must be above 0 and finite, got {self.weight}")
        if self.kappa is not None and not 0 < self.kappa < float("inf"):
            raise ValueError(f"kappa must be above 0 and finite, or null for no fading, got {self.kappa}")
        if self.weights not in {"probability", "equal"}:
            raise ValueError(f"weights must be probability or equal, got {self.weights!r}")

    def fade(self, shots: NDArray[np.integer]) -> NDArray[np.float32]:
        """Weight of the likeliest virtual item of users with this many real items, float32 (U,).

        Args:
            shots: int (U,), n, distinct catalogue items in the support.

        """
        if self.kappa is None:
            return np.full(len(shots), self.weight, dtype=np.float32)
        return (self.weight * self.kappa / (self.kappa + shots)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Virtual items of one block of users.

    Attributes:
        items: int64 (B, m), likeliest first.
        weights: float32 (B, m), 0 where an item is not kept.

    """

    items: NDArray[np.int64]
    weights: NDArray[np.float32]


def choose(
    policy: Policy,
    probabilities: NDArray[np.float32],
    support: tuple[NDArray[np.integer], NDArray[np.integer]],
    shots: NDArray[np.integer],
) -> Chosen:
    """Choose and weight the virtual items of one block of users.

    Args:
        policy: The settings.
        probabilities: float32 (draws, B, I), not negative.
        support: Row in the block and item of each support entry; never chosen.
        shots: int (B,), n of each user.

    Raises:
        ValueError: A probability is negative, nan or infinite.

    """
    import torch

    drawn = torch.from_numpy(probabilities)
    mean = drawn.mean(dim=0) if len(probabilities) > 1 else drawn[0].clone()
    low, high = torch.aminmax(mean)  # nan where any is
    if not (low >= 0 and high < float("inf")):
        raise ValueError("probabilities must be finite and not negative; the generator's output is damaged")
    mean[support] = 0.0
    many = min(policy.items, mean.shape[1])
    values, items = torch.topk(mean, many, dim=1)
    kept = (values > 0) & (values >= policy.threshold * values[:, :1])
    if policy.agreement > 1:
        drawn = drawn.clone()
        drawn[:, support[0], support[1]] = 0.0
        last = torch.topk(drawn, many, dim=2).values[..., -1:]  # (draws, B, 1)
        in_draw = torch.take_along_dim(drawn, items[None], dim=2)  # (draws, B, m)
        kept &= ((in_draw >= last) & (in_draw > 0)).sum(dim=0) >= policy.agreement
    relative = values / values[:, :1].clamp(min=torch.finfo(values.dtype).tiny)
    weights = relative if policy.weights == "probability" else torch.ones_like(relative)
    faded = weights.numpy() * policy.fade(shots)[:, None]
    return Chosen(items.numpy(), np.where(kept.numpy(), faded, np.float32(0)))


def choose_few(
    policy: Policy,
    mean: NDArray[np.float32],
    support: tuple[NDArray[np.integer], NDArray[np.integer]],
    shots: NDArray[np.integer],
) -> Chosen:
    """As ``choose``, for a few users of whom the mean of the draws is known; of equal items the first.

    Args:
        policy: The settings; any agreement but 1 needs the draws themselves.
        mean: float32 (B, I), not negative; overwritten at the support.
        support: Row in the block and item of each support entry; never chosen.
        shots: int (B,), n of each user.

    Raises:
        ValueError: A probability is negative, nan or infinite.

    """
    if len(support[0]):
        mean[support] = 0.0
    many = min(policy.items, mean.shape[1])
    items, values, are_sound = _best_weighed(
        mean, many, np.float32(policy.threshold), policy.weights == "probability", policy.fade(shots)
    )
    if not are_sound:
        raise ValueError("probabilities must be finite and not negative; the generator's output is damaged")
    return Chosen(items, values)


@_compiled
def _best_weighed(mean: Any, many: int, threshold: Any, by_probability: bool, faded: Any) -> Any:
    """The best items of each user, their weights, and whether all probabilities are sound."""
    values, items = np.empty((len(mean), many), np.float32), np.empty((len(mean), many), np.int64)
    best_of_few(mean, values, items)
    return items, values, _weigh(mean, values, threshold, by_probability, faded)


@_compiled
def _weigh(mean: Any, values: Any, threshold: Any, by_probability: bool, faded: Any) -> bool:
    """From the best probabilities, float32 (B, m), falling, to weights in their place; whether all are sound."""
    for row in range(len(values)):
        if not values[row, 0] < np.inf:  # nan counts as largest
            return False
        for probability in mean[row]:
            if probability < 0:
                return False
        own, largest = values[row], values[row, 0]
        for place in range(len(own)):
            kept = own[place] > 0 and own[place] >= threshold * largest
            share = own[place] / max(largest, _TINY) if by_probability else np.float32(1)
            own[place] = share * faded[row] if kept else np.float32(0)
    return True
