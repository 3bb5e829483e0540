"""What a network is trained for: the weights of the terms, and how fast."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Objective:
    """Weights of the generator's terms, and the optimisers.

    The article's networks train purely adversarially; the conditional one is anchored by the
    multinomial term and keeps the adversarial part small.

    Attributes:
        reconstruction: Weight of the multinomial negative log likelihood of the held-out targets, ≥ 0;
            the support is masked out of the softmax (with it, copying the input would win).
        adversarial: Weight of the adversarial term at the end of the ramp, ≥ 0.
        ramp_epochs: Epochs over which the adversarial weight rises from 0, linearly, ≥ 0.
        feature_matching: Weight of the squared distance between the critic's mean features of real
            and of generated profiles, ≥ 0; ramps with the adversarial weight.
        mode_seeking: Weight of the term that keeps two draws for one user apart, ≥ 0.
        popularity: Weight of the divergence between the items generated for a batch as a whole and
            the items its users took, ≥ 0.
        candidates: Items scored per step (all targets of the batch and a uniform sample of the rest,
            weighted up to stand for all of them); null scores the whole catalogue. Smaller catalogues are
            scored whole anyway.
        instance_noise: Deviation of the noise added to whatever the critic sees, ≥ 0: so blurred, real and
            generated profiles overlap, and a critic without a penalty keeps teaching instead of winning
            (Sønderby et al., "Amortised MAP inference for image super-resolution", ICLR 2017).
        generator_rate: Learning rate of the generator, > 0.
        critic_rate: Learning rate of the critic, > 0.
        betas: Adam's two decay rates.
        clip: Largest norm of the gradients of either player, > 0.
        ema: Decay of the generator's moving average, which is what samples are drawn from, in [0, 1);
            the average warms up, so that short trainings are not dominated by their first step.
        condition_dropout: Share of users whose side features are hidden in a step, in [0, 1).

    """

    reconstruction: float = 1.0
    adversarial: float = 0.05
    ramp_epochs: int = 2
    feature_matching: float = 0.2
    mode_seeking: float = 0.02
    popularity: float = 0.1
    candidates: int | None = 4096
    instance_noise: float = 0.0
    generator_rate: float = 0.001
    critic_rate: float = 0.001
    betas: tuple[float, float] = (0.5, 0.99)
    clip: float = 5.0
    ema: float = 0.99
    condition_dropout: float = 0.1

    def __post_init__(self) -> None:
        for name in (
            "reconstruction",
            "adversarial",
            "feature_matching",
            "mode_seeking",
            "popularity",
            "ramp_epochs",
            "instance_noise",
        ):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be ≥ 0, got {getattr(self, name)}")
        for name in ("generator_rate", "critic_rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        for name in ("ema", "condition_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas must be two numbers in [0, 1), got {self.betas}")
        if self.candidates is not None and self.candidates < 2:
            raise ValueError(f"candidates must be at least 2 or null, got {self.candidates}")
        if self.reconstruction + self.adversarial == 0:
            raise ValueError("reconstruction and adversarial are both 0: there is nothing to learn from")

    @property
    def plays(self) -> bool:
        """Whether a critic takes part at all."""
        return self.adversarial > 0 or self.feature_matching > 0


def purely_adversarial(*, generator_rate: float, critic_rate: float, instance_noise: float = 0.0) -> Objective:
    """The adversarial term alone, in full from the first step, over whole profiles: how the article trains."""
    return Objective(
        reconstruction=0.0,
        adversarial=1.0,
        ramp_epochs=0,
        feature_matching=0.0,
        mode_seeking=0.0,
        popularity=0.0,
        candidates=None,
        instance_noise=instance_noise,
        generator_rate=generator_rate,
        critic_rate=critic_rate,
        condition_dropout=0.0,
    )
