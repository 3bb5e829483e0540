"""The original GAN loss in its non-saturating form."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import softplus

from lightning_modules.losses.base import CriticFunction


@dataclass(frozen=True)
class NonSaturating:
    """``L_G = −log D(G(z))``, ``L_D = −[log D(x) + log(1 − D(G(z)))]``.

    Written with softplus on logits, which stays exact for a confident critic.
    Source: Goodfellow et al., "Generative adversarial nets", NeurIPS 2014, section 3.
    """

    paired: ClassVar[bool] = False

    def critic(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """−log σ(real) − log(1 − σ(fake)), means."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """−log σ(fake), mean."""
        return softplus(-fake).mean()

    def penalty(self, critic: CriticFunction, *, real: Tensor, fake: Tensor, mixing: Tensor) -> None:
        """No regularisation."""
