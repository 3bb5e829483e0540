"""Measures that give away a training gone wrong, each with an alarm."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lightning_modules.conditions import EpisodeTensors
from lightning_modules.networks.base import Critic, Generator
from lightning_modules.realism import average_popularity, cooccurrence_distance, generated_profiles
from lightning_modules.sampling import draw

logger = logging.getLogger(__name__)

_PAIRED_USERS = 128
_LIST = 20
_NEIGHBOURS = 512


@dataclass(frozen=True, slots=True)
class Alarm:
    """A bound on a measure; the first value outside it is a warning, and a training ends with a count of them.

    Attributes:
        meaning: What a value outside says.
        least: Smallest good value, or None.
        most: Largest good value, or None.

    """

    meaning: str
    least: float | None = None
    most: float | None = None

    @property
    def bounds(self) -> str:
        """What is expected, in words."""
        parts = (("at least", self.least), ("at most", self.most))
        return " and ".join(f"{words} {bound:g}" for words, bound in parts if bound is not None)


ALARMS: dict[str, Alarm] = {
    "tripwire/popularity_ratio": Alarm("generated behaviour collapses to popular items", most=1.1),
    "tripwire/coverage": Alarm("generated behaviour covers far less of the catalogue than real behaviour", least=0.1),
    "tripwire/entropy": Alarm("generated behaviour is spread over far fewer items than real behaviour", least=0.7),
    "tripwire/support_overlap": Alarm("the generator copies the support", most=0.0),
    "tripwire/draw_distance": Alarm("draws for one user hardly differ: the noise is ignored", least=0.01),
    "tripwire/distinct_lists": Alarm("draws for one user give one and the same list: the noise is ignored", least=0.1),
    "tripwire/critic_gap": Alarm("the critic knows its training users by heart", most=2.0),
    "tripwire/neighbour_ratio": Alarm("generated profiles lie closer to training users than new users do", least=0.5),
}


class Tripwires:
    """Measures of model collapse, copying and memorising on a fixed sample of users.

    Args:
        training: Episodes of the training users.
        validation: Episodes of users held out, or None: then what needs them is left out.
        popularity: float (I,), each item's share of warm behaviour.
        users: Generated profiles to look at.
        seed: Seeds the sample and the draws.

    """

    def __init__(
        self,
        training: EpisodeTensors,
        validation: EpisodeTensors | None,
        popularity: NDArray[np.floating],
        *,
        users: int,
        seed: int,
    ) -> None:
        self.training, self.validation, self.popularity = training, validation, popularity
        self.seed = seed
        random = np.random.default_rng(seed)
        self._train_rows = _sample(training, users, random)
        self._validation_rows = None if validation is None else _sample(validation, users, random)

    def measure(self, generator: Generator, critic: Critic) -> dict[str, float]:
        """All measures, names as in ``ALARMS`` and two of realism."""
        known, rows = self.training, self._train_rows
        if self.validation is not None and self._validation_rows is not None and len(self._validation_rows):
            known, rows = self.validation, self._validation_rows
        chosen = known.select(rows)
        generated = generated_profiles(generator, chosen, seed=self.seed)
        real, support = chosen.episodes.targets, chosen.support_matrix()
        measures = {
            "tripwire/popularity_ratio": average_popularity(generated, self.popularity)
            / average_popularity(real, self.popularity),
            "tripwire/cooccurrence_distance": cooccurrence_distance(generated, real),
            "tripwire/coverage": _covered(generated) / max(1, _covered(real)),
            "tripwire/entropy": _effective_items(generated) / _effective_items(real),
            "tripwire/support_overlap": float(generated.multiply(support).sum()),
        }
        if generator.noise_dimensions:
            measures |= self._noise(generator, known, rows[:_PAIRED_USERS])
        if known is not self.training:
            measures["tripwire/critic_gap"] = self._critic_gap(generator, critic)
            measures["tripwire/neighbour_ratio"] = self._neighbours(generated, real)
        return measures

    def _noise(self, generator: Generator, known: EpisodeTensors, rows: NDArray[np.int64]) -> dict[str, float]:
        """Total variation between two draws for one user, and the share of users whose two top-20 lists differ."""
        drawn = draw(generator, known.batch(rows), rows.astype(np.uint64), draws=2, seed=self.seed)
        distance = 0.5 * (drawn[0] - drawn[1]).abs().sum(1).mean()
        k = min(_LIST, drawn.shape[2])
        lists = torch.topk(drawn, k, dim=2).indices.sort(2).values
        return {
            "tripwire/draw_distance": float(distance),
            "tripwire/distinct_lists": float((lists[0] != lists[1]).any(1).float().mean()),
        }

    @torch.no_grad()
    def _critic_gap(self, generator: Generator, critic: Critic) -> float:
        """Mean logit of training users' real profiles minus that of new users', in deviations of the former."""
        assert self.validation is not None
        assert self._validation_rows is not None
        logits = []
        for episodes, rows in ((self.training, self._train_rows), (self.validation, self._validation_rows)):
            batch = episodes.batch(rows[:_NEIGHBOURS]).to(next(critic.parameters()).device)
            logits.append(critic(batch, generator.reals(batch))[0].float())
        deviation = logits[0].std(correction=0).clamp(min=1e-6)
        return float((logits[0].mean() - logits[1].mean()) / deviation)

    def _neighbours(self, generated: csr_array, real: csr_array) -> float:
        """Mean distance to the nearest training profile: generated ÷ new users' real ones (cosine distance)."""
        training = _normalised(self.training.episodes.targets[self._train_rows])
        distances = []
        for profiles in (generated[:_NEIGHBOURS], real[:_NEIGHBOURS]):
            nearest = (_normalised(profiles) @ training.T).max(axis=1).toarray().ravel()
            distances.append(float((1 - nearest).mean()))
        return distances[0] / max(distances[1], 1e-6)


