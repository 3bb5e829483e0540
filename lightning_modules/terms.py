"""The generator's terms that need no critic."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu

from lightning_modules.conditions import Batch
from lightning_modules.networks.base import Candidates, Generator
from lightning_modules.objective import Objective

MODE_SPEED = 1.0
"""Change of the latent per unit change of the noise that mode seeking asks for."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Weighted sum, and the reconstruction alone; scalars."""

    total: Tensor
    reconstruction: Tensor


def generator_terms(
    objective: Objective,
    generator: Generator,
    batch: Batch,
    condition: Tensor | None,
    latent: Tensor,
    noise: Tensor,
    log_probabilities: Tensor | None,
    candidates: Candidates | None,
    random: torch.Generator,
) -> Terms:
    """Reconstruction, calibration of popularity, and mode seeking, each at its weight; weights of 0 cost nothing."""
    zero = latent.new_zeros((), dtype=torch.float32)
    total, reconstruction = zero, zero
    if log_probabilities is not None:
        items = batch.target_items if candidates is None else candidates.place[batch.target_items]
        share = 1.0 / batch.target_counts[batch.target_rows] / batch.size
        if candidates is not None:  # targets beyond the candidates do not count
            share = share * (items < log_probabilities.shape[1])
            items = items.clamp(max=log_probabilities.shape[1] - 1)
        if objective.reconstruction > 0:
            reconstruction = multinomial(log_probabilities, batch.target_rows, items, share)
            total = total + objective.reconstruction * reconstruction
        if objective.popularity > 0:
            total = total + objective.popularity * popularity_divergence(log_probabilities, items, share)
    if objective.mode_seeking > 0:
        other = torch.randn(noise.shape, generator=random, device=noise.device)
        total = total + objective.mode_seeking * mode_seeking(latent, generator.decode(condition, other), noise, other)
    return Terms(total, reconstruction)


def multinomial(log_probabilities: Tensor, rows: Tensor, items: Tensor, share: Tensor) -> Tensor:
    """Negative log likelihood of targets, each weighted by ``share``, (m,); a scalar."""
    return -(log_probabilities[rows, items] * share).sum()


def popularity_divergence(log_probabilities: Tensor, items: Tensor, share: Tensor) -> Tensor:
    """KL(items taken by the batch as a whole ‖ items generated for it); a scalar ≥ 0.

    The batch's own support is masked out of what is generated and absent from what is taken, alike.
    """
    generated = log_probabilities.exp().mean(0)  # (C,)
    taken = torch.zeros_like(generated).index_add_(0, items, share.to(generated.dtype))
    taken = taken / taken.sum().clamp(min=1e-12)
    ratio = taken.clamp(min=1e-12).log() - generated.clamp(min=1e-12).log()
    return (taken * ratio).sum()


def mode_seeking(latent: Tensor, other: Tensor, noise: Tensor, other_noise: Tensor) -> Tensor:
    """How far two draws for one user fall short of ``MODE_SPEED``; a scalar ≥ 0.

    After Mao et al., "Mode seeking generative adversarial networks", CVPR 2019, equation 2; with a
    bound, for without one the noise would drown the condition.
    """
    speed = (latent - other).abs().mean(1) / (noise - other_noise).abs().mean(1).clamp(min=1e-6)
    return relu(MODE_SPEED - speed).mean()
