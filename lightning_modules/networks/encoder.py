"""From what is known of a user to a vector: attention over the few real events, and side features."""

import torch
from torch import Tensor, nn

from lightning_modules.catalogue import Catalogue
from lightning_modules.conditions import Batch
from lightning_modules.networks.base import MASKED

POSITIONS = 32
"""Positions counted from the latest item that are told apart; earlier ones share the last."""


def _embedding(size: int, width: int, deviation: float) -> nn.Embedding:
    embedding = nn.Embedding(size, width)
    nn.init.normal_(embedding.weight, std=deviation)
    return embedding


class SideFeatures(nn.Module):
    """Number of shots, user features and calendar as one vector.

    Code 0 of a category has an embedding of its own, which is what the network knows of users of whom
    nothing is known; users whose features are hidden get the same.
    """

    def __init__(self, catalogue: Catalogue, width: int) -> None:
        super().__init__()
        self.categories = nn.ModuleList(_embedding(size, width, 0.1) for size in catalogue.user_cardinalities)
        self.numbers = nn.Linear(catalogue.user_numbers, width, bias=False) if catalogue.user_numbers else None
        self.calendar = nn.Linear(catalogue.calendar_width, width, bias=False) if catalogue.calendar_width else None
        self.shots = nn.Sequential(nn.Linear(2, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, batch: Batch) -> Tensor:
        """Sum of the parts, (B, width)."""
        shots = batch.shots.to(torch.float32)
        # Defined for any number of shots, so that a server may meet more than training showed.
        total = self.shots(torch.stack([torch.log1p(shots), (shots == 0).to(shots.dtype)], dim=1))
        for column, embedding in enumerate(self.categories):
            codes = batch.categories[:, column]
            total = total + embedding(codes)
        if self.numbers is not None:
            total = total + self.numbers(batch.numbers)
        if self.calendar is not None:
            total = total + self.calendar(batch.calendar)
        return total


class ConditionEncoder(nn.Module):
    """Attention over the support (item vector, gap, weight, position), joined with the side features."""

    def __init__(self, catalogue: Catalogue, item_width: int, width: int) -> None:
        super().__init__()
        self.side = SideFeatures(catalogue, width)
        self.item = nn.Linear(item_width, width)
        self.event = nn.Linear(2, width, bias=False)
        self.position = _embedding(POSITIONS, width, 0.02)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.query = nn.Linear(width, width)
        self.join = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.LayerNorm(width))

    def forward(self, batch: Batch, item_vectors: Tensor, presence: Tensor | None = None) -> Tensor:
        """The condition, (B, width).

        Args:
            batch: The users.
            item_vectors: float (B, L, item_width), vectors of ``batch.window_items``.
            presence: float (B, L), what the attention to each item is multiplied with before it is shared out; None
                for 1. At 0 throughout, only the number of items is known.

        """
        side = self.side(batch)  # (B, W)
        length = batch.window_items.shape[1]
        from_end = (batch.window_mask.sum(1, keepdim=True) - 1 - torch.arange(length, device=side.device)).clamp(
            0, POSITIONS - 1
        )
        events = torch.stack([batch.window_gaps, batch.window_weights], dim=2)
        tokens = self.item(item_vectors) + self.event(events) + self.position(from_end)  # (B, L, W)
        tokens = torch.cat([self.nothing.expand(batch.size, 1, -1), tokens], dim=1)  # an empty support attends to this
        attention = torch.einsum("blw,bw->bl", tokens, self.query(side)) * tokens.shape[2] ** -0.5
        seen = torch.cat([torch.ones_like(batch.window_mask[:, :1]), batch.window_mask], dim=1)
        attention = attention.float().masked_fill(~seen, MASKED).softmax(1)
        if presence is not None:
            attention = attention * torch.cat([torch.ones_like(presence[:, :1]), presence], dim=1)
            attention = attention / attention.sum(1, keepdim=True)
        attention = attention.to(tokens.dtype)
        pooled = torch.einsum("bl,blw->bw", attention, tokens)
        return self.join(torch.cat([pooled, side], dim=1))
