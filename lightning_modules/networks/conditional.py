"""A generator conditioned on a user's few events, side features and the season.

Noise and condition become a few latent interests; an item's score is its best or joint fit to them
plus popularity priors, over all time and recent. Item vectors are one shared table: no layer is as wide as the
catalogue.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import Batch
from lightning_modules.networks.base import Candidates, Critic, Generator, hide_support
from lightning_modules.networks.encoder import ConditionEncoder
from lightning_modules.networks.joint_fit import joint_fit
from lightning_modules.objective import Objective


class ItemTable(nn.Module):
    """Vectors of items: behaviour, as factorised or learned on from there, plus a map of item features."""

    vectors: Tensor
    features: Tensor

    def __init__(self, catalogue: Catalogue, learned: bool) -> None:
        super().__init__()
        vectors = torch.from_numpy(catalogue.item_vectors.astype("float32", copy=True))
        vectors /= vectors.square().mean().sqrt().clamp(min=1e-6)  # unit mean square, whatever the scale
        if learned:
            self.vectors = nn.Parameter(vectors)
        else:
            self.register_buffer("vectors", vectors)
        width = catalogue.feature_width
        self.map = nn.Linear(width, catalogue.dimensions, bias=False) if width else None
        if self.map is not None:
            self.register_buffer("features", torch.from_numpy(catalogue.item_features.astype("float32", copy=True)))
            nn.init.zeros_(self.map.weight)

    def forward(self, items: Tensor | None = None) -> Tensor:
        """Vectors of these items, or of all, (…, d)."""
        vectors = self.vectors if items is None else nn.functional.embedding(items, self.vectors)
        if self.map is None:
            return vectors
        return vectors + self.map(self.features if items is None else self.features[items])


class ConditionalGenerator(Generator):
    """Condition and noise → M interests → scores."""

    priors: Tensor
    pooling: Tensor
    settled: Tensor | None

    def __init__(self, catalogue: Catalogue, settings: "Conditional") -> None:
        super().__init__()
        self.n_items, self.noise_dimensions = catalogue.n_items, settings.noise_dimensions
        self.interests, self.dimensions = settings.interests, catalogue.dimensions
        self.items = ItemTable(catalogue, settings.learn_items)
        self.encoder = ConditionEncoder(catalogue, catalogue.dimensions, settings.width)
        self.decoder = nn.Sequential(
            nn.Linear(settings.width + settings.noise_dimensions, settings.width),
            nn.SiLU(),
            nn.Linear(settings.width, self.interests * (self.dimensions + catalogue.priors.shape[1])),
        )
        self.item_bias = nn.Parameter(torch.zeros(catalogue.n_items)) if settings.learn_items else None
        priors = torch.from_numpy(catalogue.priors)
        self.register_buffer("priors", priors - priors.mean(0))
        self.register_buffer("pooling", pooling_table(catalogue))
        self.register_buffer("settled", None, persistent=False)

    def settle(self) -> None:
        """Keep the table of all items, laid out the way it is multiplied with."""
        self.settled = self.table.detach().T.contiguous().T

    @property
    def table(self) -> Tensor:
        """All items as interests meet them, (I, d + P)."""
        return self._table(None) if self.settled is None else self.settled

    def condition(self, batch: Batch, presence: Tensor | None = None) -> Tensor:
        """What is known of the users, (B, W)."""
        return self.encoder(batch, self.items(batch.window_items), presence)

    def decode(self, condition: Tensor | None, noise: Tensor) -> Tensor:
        """M interests and their weights of the P priors, (B, M · (d + P))."""
        assert condition is not None
        return self.decoder(torch.cat([condition, noise.to(condition.dtype)], dim=1))

    def scores(self, latent: Tensor, batch: Batch, candidates: Candidates | None = None) -> Tensor:
        """Log-sum-exp over interests of ⟨interest, item⟩ + ⟨weights, log popularities⟩; plus a bias if learned."""
        chosen = None if candidates is None else candidates.items
        table = self._table(chosen) if chosen is not None or self.settled is None else self.settled
        latent = latent.view(len(latent), self.interests, table.shape[1])
        fit = latent[:, 0] @ table.T if self.interests == 1 else joint_fit(latent @ table.T)
        if self.item_bias is None:
            return fit
        return fit + (self.item_bias if chosen is None else self.item_bias[chosen])

    def _table(self, chosen: Tensor | None) -> Tensor:
        """Items as interests meet them, (C, d + P)."""
        # The priors ride along as further dimensions of the items, their weights as further ones of the interests.
        priors = self.priors if chosen is None else self.priors[chosen]
        return torch.cat([self.items(chosen) * self.dimensions**-0.5, priors], dim=1)

    def log_probabilities(self, scores: Tensor, batch: Batch, candidates: Candidates | None = None) -> Tensor:
        """Log softmax with the support masked out."""
        scores = scores.float()
        if candidates is not None:
            scores = scores + candidates.log_weight
        return torch.log_softmax(hide_support(scores, batch, candidates), dim=1)

    def fakes(
        self,
        scores: Tensor,
        log_probabilities: Tensor | None,
        draws: Tensor,
        batch: Batch,
        candidates: Candidates | None = None,
    ) -> Tensor:
        """Mean vector of as many drawn items as the user took; gradients go through the expected vector.

        Drawn and not merely expected: an expected profile is far smoother than any real one, and the
        critic would only ever learn that.
        """
        assert log_probabilities is not None
        probabilities = log_probabilities.exp()
        pooling = self.pooling if candidates is None else self.pooling[candidates.items]
        expected = probabilities @ pooling  # (B, P)
        with torch.no_grad():
            cumulative = probabilities.cumsum(1)
            picked = torch.searchsorted(cumulative, draws * cumulative[:, -1:], right=True)
            vectors = pooling[picked.clamp(max=pooling.shape[0] - 1)]  # (B, S, P)
            counted = torch.arange(draws.shape[1], device=draws.device) < batch.target_counts[:, None]
            weights = counted / counted.sum(1, keepdim=True)
            drawn = torch.einsum("bs,bsp->bp", weights.to(vectors.dtype), vectors)
        return expected + (drawn - expected).detach()

    def reals(self, batch: Batch) -> Tensor:
        """Mean vector of the items each user took afterwards, (B, P)."""
        total = torch.zeros((batch.size, self.pooling.shape[1]), device=self.pooling.device)
        total.index_add_(0, batch.target_rows, self.pooling[batch.target_items])
        return total / batch.target_counts[:, None]


def pooling_table(catalogue: Catalogue) -> Tensor:
    """Fixed item vectors and log popularity, standardised, (I, d + 1): what profiles are pooled with.

    Fixed, so that the generator cannot please the critic by moving the vectors.
    """
    table = torch.cat(
        [torch.from_numpy(catalogue.item_vectors.copy()), torch.from_numpy(catalogue.log_popularity.copy())[:, None]],
        dim=1,
    ).float()
    return (table - table.mean(0)) / table.std(0, correction=0).clamp(min=1e-6)


class ConditionalCritic(Critic):
    """Pooled profile and condition → features → logit, with minibatch deviation against collapse."""

    pooling: Tensor

    def __init__(self, catalogue: Catalogue, settings: "Conditional") -> None:
        super().__init__()
        self.register_buffer("pooling", pooling_table(catalogue))
        width = settings.width
        self.encoder = ConditionEncoder(catalogue, catalogue.dimensions + 1, width)
        self.profile = nn.Linear(catalogue.dimensions + 1, width)
        self.hidden = nn.Sequential(
            nn.Linear(2 * width + 1, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2)
        )
        self.logit = nn.Linear(width, 1)

    def condition(self, batch: Batch) -> Tensor:
        """What is known of the users, (B, W)."""
        return self.encoder(batch, self.pooling[batch.window_items])

    def judge(self, condition: Tensor | None, profiles: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, 1) and features (B, W) of profiles (B, P) under a condition (B, W)."""
        assert condition is not None
        profile = self.profile(profiles.to(self.logit.weight.dtype))
        # How much the batch varies, told to every sample (Karras et al., ICLR 2018, section 3).
        deviation = (profile.var(0, correction=0) + 1e-6).sqrt().mean().expand(len(profile), 1)
        features = self.hidden(torch.cat([profile, condition, deviation.to(profile.dtype)], dim=1))
        return self.logit(features), features


