"""Users generated for the report, and the real ones they are compared with."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.rows import rows_of
from tasks.augmentation.virtual_neighbours import draw_items
from tasks.config import RunConfig
from tasks.domain import Posed
from tasks.inspection.realism import cooccurrence, neighbours, popularity_curve, project
from tasks.reporting.report.comparison import ProfileLengths, Realism
from tasks.stages.prepare import Prepared

USERS = 1000
"""Most users of each kind that are compared: enough for every figure, and quick."""
SHOTS = 3
"""Known events from which users are generated, or as many as the question shows at most."""
LONGEST = 500
"""Items per generated profile at most."""


def realism_of(
    config: RunConfig, prepared: Prepared, generator: ProfileGenerator, titles: Sequence[str]
) -> Realism | None:
    """Generate a profile for each of some new users of half B, and compare them with what these users really took.

    A generated profile has as many items as the real one. They are drawn by the generator's probabilities: a list of
    the likeliest items would be more popular than any user.

    Args:
        config: The run's configuration.
        prepared: Half B and the warm users' episodes.
        generator: The evaluation fit's generator.
        titles: I titles of the catalogue.

    Returns:
        The comparison; None where fewer than two new or training users have items to compare.

    """
    posed = at_shots(prepared.half_b, SHOTS)
    training = at_shots(prepared.ground.training.episodes, SHOTS)
    rows, known_rows = some_users(posed), some_users(training)
    if min(len(rows), len(known_rows)) < 2:
        return None
    known, real = (csr_array(one.targets[own]) for one, own in ((training, known_rows), (posed, rows)))
    generated = drawn_profiles(generator, posed, rows, config.seed)
    return Realism(
        shots=int(posed.shots or 0),
        users=len(rows),
        training_users=len(known_rows),
        projection=project(known, real, generated, config.seed),
        popularity=popularity_curve(real, generated),
        lengths=_lengths(config, prepared, generator, posed, rows),
        cooccurrence=cooccurrence(real, generated, titles),
        neighbours=neighbours(known, real, generated),
    )


def at_shots(posed: Sequence[Posed], shots: int) -> Posed:
    """The question at this number of shots, or at the largest one below it."""
    numbered = [one for one in posed if one.shots is not None and one.shots <= shots]
    return max(numbered or posed, key=lambda one: one.shots or 0)


def some_users(posed: Posed, most: int = USERS) -> NDArray[np.int64]:
    """Users with targets, int64 (n,), in the order of their stable numbers: the same ones whatever the seed."""
    held = np.flatnonzero(np.diff(posed.targets.indptr) > 0)
    return held[np.argsort(posed.users.ids[held], kind="stable")][:most]


def drawn_profiles(generator: ProfileGenerator, posed: Posed, rows: NDArray[np.int64], seed: int) -> csr_array:
    """A generated profile per user, as long as the real one (500 items at most), drawn without replacement.

    Args:
        generator: Makes up profiles.
        posed: U users with targets.
        rows: int64 (n,), the users to generate for.
        seed: Seeds noise and draws.

    Returns:
        CSR (n, I).

    """
    users = posed.users.select(rows)
    wanted = np.minimum(np.diff(posed.targets.indptr)[rows], LONGEST)
    lengths, items = [], []
    for block, probabilities in generator.draw(users, 1, seed):
        own = wanted[block]
        drawn, possible = draw_items(probabilities[0], int(own.max()), users.ids[block], seed)
        kept = possible & (np.arange(drawn.shape[1]) < own[:, None])
        lengths.append(kept.sum(axis=1))
        items.append(drawn[kept].astype(np.int32))
    weights = [np.ones(len(part), dtype=np.float32) for part in items]
    return rows_of(lengths, items, weights, generator.n_items)


def _lengths(
    config: RunConfig, prepared: Prepared, generator: ProfileGenerator, posed: Posed, rows: NDArray[np.int64]
) -> ProfileLengths:
    """Items of real users beside those of the virtual behaviour that the run uses."""
    virtual = config.augmentation.complete(generator, posed.users.select(rows), config.seed)
    if virtual is not None:
        real, label = np.diff(posed.targets.indptr)[rows], "items that real new users take later"
        return ProfileLengths(real, np.diff(virtual.matrix.indptr), label, "virtual items that they are given")
    training = prepared.ground.training
    real, label = training.warm.histories.rows.lengths, "items of real training users"
    added = config.augmentation.neighbours(generator, training, config.seed)
    made = np.zeros(0, dtype=np.int64) if added is None else np.diff(added.matrix.indptr)
    return ProfileLengths(real, made, label, "items of virtual users that join them")
