"""The article's formulas (section 4.1.1), to the letter."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import Batch
from lightning_modules.networks.base import Critic, IntensityGenerator, multi_hot
from lightning_modules.objective import Objective, purely_adversarial


class FormulaGenerator(IntensityGenerator):
    """``G(z) = z + W_G · σ(b_G + W_Gᵀ z)`` with z as wide as the catalogue.

    A profile is in units of 1/√I: the average item has that value, so that profiles have a norm near
    1 whatever the size of the catalogue. The noise is ``noise_scale`` of the average value.
    """

    def __init__(self, n_items: int, hidden: int, noise_scale: float) -> None:
        super().__init__()
        self.n_items = self.noise_dimensions = n_items
        self.scale = noise_scale / n_items**0.5
        self.weight = nn.Parameter(torch.randn(n_items, hidden) * (n_items * hidden) ** -0.5)  # W_G, (I, H)
        self.bias = nn.Parameter(torch.zeros(hidden))  # b_G, (H,)

    def transform(self, z: Tensor) -> Tensor:
        """The formula, (B, I) to (B, I)."""
        return z + linear(torch.sigmoid(self.bias + z @ self.weight), self.weight)

    def decode(self, condition: Tensor | None, noise: Tensor) -> Tensor:
        """G of the scaled noise, (B, I)."""
        return self.transform(noise * self.scale)

    def reals(self, batch: Batch) -> Tensor:
        """Each item's share of the user's behaviour × √I, (B, I)."""
        profile = multi_hot(batch, self.n_items)
        return profile * (self.n_items**0.5 / profile.sum(1, keepdim=True).clamp(min=1))


class FormulaCritic(Critic):
    """``D(x) = σ(b_D + W_Dᵀ x)``; the σ is in the losses, which work on logits."""

    def __init__(self, n_items: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_items))  # W_D, (I,)
        self.bias = nn.Parameter(torch.zeros(1))  # b_D

    def judge(self, condition: Tensor | None, profiles: Tensor) -> tuple[Tensor, Tensor]:
        """Logit b_D + W_Dᵀ x; the profile itself is the only feature there is."""
        return (profiles @ self.weight + self.bias)[:, None], profiles


@dataclass(frozen=True)
class ArticleFormula:
    """Settings of the article's formulas; unconditional.

    Attributes:
        hidden: Width H of W_G, ≥ 1.
        noise_scale: Standard deviation of the noise as a share of the average item's value, > 0.
        objective: How it is trained: purely adversarially.

    """

    hidden: int = 64
    noise_scale: float = 0.25
    objective: Objective = field(default_factory=lambda: purely_adversarial(generator_rate=1e-4, critic_rate=1e-2))

    def __post_init__(self) -> None:
        if self.hidden < 1:
            raise ValueError(f"hidden must be at least 1, got {self.hidden}")
        if not self.noise_scale > 0:
            raise ValueError(f"noise_scale must be > 0, got {self.noise_scale}")
        if self.objective.candidates is not None:
            raise ValueError("objective.candidates must be null: this network writes whole profiles")

    @property
    def item_dimensions(self) -> int:
        """No item vectors are used."""
        return 0

    @property
    def side_features(self) -> bool:
        """It knows nothing of the user."""
        return False

    def build(self, catalogue: Catalogue) -> tuple[FormulaGenerator, FormulaCritic]:
        """Fresh generator and critic."""
        return FormulaGenerator(catalogue.n_items, self.hidden, self.noise_scale), FormulaCritic(catalogue.n_items)
