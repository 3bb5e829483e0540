"""Hinge GAN loss."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import relu

from lightning_modules.losses.base import CriticFunction


@dataclass(frozen=True)
class Hinge:
    """The critic stops caring for samples that are right by the margin.

    Source: Lim & Ye, "Geometric GAN", 2017 (arXiv 1705.02894).

    Attributes:
        margin: Distance from 0 at which a logit is right enough, > 0.

    """

    paired: ClassVar[bool] = False

    margin: float = 1.0

    def __post_init__(self) -> None:
        if not self.margin > 0:
            raise ValueError(f"margin must be > 0, got {self.margin}")

    def critic(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """max(0, margin − real) + max(0, margin + fake), means."""
        return relu(self.margin - real).mean() + relu(self.margin + fake).mean()

    def generator(self, *, real: Tensor, fake: Tensor) -> Tensor:
        """−fake, mean."""
        return -fake.mean()

    def penalty(self, critic: CriticFunction, *, real: Tensor, fake: Tensor, mixing: Tensor) -> None:
        """No regularisation."""
