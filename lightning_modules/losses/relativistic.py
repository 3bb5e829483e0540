"""Relativistic pairing loss with zero-centred gradient penalties, as in R3GAN."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import softplus

from lightning_modules.losses.base import CriticFunction, squared_gradient_norm


@dataclass(frozen=True)
class Relativistic:
    """Each fake is judged against a real one: softplus of the difference of their logits.

    Source: Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024 (R3GAN), equations 2 and 6.

    Attributes:
        gamma: Weight of the penalties on real (R1) and fake (R2) profiles, ≥ 0.

    """

    paired: ClassVar[bool] = True

    gamma: float = 1.0

    def __post_init__(self) -> None:
        if not self.gamma >= 0:
            raise ValueError(f"gamma must be ≥ 0, got {self.gamma}")

    def critic(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """softplus(fake − real), mean over the pairs."""
        return softplus(fake - real).mean()

    def generator(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """softplus(real − fake), mean over the pairs."""
        return softplus(real - fake).mean()

    def penalty(self, critic: CriticFunction, *, real: Tensor, fake: Tensor, mixing: Tensor) -> Tensor | None:
        """γ/2 (‖∇D(real)‖² + ‖∇D(fake)‖²), means."""
        if self.gamma == 0:
            return None
        at_real, at_fake = squared_gradient_norm(critic, real), squared_gradient_norm(critic, fake)
        return 0.5 * self.gamma * (at_real.mean() + at_fake.mean())
