"""Adversarial losses: one small class each, on raw logits, keyword-only."""

from lightning_modules.losses.base import CriticFunction, GanLoss
from lightning_modules.losses.hinge import Hinge
from lightning_modules.losses.least_squares import LeastSquares
from lightning_modules.losses.non_saturating import NonSaturating
from lightning_modules.losses.relativistic import Relativistic
from lightning_modules.losses.wasserstein_gp import WassersteinGp

__all__ = [
    "CriticFunction",
    "GanLoss",
    "Hinge",
    "LeastSquares",
    "NonSaturating",
    "Relativistic",
    "WassersteinGp",
]
