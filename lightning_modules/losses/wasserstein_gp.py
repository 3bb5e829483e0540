"""Wasserstein GAN with gradient penalty."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lightning_modules.losses.base import CriticFunction, squared_gradient_norm


@dataclass(frozen=True)
class WassersteinGp:
    """The earth mover's distance, the critic held near 1-Lipschitz between real and fake.

    Source: Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, equation 3.

    Attributes:
        gradient_penalty: Weight of (‖∇D‖ − 1)², ≥ 0.

    """

    paired: ClassVar[bool] = False

    gradient_penalty: float = 10.0

    def __post_init__(self) -> None:
        if not self.gradient_penalty >= 0:
            raise ValueError(f"gradient_penalty must be ≥ 0, got {self.gradient_penalty}")

    def critic(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """Mean of fake minus mean of real."""
        return fake.mean() - real.mean()

    def generator(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """−fake, mean."""
        return -fake.mean()

    def penalty(self, critic: CriticFunction, *, real: Tensor, fake: Tensor, mixing: Tensor) -> Tensor | None:
        """Weight × (‖∇D‖ − 1)² at points on the lines between real and fake."""
        if self.gradient_penalty == 0:
            return None
        between = mixing * real + (1 - mixing) * fake
        # The small number keeps the square root differentiable where the gradient vanishes.
        norm = (squared_gradient_norm(critic, between) + 1e-12).sqrt()
        return self.gradient_penalty * (norm - 1).square().mean()
