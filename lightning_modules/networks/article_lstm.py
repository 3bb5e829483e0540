"""The article's listing (section 5.2), repaired where it cannot run.

Repairs: the generator ends as wide as the critic's input (the listing ends in one unit); the critic's
real input is real behaviour (the listing draws it from noise); an epoch goes over batches of users
(the listing repeats one batch ``batch_size`` times).
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import Batch
from lightning_modules.networks.base import Critic, IntensityGenerator, multi_hot
from lightning_modules.objective import Objective, purely_adversarial


class LstmGenerator(IntensityGenerator):
    """Dense 256 relu → Dense 512 relu → sequence of one step → LSTM 128 tanh → Dense 512 relu → Dense I, sigmoid."""

    def __init__(self, n_items: int, noise_dimensions: int) -> None:
        super().__init__()
        self.n_items, self.noise_dimensions = n_items, noise_dimensions
        self.before = nn.Sequential(nn.Linear(noise_dimensions, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU())
        self.lstm = nn.LSTM(512, 128, batch_first=True)
        self.after = nn.Sequential(nn.Linear(128, 512), nn.ReLU(), nn.Linear(512, n_items))

    def decode(self, condition: Tensor | None, noise: Tensor) -> Tensor:
        """The profile, (B, I), each value in (0, 1)."""
        sequence = self.before(noise)[:, None, :]  # (B, 1, 512)
        steps, _ = self.lstm(sequence)  # (B, 1, 128)
        return torch.sigmoid(self.after(steps.flatten(1)))

    def reals(self, batch: Batch) -> Tensor:
        """1 for each item the user touched, (B, I)."""
        return multi_hot(batch, self.n_items)


class LstmCritic(Critic):
    """Dense 256 relu → Dense 512 relu → Dense 1; its sigmoid is in the losses, which work on logits."""

    def __init__(self, n_items: int) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(n_items, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU())
        self.logit = nn.Linear(512, 1)

    def judge(self, condition: Tensor | None, profiles: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 1) and the last hidden layer (B, 512)."""
        features = self.hidden(profiles)
        return self.logit(features), features


@dataclass(frozen=True)
class ArticleLstm:
    """Settings of the article's listing; unconditional.

    Attributes:
        noise_dimensions: Width Z of the noise, ≥ 1.
        objective: How it is trained: purely adversarially, Adam as in the article; what the critic sees is
            blurred, without which it wins at once and the generator collapses.

    """

    noise_dimensions: int = 64
    objective: Objective = field(
        default_factory=lambda: purely_adversarial(generator_rate=1e-4, critic_rate=1e-4, instance_noise=1.0)
    )

    def __post_init__(self) -> None:
        if self.noise_dimensions < 1:
            raise ValueError(f"noise_dimensions must be at least 1, got {self.noise_dimensions}")
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

    def build(self, catalogue: Catalogue) -> tuple[LstmGenerator, LstmCritic]:
        """Fresh generator and critic."""
        return LstmGenerator(catalogue.n_items, self.noise_dimensions), LstmCritic(catalogue.n_items)
