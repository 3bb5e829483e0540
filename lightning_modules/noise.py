"""Random numbers that depend on names, not on order: of an epoch, or of a user."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: a bijection of 64-bit numbers whose output looks random.

    Source: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    values = values + _GOLDEN
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def derived_seed(seed: int, *names: int) -> int:
    """One seed out of several numbers, in 0 … 2⁶³ − 1."""
    state = mix(np.array([seed % 2**64], dtype=np.uint64))
    for name in names:
        state = mix(state ^ np.array([name % 2**64], dtype=np.uint64))
    return int(state[0] >> np.uint64(1))


def user_noise(
    ids: NDArray[np.uint64], *, seed: int, draws: int, dimensions: int, first_draw: int = 0
) -> NDArray[np.float32]:
    """Standard normal noise per user and draw.

    The value depends on (seed, user id, draw, dimension) alone, so that a user's draws are the same
    in whatever block of users they are made.

    Args:
        ids: uint64 (B,), stable numbers of the users.
        seed: Any integer.
        draws: Number S of draws per user.
        dimensions: Width Z.
        first_draw: Number of the first draw.

    Returns:
        float32 (S, B, Z).

    """
    base, numbers, steps = words(seed, draws, dimensions, first_draw)
    users = mix(np.asarray(ids, dtype=np.uint64) ^ base)  # (B,)
    streams = mix(users[None, :] ^ numbers[:, None])  # (S, B)
    bits = mix(streams[..., None] + steps)  # (S, B, pairs)
    normal = np.empty((*bits.shape[:2], 2 * len(steps)), dtype=np.float32)
    normal[..., 0::2], normal[..., 1::2] = normal_of(bits)
    return normal[..., :dimensions]


def normal_of(bits: NDArray[np.uint64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two standard normal numbers of each word (Box-Muller): 32 bits for the radius, 32 for the angle.

    Args:
        bits: uint64 of any shape.

    Returns:
        float32 of that shape, twice.

    """
    high = ((bits >> np.uint64(32)).astype(np.float32) + np.float32(1.0)) * np.float32(2.0**-32)
    low = (bits & np.uint64(0xFFFFFFFF)).astype(np.float32) * np.float32(2.0**-32 * 2 * np.pi)
    radius = np.sqrt(np.float32(-2.0) * np.log(np.minimum(high, np.float32(1.0))))
    return radius * np.cos(low), radius * np.sin(low)


@lru_cache(maxsize=64)
def words(
    seed: int, draws: int, dimensions: int, first_draw: int = 0
) -> tuple[np.uint64, NDArray[np.uint64], NDArray[np.uint64]]:
    """What does not depend on the user: of the seed, of each draw, and of each pair of dimensions; to be read only."""
    numbers = mix(np.arange(first_draw, first_draw + draws, dtype=np.uint64))
    return np.uint64(derived_seed(seed)), numbers, np.arange((dimensions + 1) // 2, dtype=np.uint64) * _GOLDEN
