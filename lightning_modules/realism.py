"""How much generated behaviour looks like real behaviour, as a whole."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lightning_modules.conditions import EpisodeTensors
from lightning_modules.networks.base import Generator
from lightning_modules.sampling import draw_blocks


def generated_profiles(generator: Generator, episodes: EpisodeTensors, *, seed: int, longest: int = 500) -> csr_array:
    """One profile per row of episodes: distinct items drawn without replacement, as many as the row has targets.

    Args:
        generator: The generator, in evaluation mode.
        episodes: U rows; those without targets get no items.
        seed: Seeds noise and drawing.
        longest: Items per profile at most.

    Returns:
        CSR (U, I), 1.0 per drawn item.

    """
    users = len(episodes)
    ids = np.arange(users, dtype=np.uint64)
    lengths = np.minimum(np.minimum(episodes.target_lengths, longest), generator.n_items)
    random = np.random.default_rng(seed)
    columns: list[NDArray[np.int64]] = []
    for rows, drawn in draw_blocks(generator, episodes, ids, draws=1, seed=seed):
        wanted = lengths[rows]
        most = max(1, int(wanted.max(initial=1)))
        # Exponential races: the items with the smallest time are a draw without replacement.
        times = random.standard_exponential(drawn[0].shape, dtype=np.float32)
        with np.errstate(divide="ignore", over="ignore"):
            times /= drawn[0]
        chosen = torch.topk(torch.from_numpy(times), most, largest=False).indices.numpy()
        columns.append(chosen[np.arange(most) < wanted[:, None]])
    indices = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    profiles = csr_array((np.ones(len(indices), dtype=np.float32), indices, indptr), shape=(users, generator.n_items))
    profiles.sort_indices()
    return profiles


def average_popularity(profiles: csr_array, popularity: NDArray[np.floating]) -> float:
    """Mean popularity of the items of profiles, per user first; nan without items."""
    lengths = np.diff(profiles.indptr)
    held = lengths > 0
    if not held.any():
        return float("nan")
    return float(((profiles @ popularity)[held] / lengths[held]).mean())


def cooccurrence_distance(generated: csr_array, real: csr_array, *, items: int = 1000) -> float:
    """Frobenius distance between item–item co-occurrences, each normalised to norm 1.

    Args:
        generated: CSR (U, I) of generated profiles.
        real: CSR (V, I) of real ones.
        items: Items compared: those with most real interactions.

    Returns:
        √(2 − 2 cos) of the two matrices off their diagonals: 0 for equal structure, √2 for none in
        common; nan where one of them has no pair at all.

    """
    top = np.argsort(-np.asarray(real.sum(axis=0)).ravel(), kind="stable")[:items]

    def pairs(profiles: csr_array) -> csr_array:
        chosen = csr_array(profiles[:, top])
        product = csr_array(chosen.T @ chosen)
        product.setdiag(0)
        return product

    first, second = pairs(generated), pairs(real)
    norms = np.sqrt((first.multiply(first)).sum() * (second.multiply(second)).sum())
    if norms == 0:
        return float("nan")
    return float(np.sqrt(max(0.0, 2 - 2 * first.multiply(second).sum() / norms)))
