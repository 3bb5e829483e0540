"""Least-squares GAN."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lightning_modules.losses.base import CriticFunction


@dataclass(frozen=True)
class LeastSquares:
    """Squared distance of the logits to 1 (real) and 0 (fake).

    Source: Mao et al., "Least squares generative adversarial networks", ICCV 2017, equation 9.
    """

    paired: ClassVar[bool] = False

    def critic(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """½ (real − 1)² + ½ fake², means."""
        return 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean()

    def generator(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """½ (fake − 1)², mean."""
        return 0.5 * (fake - 1).square().mean()

    def penalty(self, critic: CriticFunction, *, real: Tensor, fake: Tensor, mixing: Tensor) -> None:
        """No regularisation."""
