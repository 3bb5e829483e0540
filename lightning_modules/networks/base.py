"""What the training loop asks of a generator and a critic."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import Batch
from lightning_modules.objective import Objective

MASKED = -1e9
"""Log probability of what must not be drawn; its exponential is exactly 0."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The items a step scores when it does not score all of them.

    Attributes:
        items: int64 (C,), catalogue rows.
        place: int64 (I,), position of each catalogue row in ``items``, C for the others.
        log_weight: float32 (C,), log of how many items each one stands for.

    """

    items: Tensor
    place: Tensor
    log_weight: Tensor


class Generator(nn.Module, ABC):
    """Noise, and whatever of a batch it looks at, to scores over items.

    Attributes:
        n_items: Size I of the catalogue.
        noise_dimensions: Width Z of the noise.

    """

    n_items: int
    noise_dimensions: int

    def condition(self, batch: Batch, presence: Tensor | None = None) -> Tensor | None:
        """What is known of the users, (B, W); None for a generator that looks at nothing.

        Args:
            batch: The users.
            presence: float (B, L), how much of each item of the window is there: 1 all of it, 0 as if nobody looked
                at it. None for all of everything. Attributions vary it.

        """
        return None

    @abstractmethod
    def decode(self, condition: Tensor | None, noise: Tensor) -> Tensor:
        """What condition and noise (B, Z) become, (B, H); mode seeking keeps two draws apart here."""

    @abstractmethod
    def scores(self, latent: Tensor, batch: Batch, candidates: Candidates | None = None) -> Tensor:
        """Scores (B, I), or (B, C) of the candidates; float."""

    @abstractmethod
    def log_probabilities(self, scores: Tensor, batch: Batch, candidates: Candidates | None = None) -> Tensor:
        """Log probabilities of the next item, same shape; support items have none."""

    def expected(self, latent: Tensor, batch: Batch, draws: int) -> Tensor:
        """Mean probability of each item over draws, float32 (B, I).

        Args:
            latent: From ``decode``, (draws · B, H), draw after draw.
            batch: B users.
            draws: Number of draws, at least 1.

        """
        scores = self.scores(latent, batch).view(draws, batch.size, -1)
        return torch.stack([self.log_probabilities(one, batch).exp() for one in scores]).mean(0)

    @abstractmethod
    def fakes(
        self,
        scores: Tensor,
        log_probabilities: Tensor | None,
        draws: Tensor,
        batch: Batch,
        candidates: Candidates | None = None,
    ) -> Tensor:
        """Generated profiles as the critic sees them, (B, P), differentiable.

        Args:
            scores: From ``scores``.
            log_probabilities: From ``log_probabilities``; None if ``needs_probabilities`` is False.
            draws: float32 (B, S), uniform in [0, 1), for generators that draw items.
            batch: The users.
            candidates: What was scored.

        """

    @abstractmethod
    def reals(self, batch: Batch) -> Tensor:
        """The users' real profiles as the critic sees them, (B, P)."""

    def settle(self) -> None:
        """Keep what follows from the weights alone: they do not change any more, and draws need it each time."""

    needs_probabilities: bool = True
    """Whether ``fakes`` wants the log probabilities."""

    def forward(self, batch: Batch, noise: Tensor) -> Tensor:
        """Log probabilities (B, I) of a draw with this noise (B, Z)."""
        return self.log_probabilities(self.scores(self.decode(self.condition(batch), noise), batch), batch)


class Critic(nn.Module, ABC):
    """Tells real profiles from generated ones, given the condition."""

    def condition(self, batch: Batch) -> Tensor | None:
        """What is known of the users, (B, W); None for a critic that looks at the profile alone."""
        return None

    @abstractmethod
    def judge(self, condition: Tensor | None, profiles: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 1) and features (B, F) of profiles (B, P) under a condition."""

    def forward(self, batch: Batch, profiles: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and features of profiles of these users."""
        return self.judge(self.condition(batch), profiles)


class Network(Protocol):
    """Settings of a network; a frozen dataclass."""

    @property
    def objective(self) -> Objective:
        """How it is trained."""
        ...

    @property
    def item_dimensions(self) -> int:
        """Width d of the item vectors it wants; 0 for none."""
        ...

    @property
    def side_features(self) -> bool:
        """Whether it looks at more than behaviour: features of users and items, the time of the visit."""
        ...

    def build(self, catalogue: Catalogue) -> tuple[Generator, Critic]:
        """Fresh modules; their weights depend on torch's global generator."""
        ...


def hide_support(log_scores: Tensor, batch: Batch, candidates: Candidates | None) -> Tensor:
    """The scores (B, C) with ``MASKED`` at support items; a copy."""
    rows, items = batch.support_rows, batch.support_items
    if len(rows) == 0:
        return log_scores
    if candidates is not None:
        items = candidates.place[items]
        inside = items < log_scores.shape[1]
        # One column more takes the items that are no candidates, so that nothing waits for the device.
        hidden = torch.zeros((log_scores.shape[0], log_scores.shape[1] + 1), dtype=torch.bool, device=items.device)
        hidden[rows, torch.where(inside, items, log_scores.shape[1])] = True
        return log_scores.masked_fill(hidden[:, :-1], MASKED)
    masked = torch.tensor(MASKED, dtype=log_scores.dtype, device=log_scores.device)
    return log_scores.index_put((rows, items), masked)


def multi_hot(batch: Batch, n_items: int) -> Tensor:
    """Support and targets as 0/1 vectors, float32 (B, I): all that is known of what these users did."""
    profile = torch.zeros((batch.size, n_items), device=batch.shots.device)
    profile[batch.support_rows, batch.support_items] = 1.0
    profile[batch.target_rows, batch.target_items] = 1.0
    return profile


class IntensityGenerator(Generator):
    """A generator whose output *is* the profile: one non-negative intensity per item.

    Shared by the article's two networks. An item's chance to be drawn is its share of the positive
    part of the profile.
    """

    needs_probabilities = False

    def scores(self, latent: Tensor, batch: Batch, candidates: Candidates | None = None) -> Tensor:
        """The latent already is the profile."""
        return latent

    def log_probabilities(self, scores: Tensor, batch: Batch, candidates: Candidates | None = None) -> Tensor:
        """Log of each item's share of the positive part, the support left out."""
        positive = scores.float().clamp(min=0) + 1e-9  # so that a profile of nothing is uniform, not undefined
        return torch.log_softmax(hide_support(positive.log(), batch, None), dim=1)

    def fakes(
        self,
        scores: Tensor,
        log_probabilities: Tensor | None,
        draws: Tensor,
        batch: Batch,
        candidates: Candidates | None = None,
    ) -> Tensor:
        """The profile itself."""
        return scores
