"""What every adversarial loss offers."""

from collections.abc import Callable
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

CriticFunction = Callable[[Tensor], Tensor]
"""Profiles (B, P) to logits (B, 1), the condition being fixed."""


@runtime_checkable
class GanLoss(Protocol):
    """Adversarial loss on raw logits of shape (B, 1); each method returns a scalar.

    Keyword-only: with ``real`` and ``fake`` swapped it would run without an error and diverge.
    """

    paired: ClassVar[bool]
    """Whether the generator's loss looks at real logits."""

    def critic(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """What the critic minimises."""
        ...

    def generator(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """What the generator minimises; ``real`` matters to relativistic losses only."""
        ...

    def penalty(self, critic: CriticFunction, *, real: Tensor, fake: Tensor, mixing: Tensor) -> Tensor | None:
        """Regularisation of the critic, added to its loss; None where the loss has none.

        Args:
            critic: Profiles to logits.
            real: float32 (B, P), real profiles.
            fake: float32 (B, P), generated profiles, detached.
            mixing: float32 (B, 1), uniform in [0, 1).

        """
        ...


def squared_gradient_norm(critic: CriticFunction, profiles: Tensor) -> Tensor:
    """Squared norm of the critic's gradient at each profile, shape (B,); differentiable."""
    return gradient_at(critic, profiles).square().sum(1)


def gradient_at(critic: CriticFunction, profiles: Tensor) -> Tensor:
    """The critic's gradient at each profile, shape (B, P); differentiable."""
    with torch.enable_grad():
        points = profiles.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return gradient
