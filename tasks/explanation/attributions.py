"""How much each known item moves what the generator expects: integrated gradients.

Every item of the support is present to a degree of 0 … 1, which its attention is multiplied with before attention is
shared out. With f(x) the log of the probability of the item in question, at the degrees x, an item's attribution is

    x_j · ∫₀¹ ∂f(t · x) / ∂x_j dt   at x = 1

(Sundararajan, Taly and Yan 2017, "Axiomatic Attribution for Deep Networks", equation 1). The attributions of a user add
up to f(1) − f(0): to what the generator makes of these items, beside a user with as many items of whom it is not known
which. exp(attribution) is the factor by which an item makes the other one more likely.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.shared_draws import SharedDraws
from tasks.domain import NewUsers
from tasks.training.trained_generator import TrainedGenerator

if TYPE_CHECKING:
    from torch import Tensor

    from lightning_modules.conditions import EpisodeTensors
    from lightning_modules.networks.base import Generator

STEPS = 32
"""Points on the way from 0 to 1, Gauss–Legendre."""
_POWER = 2
"""The way is walked as degree = t ** power, the same way with more points near 0: there attention jumps to an item that
it wants, however little of it is present."""
_BLOCK_BYTES = 64 * 2**20
"""Probabilities held at a time, float32."""


@dataclass(frozen=True, slots=True)
class Attributions:
    """What moves the generator's score of one item per user.

    Attributes:
        values: float64 (N,), in the order of the supports, in nats; 0 for items that the generator does not see, and
            for users asked about an item of their own.
        scores: float64 (U,), log probability of the item.
        baselines: float64 (U,), the same with no item present.

    """

    values: NDArray[np.float64]
    scores: NDArray[np.float64]
    baselines: NDArray[np.float64]


def network_of(generator: ProfileGenerator | None) -> TrainedGenerator | None:
    """The trained network behind a generator; None where it is none, or looks at nobody's items."""
    inner = generator.generator if isinstance(generator, SharedDraws) else generator
    if not isinstance(inner, TrainedGenerator):
        return None
    from lightning_modules.networks.base import Generator

    return None if type(inner.module).condition is Generator.condition else inner


def attributions(
    generator: TrainedGenerator, users: NewUsers, items: NDArray[np.integer], *, draws: int, seed: int
) -> Attributions:
    """Attribute the generator's score of an item to the known items of its user.

    Args:
        generator: A trained generator.
        users: U users; virtual behaviour they carry is not looked at.
        items: One row of the catalogue per user, (U,).
        draws: Draws whose mean probability is explained, at least 1: those of ``TrainedGenerator.draw``.
        seed: Seeds their noise.

    """
    from captum.attr import IntegratedGradients

    from lightning_modules.conditions import EpisodeTensors
    from tasks.training.episodes import conditions_of

    device = next(generator.module.parameters()).device
    conditions = conditions_of(users, generator.catalogue, generator.clock)
    episodes = EpisodeTensors(conditions, device, window=generator.window)
    found = Attributions(np.zeros(len(users.items)), np.zeros(len(users)), np.zeros(len(users)))
    size = max(1, _BLOCK_BYTES // (4 * STEPS * draws * generator.n_items))
    # Users of one length together: none is padded.
    order = np.argsort(users.shots, kind="stable")
    for start in range(0, len(users), size):
        rows = np.sort(order[start : start + size])
        score = _Score(generator.module, episodes, rows, items[rows], users.ids[rows], draws, seed)
        present = score.present()
        values = IntegratedGradients(score).attribute(
            present,
            n_steps=STEPS,
            method="gausslegendre",
            additional_forward_args=(score.places(),),
        )
        found.scores[rows], found.baselines[rows] = score.ends()
        _scatter(users, rows, values.detach().cpu().numpy(), found.values)
    _silence(users, items, found)
    return found


class _Score:
    """Log of the mean probability of an item per user, as a function of how present the user's items are."""

    def __init__(
        self,
        module: "Generator",
        episodes: "EpisodeTensors",
        rows: NDArray[np.int64],
        items: NDArray[np.integer],
        ids: NDArray[np.uint64],
        draws: int,
        seed: int,
    ) -> None:
        import torch

        from lightning_modules.noise import user_noise

        self.module, self.episodes, self.rows = module, episodes, rows
        self.items = torch.from_numpy(items.astype(np.int64)).to(episodes.device)
        noise = user_noise(ids, seed=seed, draws=draws, dimensions=module.noise_dimensions)
        self.noise = torch.from_numpy(noise).to(episodes.device)

    def __call__(self, way: "Tensor", places: "Tensor") -> "Tensor":
        """Scores (K,) this far on the way (K, L) to having each item, of the users at these places, int64 (K,)."""
        import torch

        batch = self.episodes.batch(self.rows[places.cpu().numpy()])
        condition, items = self.module.condition(batch, way**_POWER), self.items[places][:, None]
        logs = []
        for noise in self.noise:
            scores = self.module.scores(self.module.decode(condition, noise[places]), batch)
            logs.append(self.module.log_probabilities(scores, batch).gather(1, items)[:, 0])
        return torch.stack(logs).logsumexp(0) - float(np.log(len(logs)))

    def present(self) -> "Tensor":
        """Everything there, float32 (B, L); 0 where a user has fewer items."""
        return self.episodes.batch(self.rows).window_mask.float()

    def places(self) -> "Tensor":
        """Every user once, int64 (B,)."""
        import torch

        return torch.arange(len(self.rows), device=self.episodes.device)

    def ends(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores with all items and with none, float64 (B,) each."""
        import torch

        with torch.no_grad():
            present, places = self.present(), self.places()
            whole, nothing = (self(one, places).double().cpu().numpy() for one in (present, torch.zeros_like(present)))
        return whole, nothing


def _scatter(users: NewUsers, rows: NDArray[np.int64], window: NDArray, values: NDArray[np.float64]) -> None:
    """From the window, whose first place is the oldest item it shows, to the entries of the supports."""
    lengths = users.shots[rows]
    shown = np.minimum(lengths, window.shape[1])
    row, place = np.nonzero(np.arange(window.shape[1]) < shown[:, None])
    values[(users.rows.indptr[rows] + lengths - shown)[row] + place] = window[row, place]


def _silence(users: NewUsers, items: NDArray[np.integer], found: Attributions) -> None:
    """An item of the user's own has no probability: nothing moves it."""
    owners = np.zeros(len(users), dtype=np.bool_)
    owners[users.rows.row_of_entry[users.items == items[users.rows.row_of_entry]]] = True
    found.values[owners[users.rows.row_of_entry]] = 0
    found.scores[owners] = found.baselines[owners] = -np.inf
