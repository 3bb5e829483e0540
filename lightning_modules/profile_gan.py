"""The adversarial training itself: one Lightning module for every pair of networks and every loss."""

import math
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from lightning_modules.candidates import choose_candidates
from lightning_modules.conditions import Batch, EpisodeTensors
from lightning_modules.ema import MovingAverage, frozen_copy
from lightning_modules.epoch_plan import EpochPlan
from lightning_modules.errors import DivergedError
from lightning_modules.losses.base import GanLoss
from lightning_modules.networks.base import Critic, Generator
from lightning_modules.noise import derived_seed
from lightning_modules.objective import Objective
from lightning_modules.terms import generator_terms

_NOISE = 2
DRAWN_ITEMS = 32
"""Items drawn at most for one generated profile."""

METRICS = (
    "loss/generator",
    "loss/critic",
    "loss/reconstruction",
    "critic/accuracy_real",
    "critic/accuracy_fake",
    "gradient/generator",
    "gradient/critic",
)
"""Means over the steps of an epoch, in the order they are summed."""


class ProfileGan(pl.LightningModule):
    """Trains a generator against a critic; samples are drawn from ``average``.

    Each ``training_step`` runs several inner steps. A step generates once: the critic learns from the
    detached profiles, then the generator from the same ones, judged by the updated critic.

    Args:
        generator: The generator.
        critic: The critic.
        loss: The adversarial loss.
        objective: Weights and rates.
        plan: Which episodes each epoch shows.
        inner_steps: Steps per call.
        seed: Seeds the noise.

    """

    def __init__(
        self,
        generator: Generator,
        critic: Critic,
        loss: GanLoss,
        objective: Objective,
        plan: EpochPlan,
        *,
        inner_steps: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.critic, self.average = generator, critic, frozen_copy(generator)
        self.loss, self.objective, self.plan = loss, objective, plan
        self.inner_steps, self.seed = inner_steps, seed
        self.episodes: EpisodeTensors | None = None
        self.epoch_metrics: dict[str, float] = {}

    @property
    def calls(self) -> int:
        """Number of ``training_step`` calls per epoch."""
        return -(-self.plan.steps // self.inner_steps)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Adam for each player, fused."""
        objective = self.objective
        return [
            torch.optim.Adam(self.generator.parameters(), objective.generator_rate, objective.betas, fused=True),
            torch.optim.Adam(self.critic.parameters(), objective.critic_rate, objective.betas, fused=True),
        ]

    def on_fit_start(self) -> None:
        """Remembers the lists of weights, which are walked at every step."""
        self._generator_weights = list(self.generator.parameters())
        self._critic_weights = list(self.critic.parameters())
        self._moving = MovingAverage(self.average, self.generator, self.objective.ema)

    def on_train_epoch_start(self) -> None:
        """Everything random in the epoch follows from (seed, epoch): this is what makes a resume exact."""
        epoch = self.current_epoch
        self._batches = self.plan.batches(epoch)
        self._random = torch.Generator(self.device).manual_seed(derived_seed(self.seed, _NOISE, epoch))
        self._sums = torch.zeros(len(METRICS), device=self.device)
        ramp = self.objective.ramp_epochs
        self._adversarial = min(1.0, epoch / ramp) if ramp else 1.0

    def training_step(self, call: int, batch_idx: int) -> None:
        """Inner steps ``call · inner_steps …``."""
        assert self.episodes is not None
        optimizers = self.optimizers(use_pl_optimizer=False)
        assert isinstance(optimizers, list)
        first = batch_idx * self.inner_steps
        done = self.plan.steps * self.current_epoch
        for step in range(first, min(first + self.inner_steps, self.plan.steps)):
            batch = self.episodes.batch(self._batches[step]).to(self.device)
            self._sums += self.step(batch, optimizers[0], optimizers[1])
            self._moving.update(done + step)
        if not torch.isfinite(self._sums[:3]).all():  # one look per call: on a GPU each look waits
            self._diverged(first)

    def step(self, batch: Batch, generator_optimizer: Any, critic_optimizer: Any) -> Tensor:
        """One update of each player; returns the values of ``METRICS``, shape (7,)."""
        objective, random = self.objective, self._random

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=random, device=self.device)

        if objective.condition_dropout > 0:
            batch = batch.without_features(uniform(batch.size) < objective.condition_dropout)
        noise = torch.randn((batch.size, self.generator.noise_dimensions), generator=random, device=self.device)
        candidates = None
        if objective.candidates is not None and objective.candidates < self.generator.n_items:
            drawn = uniform(self.generator.n_items)
            candidates = choose_candidates(batch, self.generator.n_items, objective.candidates, drawn)
        condition = self.generator.condition(batch)
        latent = self.generator.decode(condition, noise)
        scores = self.generator.scores(latent, batch, candidates)
        log_probabilities = None
        if self.generator.needs_probabilities or objective.reconstruction > 0 or objective.popularity > 0:
            log_probabilities = self.generator.log_probabilities(scores, batch, candidates)
        zero = scores.new_zeros(())
        critic_values = [zero, zero, zero, zero]
        adversarial = feature_matching = zero
        if objective.plays:
            draws = uniform(batch.size, DRAWN_ITEMS)
            fake = self.generator.fakes(scores, log_probabilities, draws, batch, candidates).float()
            real = self.generator.reals(batch)
            if objective.instance_noise > 0:
                spread = objective.instance_noise
                fake = fake + spread * torch.randn(fake.shape, generator=random, device=self.device)
                real = real + spread * torch.randn(real.shape, generator=random, device=self.device)
            seen = self.critic.condition(batch)
            critic_values = self._critic_step(seen, real, fake.detach(), uniform(batch.size, 1), critic_optimizer)
            adversarial, feature_matching = self._judged(seen, real, fake)
        terms = generator_terms(
            objective, self.generator, batch, condition, latent, noise, log_probabilities, candidates, random
        )
        ramp = self._adversarial
        total = terms.total + ramp * (
            objective.adversarial * adversarial + objective.feature_matching * feature_matching
        )
        generator_optimizer.zero_grad(set_to_none=True)
        self.manual_backward(total, inputs=self._generator_weights)
        norm = torch.nn.utils.clip_grad_norm_(self._generator_weights, objective.clip, foreach=True)
        generator_optimizer.step()
        critic_loss, right_real, right_fake, critic_norm = critic_values
        values = [total, critic_loss, terms.reconstruction, right_real, right_fake, norm, critic_norm]
        return torch.stack([value.detach().float() for value in values])

    def _critic_step(
        self, condition: Tensor | None, real: Tensor, fake: Tensor, mixing: Tensor, optimizer: Any
    ) -> list[Tensor]:
        """Updates the critic; returns its loss, its accuracy on real and on fake, and its gradient's norm."""
        on_real, _ = self.critic.judge(condition, real)
        on_fake, _ = self.critic.judge(condition, fake)
        loss = self.loss.critic(real=on_real.float(), fake=on_fake.float())

        def judge(profiles: Tensor) -> Tensor:
            return self.critic.judge(condition, profiles)[0].float()

        penalty = self.loss.penalty(judge, real=real, fake=fake, mixing=mixing)
        total = loss if penalty is None else loss + penalty
        optimizer.zero_grad(set_to_none=True)
        self.manual_backward(total, inputs=self._critic_weights)
        norm = torch.nn.utils.clip_grad_norm_(self._critic_weights, self.objective.clip, foreach=True)
        optimizer.step()
        # Relative to the other side's mean: Wasserstein and relativistic logits have no meaningful zero.
        middle = 0.5 * (on_real.mean() + on_fake.mean())
        return [total, (on_real > middle).float().mean(), (on_fake < middle).float().mean(), norm]

    def _judged(self, condition: Tensor | None, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Adversarial term and feature matching, with gradients towards the generator only."""
        condition = None if condition is None else condition.detach()
        on_fake, fake_features = self.critic.judge(condition, fake)
        on_real, real_features = on_fake.detach(), fake_features.detach()
        if self.loss.paired or self.objective.feature_matching > 0:  # nobody else looks at them
            with torch.no_grad():
                on_real, real_features = self.critic.judge(condition, real)
        adversarial = self.loss.generator(real=on_real.float(), fake=on_fake.float())
        if self.objective.feature_matching == 0:
            return adversarial, adversarial.new_zeros(())
        return adversarial, (real_features.mean(0) - fake_features.mean(0)).square().sum()

    def on_train_epoch_end(self) -> None:
        """Means over the epoch, for whoever logs them."""
        means = (self._sums / self.plan.steps).tolist()
        self.epoch_metrics = dict(zip(METRICS, means, strict=True))

    def _diverged(self, step: int) -> None:
        names = [
            name for name, value in zip(METRICS[:3], self._sums.tolist(), strict=False) if not math.isfinite(value)
        ]
        raise DivergedError(
            f"{', '.join(names)} is not finite in epoch {self.current_epoch}, steps {step} to "
            f"{step + self.inner_steps - 1}: lower objective.generator_rate or objective.critic_rate, or check that "
            "the features are finite"
        )