@dataclass(frozen=True)
class Conditional:
    """Settings of the conditional network.

    Attributes:
        item_dimensions: Width d of the item vectors, ≥ 1.
        interests: Latent interests M per draw, ≥ 1; each costs one product with the item table.
        width: Width W of the hidden layers, ≥ 1.
        noise_dimensions: Width Z of the noise, ≥ 0; without noise all draws for a user are alike.
        side_features: Whether features of users and items, the calendar and the time between events are looked at;
            otherwise behaviour alone is.
        learn_items: Whether item vectors (and a bias per item) are learned on from the factorisation. With the few
            episodes of a young shop they are learned by heart; with many users it pays.
        objective: How it is trained.

    """

    item_dimensions: int = 64
    interests: int = 2
    width: int = 128
    noise_dimensions: int = 16
    side_features: bool = True
    learn_items: bool = False
    objective: Objective = field(default_factory=Objective)

    def __post_init__(self) -> None:
        for name, least in (("item_dimensions", 1), ("interests", 1), ("width", 1), ("noise_dimensions", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.noise_dimensions == 0 and self.objective.mode_seeking > 0:
            raise ValueError(
                f"objective.mode_seeking must be 0 where noise_dimensions is, got {self.objective.mode_seeking}: "
                "without noise there are no two draws to keep apart"
            )

    def build(self, catalogue: Catalogue) -> tuple[ConditionalGenerator, ConditionalCritic]:
        """Fresh generator and critic."""
        return ConditionalGenerator(catalogue, self), ConditionalCritic(catalogue, self)
