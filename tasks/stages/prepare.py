"""From a cleaned log to what fits and evaluations need: the split, encoded features, posed questions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.config import RunConfig
from tasks.domain import Population, Posed, Training, Warm
from tasks.features import ItemEncoder, UserEncoder
from tasks.splitting import Split, check_posed, pose_all, pose_episodes, rest_shots, split, user_ids, warm_of_everything
from tasks.stages.ingest import Ingested


@dataclass(frozen=True, slots=True)
class Ground:
    """What a fit stands on, and how to encode users and items the same way later.

    Attributes:
        training: Warm users, their features and their episodes.
        catalogue: int32 (I,), rows of ``EventLog.items``.
        users: Encoder of user features.
        items: Encoder of item features.

    """

    training: Training
    catalogue: NDArray[np.int32]
    users: UserEncoder
    items: ItemEncoder


@dataclass(frozen=True, slots=True)
class Prepared:
    """The ground of the evaluation fit, and the questions posed to new users.

    Attributes:
        split: Who trains, who validates, who tests.
        question: What is asked of the model.
        max_shots: For ``rest``: the most items shown.
        ground: What the evaluation fit stands on.
        half_a: The question posed to half A of the validation users, per number of shots: tuning.
        half_b: The same for half B: reporting.
        test: The same for the test users; empty unless ``evaluate=test``.

    """

    split: Split
    question: str
    max_shots: int | None
    ground: Ground
    half_a: tuple[Posed, ...]
    half_b: tuple[Posed, ...]
    test: tuple[Posed, ...]


def prepare(ingested: Ingested, config: RunConfig) -> Prepared:
    """Split, encode and pose, with the leakage assertions on what comes out.

    Raises:
        DataError: No new user is left to ask.
        LeakageError: The split or a question is not what it should be (a defect).

    """
    log, resolved, question = ingested.log, ingested.resolved, ingested.question
    parts = split(log, resolved.settings, config.seed, resolved.cuts)
    max_shots = rest_shots(parts.test.histories) if question == "rest" else None
    cut = resolved.cuts.warm_until
    ground = ground_of(ingested, config, parts.warm, parts.catalogue, question, max_shots, cut)

    def posed(population: Population) -> tuple[Posed, ...]:
        questions = pose_all(
            question,
            population.histories,
            ground.users.transform(population.users),
            n_items=parts.warm.n_items,
            ids=user_ids(population.users),
            max_shots=max_shots,
            repeats=config.repeats == "include",
        )
        check_posed(questions)
        return questions

    return Prepared(
        split=parts,
        question=question,
        max_shots=max_shots,
        ground=ground,
        half_a=posed(parts.validation.select(parts.validation.half == 0)),
        half_b=posed(parts.validation.select(parts.validation.half == 1)),
        test=posed(parts.test) if config.evaluate == "test" else (),
    )


def ground_of_everything(ingested: Ingested, prepared: Prepared, config: RunConfig) -> Ground:
    """What the refit stands on: all users, all rows."""
    warm, catalogue = warm_of_everything(ingested.log, ingested.resolved.settings, config.seed)
    return ground_of(ingested, config, warm, catalogue, prepared.question, prepared.max_shots, warm.now)


def ground_of(
    ingested: Ingested,
    config: RunConfig,
    warm: Warm,
    catalogue: NDArray[np.int32],
    question: str,
    max_shots: int | None,
    before: int | None,
    users: UserEncoder | None = None,
) -> Ground:
    """Encode features and pose the question to warm users.

    Args:
        ingested: The cleaned log.
        config: The run's configuration.
        warm: The users to fit on.
        catalogue: int32 (I,), rows of ``EventLog.items``.
        question: What is asked of the model.
        max_shots: For ``rest``.
        before: The cut in microseconds since 1970-01-01 UTC; None where the split knows none.
        users: The encoder of user features; None fits one to these users.

    """
    log, rows = ingested.log, warm.histories.users
    if users is None:
        users = UserEncoder.fit(warm.users, log.roles, config.features, rows=rows, times=warm.histories.times)
    items, item_features = ItemEncoder.fit(log, catalogue, before, config.features, warm_users=rows)
    user_features = users.transform(warm.users)
    episodes = pose_episodes(question, warm, user_features, max_shots=max_shots)
    return Ground(Training(warm, user_features, item_features, episodes), catalogue, users, items)
