"""Neighbour side: made-up users join the warm ones, for collaborative filtering to find."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from lightning_modules.noise import derived_seed, mix
from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.rows import rows_of
from tasks.domain import NewUsers, Training, VirtualBehaviour


@dataclass(frozen=True)
class VirtualNeighbours:
    """Adds virtual users to the fit.

    Each starts as some warm user did, by the support of an episode drawn at random, and goes on as the
    generator says: its further items are drawn by their probability, without replacement.

    Attributes:
        share: Virtual users per warm user that gives episodes, above 0.
        items: Items drawn per virtual user, at least 1.
        weight: Weight of a virtual user's interactions, in units of one real interaction, above 0.

    """

    share: float = 0.5
    items: int = 20
    weight: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.share < float("inf"):
            raise ValueError(f"share must be above 0, got {self.share}")
        if self.items < 1:
            raise ValueError(f"items must be at least 1, got {self.items}")
        if not 0 < self.weight < float("inf"):
            raise ValueError(f"weight must be above 0, got {self.weight}")

    def complete(self, generator: ProfileGenerator, users: NewUsers, seed: int) -> None:
        """New users keep to their real behaviour."""

    def neighbours(self, generator: ProfileGenerator, training: Training, seed: int) -> VirtualBehaviour:
        """Virtual users, (V, I).

        Args:
            generator: Makes up profiles.
            training: Its episodes are what virtual users start from.
            seed: Seeds the choice of episodes, the draws and the items.

        Raises:
            ValueError: ``training`` has no episodes.

        """
        if not any(len(posed.users) for posed in training.episodes):
            raise ValueError("virtual neighbours start from episodes, and the training data has none")
        parts = [self._rows(generator, conditions, seed) for conditions in self._conditions(training, seed)]
        matrix = csr_array(vstack(parts, format="csr", dtype=np.float32))
        matrix.sort_indices()
        return VirtualBehaviour(matrix, origin=generator.name, seed=seed)

    def _conditions(self, training: Training, seed: int) -> Iterator[NewUsers]:
        """Supports drawn at random from the episodes, with ids of their own, so that no two share their noise."""
        random = np.random.default_rng(seed)
        sizes = np.array([len(posed.users) for posed in training.episodes])
        count = max(1, round(self.share * int(training.warm.gives_episodes.sum())))
        made = 0
        for posed, size in zip(training.episodes, random.multinomial(count, sizes / sizes.sum()), strict=True):
            chosen = posed.users.select(random.integers(0, max(len(posed.users), 1), size))
            yield replace(chosen, ids=mix(np.arange(made, made + size, dtype=np.uint64)))
            made += size

    def _rows(self, generator: ProfileGenerator, users: NewUsers, seed: int) -> csr_array:
        """Support and drawn items of each virtual user, (V, I)."""
        lengths, items = [], []
        for block, probabilities in generator.draw(users, 1, seed):
            own = users.select(np.arange(block.start, block.stop))
            probabilities[0, own.rows.row_of_entry, own.items] = 0.0
            drawn, kept = draw_items(probabilities[0], self.items, own.ids, seed)
            lengths.append(kept.sum(axis=1))
            items.append(drawn[kept].astype(np.int32))
        further = rows_of(lengths, items, [np.ones(len(part), dtype=np.float32) for part in items], generator.n_items)
        return csr_array((users.support(generator.n_items) + further) * np.float32(self.weight))


def draw_items(
    probabilities: NDArray[np.float32], count: int, ids: NDArray[np.uint64], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Draw items by their probability, without replacement; the same for a user whatever the block.

    The largest of p / e, with e exponentially distributed, are such a draw (Efraimidis and Spirakis, "Weighted
    random sampling with a reservoir", 2006). The e come from a hash of (seed, user, item).

    Args:
        probabilities: float32 (B, I), not negative.
        count: Items per user.
        ids: uint64 (B,), stable numbers of the users.
        seed: Seeds the draw.

    Returns:
        Items, int64 (B, m), and whether they have any probability, bool (B, m).

    """
    import torch

    users = mix(ids ^ np.uint64(derived_seed(seed, 1)))
    words = mix(users[:, None] ^ np.arange(probabilities.shape[1], dtype=np.uint64))  # (B, I)
    # 23 bits: with 24 the largest number and a half would round to 1, whose logarithm is 0.
    uniform = ((words >> np.uint64(41)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-23)  # in (0, 1)
    race = torch.from_numpy(probabilities / -np.log(uniform))
    best, items = torch.topk(race, min(count, probabilities.shape[1]), dim=1)
    return items.numpy(), (best > 0).numpy()
