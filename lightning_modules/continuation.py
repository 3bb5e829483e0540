"""Going on from an earlier generator: its weights, under a catalogue that has grown since."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lightning_modules.catalogue import Catalogue
from lightning_modules.networks.base import Network

logger = logging.getLogger(__name__)

NEW = -1
"""Row of an item that the earlier generator did not know."""
_FEW, _MORE = 2, 3
"""Sizes of two catalogues by which the axes that count items are told."""


@dataclass(frozen=True, eq=False)
class Continuation:
    """An earlier generator, and where its items are now.

    Attributes:
        weights: Its state, by name.
        rows: int64 (I,), row there of each item of the catalogue at hand, ``NEW`` for one it did not know.
        tables: What is known of items and no longer learned from nothing, by name in the state: float32 (I, …), rows of
            known items as they were.

    """

    weights: Mapping[str, Tensor]
    rows: NDArray[np.int64]
    tables: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def carry_over(module: nn.Module, network: Network, catalogue: Catalogue, earlier: Continuation) -> tuple[str, ...]:
    """Give a fresh generator the weights of an earlier one; rows of items follow the items.

    What is no weight but follows from behaviour (popularity) stays as it was built. Weights whose shapes differ in
    anything but the number of items stay fresh, which is said in the log.

    Args:
        module: The generator; changed in place.
        network: Its settings.
        catalogue: What it was built for.
        earlier: What is carried over.

    Returns:
        Names of the weights that stay fresh.

    """
    axes, fresh = item_axes(network, catalogue), []
    known = torch.from_numpy(np.flatnonzero(earlier.rows != NEW))
    before = torch.from_numpy(earlier.rows[earlier.rows != NEW])
    state = module.state_dict()
    with torch.no_grad():
        for name, table in earlier.tables.items():
            state[name].copy_(torch.from_numpy(table))
        for name, weight in module.named_parameters():
            if name in earlier.tables:
                continue
            found, axis = earlier.weights.get(name), axes.get(name)
            if found is None or not _fits(weight, found, axis):
                fresh.append(name)
            elif axis is None:
                weight.copy_(found)
            else:
                weight.index_copy_(axis, known, found.index_select(axis, before).to(weight.dtype))
    if fresh:
        logger.warning("trained anew, because the earlier generator has other shapes there: %s", ", ".join(fresh))
    return tuple(fresh)


def item_axes(network: Network, catalogue: Catalogue) -> dict[str, int]:
    """Which axis of each weight counts items, by name: the one that grows with the catalogue.

    A width may happen to equal the number of items; shapes under two small catalogues tell the two apart.
    """
    with torch.random.fork_rng(devices=[]):
        few, more = (network.build(_of_size(catalogue, size))[0].state_dict() for size in (_FEW, _MORE))
    axes = {}
    for name, one in few.items():
        growing = [
            axis for axis, (small, large) in enumerate(zip(one.shape, more[name].shape, strict=True)) if small != large
        ]
        if len(growing) == 1:
            axes[name] = growing[0]
    return axes


def _of_size(catalogue: Catalogue, items: int) -> Catalogue:
    def zeros(width: int) -> NDArray[np.float32]:
        return np.zeros((items, width), dtype=np.float32)

    return replace(
        catalogue,
        n_items=items,
        item_vectors=zeros(catalogue.dimensions),
        log_popularity=np.zeros(items, dtype=np.float32),
        log_recent=zeros(catalogue.priors.shape[1] - 1),
        item_features=zeros(catalogue.feature_width),
    )


def _fits(weight: Tensor, found: Tensor, axis: int | None) -> bool:
    if weight.dim() != found.dim():
        return False
    return all(
        one == other for place, (one, other) in enumerate(zip(weight.shape, found.shape, strict=True)) if place != axis
    )
