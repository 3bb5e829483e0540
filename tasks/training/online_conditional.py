"""The conditional generator for a few users at a time, in numpy and compiled loops.

Hundreds of small calls into torch cost more than the arithmetic, and none of it has to be differentiated.
"""

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lightning_modules import noise
from lightning_modules.conditions import Episodes
from lightning_modules.networks.conditional import ConditionalGenerator
from lightning_modules.networks.encoder import ConditionEncoder
from tasks.training import online_layers

Array = NDArray[np.float32]

_TOGETHER = 4
"""Users that share a pass over the table of items; with more of them their odds do not fit the cache."""


class OnlineConditional:
    """Expected probabilities as ``Generator.expected`` gives them, up to the rounding of float32.

    Args:
        module: In evaluation mode, on the CPU; its weights as they are now.
        window: Support items that the attention sees.

    """

    def __init__(self, module: ConditionalGenerator, window: int) -> None:
        self._interests, self._noise, self._window = module.interests, module.noise_dimensions, window
        self._table = _array(module.table.T)  # (d + P, I)
        self._vectors = _array(module.items())
        self._bias = None if module.item_bias is None else _array(module.item_bias)
        self._encoder = _Encoder(module.encoder)
        self._decoder = _layer(module.decoder[0]), _layer(module.decoder[2])
        self._room = threading.local()

    @property
    def interests(self) -> int:
        """Latent interests M per draw."""
        return self._interests

    @property
    def vectors(self) -> Array:
        """Items as interests meet them, float32 (I, d + P), with the bias as one more dimension where there is one."""
        if self._bias is None:
            return np.ascontiguousarray(self._table.T)
        return np.concatenate([self._table.T, self._bias[:, None]], axis=1)

    def directions(self, latent: Array) -> Array:
        """Interests as they meet ``vectors``, (S · M, D): what ``latent`` gave of one user."""
        rows = latent.reshape(len(latent) * self._interests, -1)
        return rows if self._bias is None else np.pad(rows, ((0, 0), (0, 1)), constant_values=1)

    def expected(self, episodes: Episodes, ids: NDArray[np.uint64], *, draws: int, seed: int) -> Array:
        """Mean probabilities over draws, float32 (B, I), exactly 0 at support items.

        Args:
            episodes: B users.
            ids: uint64 (B,), seed the noise.
            draws: Number of draws, at least 1.
            seed: Any integer.

        """
        latent = self.latent(episodes, ids, draws=draws, seed=seed)
        starts = episodes.support_indptr.tolist()
        found = np.empty((len(ids), self._table.shape[1]), dtype=np.float32)
        for start in range(0, len(ids), _TOGETHER):
            rows = range(start, min(start + _TOGETHER, len(ids)))
            supports = [episodes.support_items[starts[row] : starts[row + 1]] for row in rows]
            self._mean(np.stack([latent[row] for row in rows]), supports, found[start : rows.stop])
        return found

    def latent(self, episodes: Episodes, ids: NDArray[np.uint64], *, draws: int, seed: int) -> list[Array]:
        """Interests and their weights of the priors, float32 (S, M · (d + P)) of each user; see ``expected``."""
        words = noise.words(seed, draws, self._noise)
        latent = []
        for row, (first, last) in enumerate(pairwise(episodes.support_indptr.tolist())):
            seen = slice(max(first, last - self._window), last)
            support = (
                self._vectors,
                *(getattr(episodes, name)[seen] for name in ("support_items", "support_gaps", "support_weights")),
            )
            side = self._encoder.side(episodes, row)
            latent.append(
                online_layers.latent(
                    ids[row : row + 1], words, self._noise, side, support, self._encoder.layers, *self._decoder
                )
            )
        return latent

    def _mean(self, latent: Array, supports: Sequence[NDArray[np.int32]], out: Array) -> None:
        """From latent vectors of a few users (B, S, M · D) to mean probabilities (B, I)."""
        users, draws = latent.shape[:2]
        odds = self._buffer(users * draws * self._interests)
        np.matmul(latent.reshape(len(odds), -1), self._table, out=odds)
        if self._bias is not None:
            odds += self._bias
        largest = odds.max(axis=1).reshape(-1, self._interests).max(axis=1)
        odds -= np.repeat(largest, self._interests)[:, None]
        np.exp(odds, out=odds)
        by_user = odds.reshape(users, draws * self._interests, -1)
        for own, support in zip(by_user, supports, strict=True):
            own[:, support] = 0.0
        shares = 1 / (draws * odds.sum(axis=1).reshape(-1, self._interests).sum(axis=1))
        weights = np.repeat(shares, self._interests).reshape(users, 1, -1)
        np.matmul(weights, by_user, out=out[:, None])

    def _buffer(self, rows: int) -> Array:
        """Memory that each thread uses again: fresh pages cost as much as the exponentials."""
        kept: Array | None = getattr(self._room, "odds", None)
        if kept is None or len(kept) < rows:
            kept = self._room.odds = np.empty((rows, self._table.shape[1]), dtype=np.float32)
        return kept[:rows]


