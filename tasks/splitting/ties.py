"""Stable hashes of raw ids: what decides ties, halves, folds and hold-outs, never the order of a file."""

import hashlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_WORD = 2**64 - 1
_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
"""Of splitmix64."""


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014): every input bit reaches every output bit."""
    mixed = values + np.uint64(_STEP)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_FIRST)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SECOND)
    return mixed ^ (mixed >> np.uint64(31))


def id_hashes(ids: pl.Series) -> NDArray[np.uint64]:
    """Stable hash of each raw id: FNV-1a over its UTF-8 text, then ``mix``.

    An integer hashes like its decimal text, so that reading a column as number or as text makes no difference. The
    loop goes over the bytes of the longest id, not over the ids.

    Args:
        ids: String or integer Series without nulls, shape (n,).

    Returns:
        uint64 (n,), the same in every process and version.

    """
    text = ids.cast(pl.String)
    lengths = text.str.len_bytes().to_numpy().astype(np.int64)
    letters = np.frombuffer("".join(text.to_list()).encode(), dtype=np.uint8)
    starts = np.cumsum(lengths) - lengths
    hashes = np.full(len(lengths), _FNV_OFFSET, dtype=np.uint64)
    longer = np.flatnonzero(lengths > 0)
    position = 0
    while len(longer):
        hashes[longer] = (hashes[longer] ^ letters[starts[longer] + position]) * np.uint64(_FNV_PRIME)
        position += 1
        longer = longer[lengths[longer] > position]
    return mix(hashes)


def id_hash(text: str) -> np.uint64:
    """``id_hashes`` of a single id, ``mix`` included, in whole numbers of Python's: arrays of one take longer."""
    value = _FNV_OFFSET
    for letter in text.encode():
        value = (value ^ letter) * _FNV_PRIME & _WORD
    value = value + _STEP & _WORD
    value = (value ^ (value >> 30)) * _FIRST & _WORD
    value = (value ^ (value >> 27)) * _SECOND & _WORD
    return np.uint64(value ^ (value >> 31))


def draw(hashes: NDArray[np.uint64], purpose: str, seed: int = 0) -> NDArray[np.uint64]:
    """Hashes for one purpose (``half``, ``fold``, …) and seed, independent of those for any other, uint64 (n,)."""
    digest = hashlib.blake2b(f"{purpose}/{seed}".encode(), digest_size=8).digest()
    salt = np.frombuffer(digest, dtype="<u8").astype(np.uint64)
    return mix(hashes ^ salt)


def pair_hashes(users: NDArray[np.uint64], items: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash of each (user, item) pair from the hashes of both, uint64 (n,): the order of ties inside a visit."""
    return mix(mix(users) + draw(items, "tie"))
