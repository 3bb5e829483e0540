"""The conditional generator's layers for one user, compiled: a dozen small products take less than as many calls."""

from typing import Any

import numpy as np
from numba import njit

_compiled: Any = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def linear(values: Any, weights: Any, bias: Any) -> Any:
    """A linear layer.

    Args:
        values: float32 (n, D).
        weights: float32 (D, W).
        bias: float32 (W,).

    Returns:
        float32 (n, W).

    """
    found = np.empty((values.shape[0], weights.shape[1]), np.float32)
    for row in range(values.shape[0]):
        out = found[row]
        out[:] = bias
        for place in range(weights.shape[0]):
            value, along = values[row, place], weights[place]
            for column in range(len(out)):
                out[column] += value * along[column]
    return found


@_compiled
def silu(values: Any) -> Any:
    """SiLU of float32 (n, W)."""
    return values / (np.float32(1) + np.exp(-values))


@_compiled
def side_features(shots: Any, classes: Any, codes: Any, numbers: Any, told: Any, calendar: Any, at: Any) -> Any:
    """What is known beside the events, float32 (1, W).

    Args:
        shots: float32 (W,), what their number says.
        classes: float32 (F, K, W), what each code of each category says.
        codes: int64 (F,).
        numbers: float32 (N, W).
        told: float32 (N,).
        calendar: float32 (C, W).
        at: float32 (C,), the time.

    """
    found = shots.copy()
    for column in range(len(codes)):
        found += classes[column, codes[column]]
    for column in range(len(told)):
        found += told[column] * numbers[column]
    for column in range(len(at)):
        found += at[column] * calendar[column]
    return found.reshape(1, -1)


@_compiled
def encode(
    vectors: Any, support: Any, gaps: Any, weights: Any, side: Any,
    item: Any, event: Any, query: Any, join: Any, norm: Any, position: Any, nothing: Any, epsilon: Any,
) -> Any:  # fmt: skip
    """As ``ConditionEncoder``, from side features on.

    Args:
        vectors: float32 (I, D), of all items.
        support: int32 (L,), items, the latest last.
        gaps: float32 (L,), theirs.
        weights: float32 (L,), theirs.
        side: float32 (1, W).
        item: Weights and bias of a layer, as ``linear`` takes them.
        event: The same.
        query: The same.
        join: The same, from (2 · W).
        norm: Scale and shift, float32 (W,) each.
        position: float32 (P, W), counted from the latest item.
        nothing: float32 (W,), what an empty support attends to.
        epsilon: float32, of the layer norm.

    Returns:
        The condition, float32 (W,).

    """
    length, width = len(support), len(nothing)
    seen, events = np.empty((length, vectors.shape[1]), np.float32), np.empty((length, 2), np.float32)
    for row in range(length):
        seen[row], events[row, 0], events[row, 1] = vectors[support[row]], gaps[row], weights[row]
    tokens = np.empty((length + 1, width), np.float32)
    tokens[0] = nothing
    tokens[1:] = linear(seen, *item) + linear(events, *event)
    for row in range(length):
        tokens[row + 1] += position[min(length - 1 - row, len(position) - 1)]
    asked = linear(side, *query)[0]
    attention = np.empty(length + 1, np.float32)
    for row in range(length + 1):
        attention[row] = (tokens[row] * asked).sum() * np.float32(width**-0.5)
    attention = np.exp(attention - attention.max())
    attention /= attention.sum()
    both = np.zeros((1, 2 * width), np.float32)
    for row in range(length + 1):
        both[0, :width] += attention[row] * tokens[row]
    both[0, width:] = side[0]
    joined = silu(linear(both, *join))[0]
    joined -= joined.sum() / np.float32(width)
    spread = np.sqrt((joined * joined).sum() / np.float32(width) + epsilon)
    return joined / spread * norm[0] + norm[1]


@_compiled
def decode(condition: Any, noise: Any, first: Any, second: Any) -> Any:
    """From a condition, float32 (W,), and the noise of S draws, float32 (S, Z), to what is made of them, (S, M · D)."""
    known = np.empty((len(noise), len(condition) + noise.shape[1]), np.float32)
    for draw in range(len(noise)):
        known[draw, : len(condition)] = condition
        known[draw, len(condition) :] = noise[draw]
    return linear(silu(linear(known, *first)), *second)