class _Encoder:
    """``ConditionEncoder`` for one user.

    Attributes:
        layers: As ``online_layers`` takes them.

    """

    def __init__(self, encoder: ConditionEncoder) -> None:
        side, norm = encoder.side, encoder.join[2]
        assert isinstance(norm, nn.LayerNorm)
        width = len(encoder.nothing)
        tables = [_array(embedding.weight) for embedding in side.categories]  # type: ignore[arg-type]
        self._classes = np.zeros((len(tables), max(map(len, tables), default=0), width), np.float32)
        for one, table in zip(self._classes, tables, strict=True):
            one[: len(table)] = table
        nothing = np.zeros((0, width), np.float32)
        self._numbers = nothing if side.numbers is None else _array(side.numbers.weight.T)
        self._calendar = nothing if side.calendar is None else _array(side.calendar.weight.T)
        self._shots = lru_cache(maxsize=1024)(_shots(side.shots))
        self.layers = (
            _layer(encoder.item), _layer(encoder.event), _layer(encoder.query), _layer(encoder.join[0]),
            (_array(norm.weight), _array(norm.bias)), _array(encoder.position.weight), _array(encoder.nothing),
            np.float32(norm.eps),
        )  # fmt: skip

    def side(self, episodes: Episodes, row: int) -> tuple[Array, ...]:
        """What is known of one user beside the events, as ``online_layers`` takes it."""
        told = episodes.categories.shape[1], episodes.numbers.shape[1], episodes.calendar.shape[1]
        known = len(self._classes), len(self._numbers), len(self._calendar)
        if told != known:
            raise ValueError(f"expected (categories, numbers, calendar) of widths {known}, got {told}")
        # Copies: for arrays that are read-only or laid out otherwise, a request would wait for a compilation.
        return (
            self._shots(int(episodes.shots[row])), self._classes, np.array(episodes.categories[row]),
            self._numbers, np.array(episodes.numbers[row]), self._calendar, np.array(episodes.calendar[row]),
        )  # fmt: skip


def _shots(layers: nn.Sequential) -> Callable[[int], Array]:
    """From a number of shots to its part of the side features, (W,)."""
    first, second = _layer(layers[0]), _layer(layers[2])

    def part(shots: int) -> Array:
        counted = np.array([[np.log1p(shots), shots == 0]], dtype=np.float32)
        found: Array = online_layers.linear(online_layers.silu(online_layers.linear(counted, *first)), *second)[0]
        return found

    return part


def _layer(layer: nn.Module) -> tuple[Array, Array]:
    """Weights (D, W) and bias (W,) of a linear layer."""
    assert isinstance(layer, nn.Linear)
    bias = np.zeros(layer.out_features, np.float32) if layer.bias is None else _array(layer.bias)
    return np.ascontiguousarray(_array(layer.weight).T), bias


def _array(tensor: Tensor) -> Array:
    return np.ascontiguousarray(tensor.detach().cpu().numpy().astype(np.float32, copy=False))
