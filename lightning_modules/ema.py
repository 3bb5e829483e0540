"""Moving average of a module's weights."""

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)


class MovingAverage:
    """Keeps a second module at the exponential moving average of the first.

    Args:
        average: The module that is kept.
        source: The module that is trained.
        decay: Largest decay, in [0, 1); step t uses min(decay, (1 + t) / (10 + t)), so that the average of
            a short training is not its first step.

    """

    def __init__(self, average: nn.Module, source: nn.Module, decay: float) -> None:
        self.decay = decay
        self._average: list[Tensor] = list(average.parameters())
        self._source: list[Tensor] = list(source.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Moves the average after step ``step`` (0-based)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._average, self._source, 1 - decay)


def frozen_copy(module: Module) -> Module:
    """A copy of a module that is never trained itself."""
    copied = copy.deepcopy(module)
    return copied.requires_grad_(False).eval()
