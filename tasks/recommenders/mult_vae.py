"""A variational autoencoder as a recommender (Liang et al. 2018): new users are encoded, and their profile decoded."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from tasks.domain import NewUsers, Provenance, Training
from tasks.recommenders.blend import Blend
from tasks.recommenders.collaborative import CollaborativeFilter, Fallback, Interest, Profiles


@dataclass(eq=False)
class FittedMultVAE(CollaborativeFilter):
    """A trained encoder and decoder, without the noise of training.

    Attributes:
        provenance: The users and times it was fitted on.
        embedding: float32 (I, H), first layer.
        bias: float32 (H,).
        latent_weight: float32 (H, Z), from the first layer to the latent mean.
        latent_bias: float32 (Z,).
        decoder_weight: float32 (Z, H).
        decoder_bias: float32 (H,).
        output_weight: float32 (H, I).
        output_bias: float32 (I,).
        fallback: float32 (I,), in (-1, 0].

    """

    provenance: Provenance
    embedding: NDArray[np.float32]
    bias: NDArray[np.float32]
    latent_weight: NDArray[np.float32]
    latent_bias: NDArray[np.float32]
    decoder_weight: NDArray[np.float32]
    decoder_bias: NDArray[np.float32]
    output_weight: NDArray[np.float32]
    output_bias: NDArray[np.float32]
    fallback: NDArray[np.float32]

    def __post_init__(self) -> None:
        self.n_items = len(self.embedding)
        # In double precision scores do not depend on the size of the block they are computed in.
        self._embedding = self.embedding.astype(np.float64)
        self._output = self.output_weight.astype(np.float64)

    def interest(self, users: NewUsers) -> Interest:
        """Probabilities of one block of users, 1 in all per user; 0 where a profile is empty.

        Real is what the real part of a profile would say by itself, as far as the whole says the same.
        """
        profiles = Profiles.of(users, self.n_items)
        total = self._decode(profiles.whole)
        return Interest(total, None if profiles.are_real else lambda: np.minimum(total, self._decode(profiles.real)))

    def _decode(self, profiles: csr_array) -> NDArray[np.float32]:
        lengths = np.sqrt(np.asarray(profiles.multiply(profiles).sum(axis=1), dtype=np.float64))
        scaled = csr_array(diags_array(1 / np.maximum(lengths, 1e-12)) @ profiles.astype(np.float64))
        first = np.tanh(scaled @ self._embedding + self.bias)
        latent = first @ self.latent_weight + self.latent_bias
        logits = np.tanh(latent @ self.decoder_weight + self.decoder_bias) @ self._output
        logits += self.output_bias
        logits -= logits.max(axis=1, keepdims=True, initial=-np.inf)
        np.exp(logits, out=logits)
        logits *= ((lengths > 0) / logits.sum(axis=1))[:, None]
        return logits.astype(np.float32)


@dataclass(frozen=True)
class MultVAE:
    """Settings of the autoencoder.

    Attributes:
        hidden: Width of the layers between catalogue and latent, at least 1.
        latent: Dimensions of the latent, at least 1.
        steps: Updates of the parameters, at least 1; a fixed number, since no warm user is set aside to stop by.
        batch_users: Users per update, at least 1.
        learning_rate: Above 0.
        dropout: Share of the input that is hidden in training, from 0 to below 1.
        kl_weight: Weight of the KL term at the end of training, at least 0.
        seed: Of parameters, batches and noise.
        fallback: Orders items for users of whom nothing is known.

    """

    hidden: int = 200
    latent: int = 64
    steps: int = 500
    batch_users: int = 250
    learning_rate: float = 0.003
    dropout: float = 0.5
    kl_weight: float = 0.5
    seed: int = 0
    fallback: Fallback = field(default_factory=Fallback)

    def __post_init__(self) -> None:
        for name in ("hidden", "latent", "steps", "batch_users"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, got {self.dropout}")
        if not 0 <= self.kl_weight < float("inf"):
            raise ValueError(f"kl_weight must be at least 0, got {self.kl_weight}")

    def fit(self, training: Training) -> FittedMultVAE:
        """Train on warm behaviour, virtual users included."""
        from tasks.recommenders.multinomial_vae import train

        histories = training.warm.histories
        trained = train(
            training.behaviour(),
            hidden=self.hidden,
            latent=self.latent,
            steps=self.steps,
            batch_users=self.batch_users,
            learning_rate=self.learning_rate,
            dropout=self.dropout,
            kl_weight=self.kl_weight,
            seed=self.seed,
        )
        return FittedMultVAE(
            provenance=Provenance.of("mult_vae", histories.users, histories.times),
            embedding=trained["embedding.weight"],
            bias=trained["bias"],
            latent_weight=trained["latent.weight"][: self.latent].T.copy(),
            latent_bias=trained["latent.bias"][: self.latent],
            decoder_weight=trained["decoder.weight"].T.copy(),
            decoder_bias=trained["decoder.bias"],
            output_weight=trained["output.weight"].T.copy(),
            output_bias=trained["output.bias"],
            fallback=self.fallback.order(training),
        )


@dataclass(frozen=True)
class MultVAEBlend(Blend):
    """The autoencoder, blended with popularity."""

    base: MultVAE = field(default_factory=MultVAE)
