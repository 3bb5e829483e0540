"""Episodes of the block world, without anything above ``lightning_modules``."""

import numpy as np
from scipy.sparse import csr_array

from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import Episodes
from lightning_modules.trainer_settings import TrainerSettings

SMALL = TrainerSettings(
    max_epochs=2, batch_size=32, min_steps=4, inner_steps=3, validate_every=1, tripwire_users=40, accelerator="cpu"
)


def block_episodes(users: int = 64, items: int = 30, blocks: int = 3, seed: int = 0) -> Episodes:
    """Two rows per user: no item shown, and two; four targets of the user's block (``user % blocks``)."""
    random = np.random.default_rng(seed)
    own = items // blocks
    order = np.argsort(random.random((users, own)), axis=1)[:, :6] * blocks + (np.arange(users) % blocks)[:, None]
    group = np.tile(np.arange(users), 2)
    shots = np.repeat([0, 2], users)
    targets = np.tile(np.sort(order[:, 2:], axis=1), (2, 1))
    indptr = np.arange(0, targets.size + 1, targets.shape[1])
    ones = np.ones(targets.size, dtype=np.float32)
    support = order[:, :2].ravel().astype(np.int32)
    return Episodes(
        n_items=items,
        support_indptr=np.concatenate([[0], np.cumsum(shots)]).astype(np.int64),
        support_items=support,
        support_gaps=np.tile(np.array([0.0, 1.0], dtype=np.float32), users),
        support_weights=np.zeros(len(support), dtype=np.float32),
        shots=shots,
        categories=(group % blocks + 1)[:, None],
        numbers=random.normal(size=(2 * users, 1)).astype(np.float32),
        calendar=random.normal(size=(2 * users, 4)).astype(np.float32),
        targets=csr_array((ones, targets.ravel(), indptr), shape=(2 * users, items)),
        group=group,
    )


def block_catalogue(items: int = 30, blocks: int = 3, dimensions: int = 8, features: int = 2) -> Catalogue:
    """Item vectors that point to the block, with noise."""
    random = np.random.default_rng(5)
    vectors = random.normal(size=(items, dimensions)) * 0.3
    vectors[np.arange(items), np.arange(items) % blocks] += 1.0
    return Catalogue(
        n_items=items,
        item_vectors=vectors.astype(np.float32),
        log_popularity=np.log(np.full(items, 1 / items, dtype=np.float32)),
        item_features=random.normal(size=(items, features)).astype(np.float32),
        user_cardinalities=(blocks + 1,),
        user_numbers=1,
        calendar_width=4,
    )
