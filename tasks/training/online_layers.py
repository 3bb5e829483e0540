"""The conditional generator's layers for one user, compiled: a dozen small products take less than as many calls."""

from typing import Any

import numpy as np

from lightning_modules import noise
from tasks.compiled import njit, register_jitable

_compiled: Any = njit(cache=True, nogil=True, error_model="numpy")

register_jitable(noise.mix)
_normal_of: Any = _compiled(noise.normal_of)


@_compiled
def latent(
    ids: Any, words: Any, dimensions: int, side: Any, support: Any, encoder: Any, first: Any, second: Any
) -> Any:  # fmt: skip
    """From one user to what is made of each draw, float32 (S, M · D).

    Args:
        ids: uint64 (1,), seeds the noise.
        words: As ``noise.words`` tells them.
        dimensions: Of the noise.
        side: As ``_side_features`` takes it.
        support: Vectors of all items; and of the support items, gaps and weights, as ``_encode`` takes them.
        encoder: Layers, as ``_encode`` takes them.
        first: Weights and bias of a layer of the decoder, as ``linear`` takes them.
        second: The same.

    """
    condition = _encode(*support, _side_features(*side), *encoder)
    base, numbers, steps = words
    streams = noise.mix(numbers ^ noise.mix(ids ^ base)[0])
    known = np.empty((len(numbers), len(condition) + dimensions), np.float32)
    for draw in range(len(numbers)):
        cosines, sines = _normal_of(noise.mix(steps + streams[draw]))
        _copy(condition, known[draw])
        for place in range(dimensions):
            known[draw, len(condition) + place] = sines[place // 2] if place % 2 else cosines[place // 2]
    return linear(silu(linear(known, *first)), *second)


@_compiled
def _copy(values: Any, out: Any) -> None:
    """To the beginning of another; an assignment of slices takes seconds to compile."""
    for place in range(len(values)):
        out[place] = values[place]


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
        _copy(bias, out)
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
def _side_features(shots: Any, classes: Any, codes: Any, numbers: Any, told: Any, calendar: Any, at: Any) -> Any:
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
def _encode(
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
        _copy(vectors[support[row]], seen[row])
        events[row, 0], events[row, 1] = gaps[row], weights[row]
    tokens, of_items, of_events = np.empty((length + 1, width), np.float32), linear(seen, *item), linear(events, *event)
    _copy(nothing, tokens[0])
    for row in range(length):
        place = position[min(length - 1 - row, len(position) - 1)]
        for column in range(width):
            tokens[row + 1, column] = of_items[row, column] + of_events[row, column] + place[column]
    asked = linear(side, *query)[0]
    attention = np.empty(length + 1, np.float32)
    for row in range(length + 1):
        attention[row] = (tokens[row] * asked).sum() * np.float32(width**-0.5)
    attention = np.exp(attention - attention.max())
    attention /= attention.sum()
    both = np.zeros((1, 2 * width), np.float32)
    for row in range(length + 1):
        for column in range(width):
            both[0, column] += attention[row] * tokens[row, column]
    _copy(side[0], both[0, width:])
    joined = silu(linear(both, *join))[0]
    joined -= joined.sum() / np.float32(width)
    spread = np.sqrt((joined * joined).sum() / np.float32(width) + epsilon)
    return joined / spread * norm[0] + norm[1]
