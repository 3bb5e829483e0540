"""What explanations claim: weights of the items of a support, and the score that they are to be held against."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.domain import NewUsers
from tasks.explanation.attention import item_attention
from tasks.explanation.attributions import attributions, network_of
from tasks.explanation.contributions import contributions
from tasks.explanation.deletion import Score
from tasks.explanation.explained import Explained
from tasks.method_names import GENERATOR
from tasks.training.trained_generator import TrainedGenerator

Items = NDArray[np.integer]
Weigh = Callable[[NewUsers, Items], NDArray[np.float64]]
"""Weights of a block of users' support items for an item each, float64 (N,)."""

CONTRIBUTIONS, ATTRIBUTIONS = "contributions", "attributions"
ATTENTION, ATTENTION_TO_ITEM = "attention", "attention_to_item"
"""Explanations; the last is attention times what each item says of the one recommended."""
MODEL = "model"
"""The score that recommends; the generator's and the attention filter's own go by their names."""
_LEAST = 1e-30
"""Probability below which the generator's logs are cut off."""
_AT_RANDOM = 0.01
"""Share of choices that attention is taken not to explain: what it says nothing of would be impossible without."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An explanation, held against a score.

    Attributes:
        explanation: Its name.
        scorer: Name of the score.
        weigh: What the explanation says of each item of a support.
        score: The score.

    """

    explanation: str
    scorer: str
    weigh: Weigh
    score: Score


def claims_of(explained: Explained) -> tuple[Claim, ...]:
    """Everything that is told of a recommendation.

    Contributions are held against the score that recommends. Attention and attributions are held against the score
    they belong to, and against the one that recommends, which they are shown beside.
    """
    claims = [Claim(CONTRIBUTIONS, MODEL, lambda users, items: contributed(explained, users, items), explained.score)]
    part = explained.attention
    if part is not None:

        def attended(users: NewUsers, items: Items) -> NDArray[np.float64]:
            return item_attention(part, users)

        def interested(users: NewUsers) -> NDArray[np.floating]:
            shares = part.fitted.interest(part.completed(users)).total
            dense = shares if isinstance(shares, np.ndarray) else shares.toarray()
            return np.log((1 - _AT_RANDOM) * dense + _AT_RANDOM / explained.n_items)

        def spoken(users: NewUsers, items: Items) -> NDArray[np.float64]:
            return contributions(part.fitted, part.completed(users), items).of_support(users)

        claims += [
            Claim(ATTENTION, MODEL, attended, explained.score),
            Claim(ATTENTION, ATTENTION, attended, interested),
            Claim(ATTENTION_TO_ITEM, ATTENTION, spoken, interested),
        ]
    network = network_of(explained.generator)
    if network is not None:
        claims += _of_generator(explained, network)
    return tuple(claims)


def contributed(explained: Explained, users: NewUsers, items: Items) -> NDArray[np.float64]:
    """What each item of a block of users' supports adds to the score of an item each, float64 (N,)."""
    total = np.zeros(len(users.items))
    for part in explained.parts(users, items):
        if part.carried is not None:
            total += part.scale[users.rows.row_of_entry] * part.carried.of_support(users)
    return total


def _of_generator(explained: Explained, network: TrainedGenerator) -> list[Claim]:
    def attributed(users: NewUsers, items: Items) -> NDArray[np.float64]:
        return attributions(network, users, items, draws=explained.draws, seed=explained.seed).values

    def expected(users: NewUsers) -> NDArray[np.floating]:
        logs = np.empty((len(users), explained.n_items), dtype=np.float32)
        for block, probabilities in network.draw(users, explained.draws, explained.seed):
            np.log(np.maximum(probabilities.mean(axis=0), _LEAST), out=logs[block])
        return logs

    return [
        Claim(ATTRIBUTIONS, MODEL, attributed, explained.score),
        Claim(ATTRIBUTIONS, GENERATOR, attributed, expected),
    ]