def sound_alarms(measures: Mapping[str, float], epoch: int, history: Sequence[Mapping[str, float]] = ()) -> None:
    """Logs a warning for every measure that is outside its bounds for the first time.

    Args:
        measures: Of this epoch.
        epoch: Its number, from 0.
        history: Measures of the epochs before.

    """
    for name, alarm in ALARMS.items():
        if _outside(alarm, measures, name) and not any(_outside(alarm, earlier, name) for earlier in history):
            logger.warning(
                "epoch %d: %s is %.3g, expected %s: %s", epoch, name, measures[name], alarm.bounds, alarm.meaning
            )


def sum_up_alarms(history: Sequence[Mapping[str, float]]) -> None:
    """Logs one line per measure that was outside its bounds in more than one epoch."""
    for name, alarm in ALARMS.items():
        values = [record[name] for record in history if _outside(alarm, record, name)]
        if len(values) > 1:
            measured = sum(name in record for record in history)
            logger.warning(
                "%s was outside its bounds (%s) in %d of %d epochs, last at %.3g",
                name, alarm.bounds, len(values), measured, values[-1],
            )  # fmt: skip


def _outside(alarm: Alarm, measures: Mapping[str, float], name: str) -> bool:
    """Whether a measure was taken and is no good; nan is none."""
    value = measures.get(name)
    if value is None:
        return False
    return not ((alarm.least is None or value >= alarm.least) and (alarm.most is None or value <= alarm.most))


def _sample(episodes: EpisodeTensors, users: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Rows with targets, at most ``users``, in random order."""
    rows = np.flatnonzero(episodes.target_lengths > 0)
    return random.permutation(rows)[:users].astype(np.int64)


def _covered(profiles: csr_array) -> int:
    return len(np.unique(profiles.indices))


def _effective_items(profiles: csr_array) -> float:
    """Exponential of the entropy of the items: how many equally frequent items would be as varied."""
    counts = np.bincount(profiles.indices, minlength=1).astype(np.float64)
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else float("nan")


def _normalised(profiles: csr_array) -> csr_array:
    lengths = np.sqrt(np.maximum(np.diff(profiles.indptr), 1)).astype(np.float32)
    scaled = profiles.copy()
    scaled.data = scaled.data / np.repeat(lengths, np.diff(profiles.indptr))
    return scaled
