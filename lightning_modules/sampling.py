"""Draws of virtual behaviour for blocks of users."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_modules.conditions import Batch, EpisodeTensors
from lightning_modules.networks.base import Generator
from lightning_modules.noise import user_noise

BLOCK_BYTES = 64 * 2**20
"""Size of a block of probabilities, float32."""


ROWS_AT_ONCE = 32
"""Rows of scores, of all draws together, that are computed at once."""


@torch.no_grad()
def draw(generator: Generator, batch: Batch, ids: NDArray[np.uint64], *, draws: int, seed: int) -> Tensor:
    """Probabilities of the next item, one row per draw and user.

    A function of (weights, what is known of the user, user id, seed, number of the draw): up to the
    rounding of float32 it does not matter which users share the batch.

    Args:
        generator: The generator, in evaluation mode.
        batch: B users.
        ids: uint64 (B,), stable numbers that seed their noise.
        draws: Number S of draws per user.
        seed: Any integer.

    Returns:
        float32 (S, B, I): ≥ 0, sum 1, exactly 0 at support items.

    """
    device = next(generator.parameters()).device
    batch = batch.to(device)
    noise = user_noise(ids, seed=seed, draws=draws, dimensions=generator.noise_dimensions)
    condition = generator.condition(batch)
    result = torch.empty((draws, batch.size, generator.n_items), device=device)
    # A few rows cost hardly more than one, as the table of items is read once; many do not fit the cache together.
    together = draws if draws * batch.size <= ROWS_AT_ONCE else 1
    for start in range(0, draws, together):
        some = torch.from_numpy(noise[start : start + together]).to(device)
        known = None if condition is None else condition.repeat(len(some), 1)
        latent = generator.decode(known, some.flatten(0, 1))
        scores = generator.scores(latent, batch).view(len(some), batch.size, -1)
        for number, one in enumerate(scores, start):
            torch.exp(generator.log_probabilities(one, batch), out=result[number])
    return result


@torch.inference_mode()
def expected(
    generator: Generator, batch: Batch, ids: NDArray[np.uint64], *, draws: int, seed: int
) -> NDArray[np.float32]:
    """The mean of the same draws for a few users, float32 (B, I), without making each of them.

    Args:
        generator: The generator, in evaluation mode.
        batch: B users.
        ids: uint64 (B,), stable numbers that seed their noise.
        draws: Number of draws per user.
        seed: Any integer.

    """
    device = next(generator.parameters()).device
    batch = batch.to(device)
    noise = user_noise(ids, seed=seed, draws=draws, dimensions=generator.noise_dimensions)
    condition = generator.condition(batch)
    known = None if condition is None else condition.repeat(draws, 1)
    latent = generator.decode(known, torch.from_numpy(noise).to(device).flatten(0, 1))
    found: NDArray[np.float32] = generator.expected(latent, batch, draws).cpu().numpy()
    return found


def draw_blocks(
    generator: Generator,
    episodes: EpisodeTensors,
    ids: NDArray[np.uint64],
    *,
    draws: int,
    seed: int,
    block: int | None = None,
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Draws for all rows of ``episodes``, block by block.

    Args:
        generator: The generator, in evaluation mode, on the device of the episodes.
        episodes: U rows.
        ids: uint64 (U,).
        draws: Number S of draws per user.
        seed: Any integer.
        block: Users per block; None fills about 64 MiB.

    Yields:
        The block's rows, and float32 (S, B, I).

    """
    size = block or max(1, min(256, BLOCK_BYTES // (4 * draws * generator.n_items)))
    for start in range(0, len(episodes), size):
        rows = np.arange(start, min(start + size, len(episodes)))
        drawn = draw(generator, episodes.batch(rows), ids[rows], draws=draws, seed=seed)
        yield slice(start, start + len(rows)), drawn.cpu().numpy()
