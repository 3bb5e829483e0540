"""Sampled softmax: the items one training step scores."""

import torch
from torch import Tensor

from lightning_modules.conditions import Batch
from lightning_modules.networks.base import Candidates


def choose_candidates(batch: Batch, n_items: int, number: int, uniform: Tensor) -> Candidates:
    """The batch's targets and a uniform sample of all other items.

    Targets are certain to be in and stand for themselves; each sampled item stands for
    (others in the catalogue) / (others sampled), which is the log-Q correction of this design. Popular
    items are nearly always among the targets of a batch, so that the heavy part of the sum is exact.

    Args:
        batch: The users.
        n_items: Size I of the catalogue.
        number: Items to score, C ≤ I; if more are targets, targets are sampled too.
        uniform: float32 (I,), uniform in [0, 1).

    """
    is_target = torch.zeros(n_items, dtype=torch.bool, device=uniform.device)
    is_target[batch.target_items] = True
    # The smallest keys enter: targets first, then the others in random order.
    items = torch.topk(uniform - is_target.to(uniform.dtype), number, largest=False).indices.sort().values
    place = torch.full((n_items,), number, dtype=torch.int64, device=uniform.device)
    place[items] = torch.arange(number, device=uniform.device)
    targets = is_target.sum()
    sampled = (number - targets).clamp(min=1)
    stands_for = ((n_items - targets) / sampled).clamp(min=1.0).log()
    log_weight = torch.where(is_target[items], 0.0, stands_for)
    return Candidates(items, place, log_weight.to(torch.float32))
