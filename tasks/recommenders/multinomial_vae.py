"""The network of ``mult_vae``: a variational autoencoder of profiles with a multinomial likelihood, and its training.

Liang, Krishnan, Hoffman and Jebara 2018, Variational Autoencoders for Collaborative Filtering (Mult-VAE^PR): inputs
scaled to length 1 with dropout, one tanh layer each way, a Gaussian latent, a softmax over the whole catalogue, and
a weight of the KL term that grows during training. The first layer sums embeddings of the items that are there, so its
cost goes with events, not with users × items.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn


class MultinomialVAE(nn.Module):
    """Encoder and decoder.

    Args:
        items: I.
        hidden: H, width of the layer on either side of the latent.
        latent: Z.

    """

    def __init__(self, items: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(items, hidden, mode="sum", sparse=True)
        nn.init.xavier_normal_(self.embedding.weight)
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.latent = nn.Linear(hidden, 2 * latent)
        self.decoder = nn.Linear(latent, hidden)
        self.output = nn.Linear(hidden, items)
        nn.init.xavier_normal_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, items: Tensor, offsets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, I) of a drawn latent, and the KL divergence (B,) of its distribution from the standard normal.

        Args:
            items: int64 (N,), the items of all users, one user after the other.
            offsets: int64 (B,), where each user's items begin.
            weights: float32 (N,), scaled to length 1 per user.

        """
        first = torch.tanh(self.embedding(items, offsets, per_sample_weights=weights) + self.bias)
        mean, log_variance = self.latent(first).chunk(2, dim=1)
        divergence = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1)
        drawn = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return self.output(torch.tanh(self.decoder(drawn))), divergence


def train(
    behaviour: csr_array,
    *,
    hidden: int,
    latent: int,
    steps: int,
    batch_users: int,
    learning_rate: float,
    dropout: float,
    kl_weight: float,
    seed: int,
) -> dict[str, NDArray[np.float32]]:
    """Train on profiles, on the CPU; the same seed gives the same parameters.

    Args:
        behaviour: CSR (U, I), weights above 0; users without any item are passed over.
        hidden: H.
        latent: Z.
        steps: Number of updates.
        batch_users: Users per update.
        learning_rate: Of Adam.
        dropout: Share of the input's items that are hidden.
        kl_weight: Weight of the KL term at the end; it grows from 0 in a straight line.
        seed: Of parameters, batches, dropout and latent draws; the global generator is left as it was.

    Returns:
        Parameters by their names in ``MultinomialVAE``, float32.

    """
    held = behaviour[np.flatnonzero(np.diff(behaviour.indptr))]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MultinomialVAE(behaviour.shape[1], hidden, latent)
        dense = [parameter for name, parameter in network.named_parameters() if name != "embedding.weight"]
        optimizers: list[torch.optim.Optimizer] = [
            torch.optim.SparseAdam([network.embedding.weight], lr=learning_rate),
            torch.optim.Adam(dense, lr=learning_rate, fused=True),
        ]
        users = _batches(held.shape[0], batch_users, steps)
        for step, chosen in enumerate(users):
            rows = held[chosen.numpy()]
            items, weights = torch.from_numpy(rows.indices.astype(np.int64)), torch.from_numpy(rows.data)
            row = torch.repeat_interleave(torch.arange(len(chosen)), torch.from_numpy(np.diff(rows.indptr)))
            sizes = torch.zeros(len(chosen)).index_add_(0, row, weights.square()).sqrt()
            shown = nn.functional.dropout(weights / sizes[row], dropout)
            logits, divergence = network(items, torch.from_numpy(rows.indptr[:-1].astype(np.int64)), shown)
            totals = torch.zeros(len(chosen)).index_add_(0, row, weights)
            likelihood = (weights * logits[row, items]).sum() - (totals * torch.logsumexp(logits, dim=1)).sum()
            annealed = kl_weight * step / max(steps - 1, 1)
            loss = (annealed * divergence.sum() - likelihood) / len(chosen)
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
    return {name: parameter.detach().numpy() for name, parameter in network.named_parameters()}


def _batches(users: int, size: int, steps: int) -> list[Tensor]:
    """Users of each update: one permutation of all of them after the other, cut into batches."""
    if users == 0:
        return []
    size = min(size, users)
    epochs = math.ceil(steps * size / users) + 1
    order = torch.cat([torch.randperm(users)[: users // size * size] for _ in range(epochs)])
    return list(order.split(size)[:steps])
