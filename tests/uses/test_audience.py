"""Audiences: known scorers, fair ties, and scores of several units told apart."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.domain import NewUsers
from tasks.evaluation.methods import Ranker
from tasks.evaluation.routing import RoutingRanker
from tasks.evaluation.zero_shots import PopularityAtZeroShots
from tasks.hybrid.choice import choice_probabilities
from tasks.hybrid.gate import Gate
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.sources import PriorSource
from tasks.uses import USES
from tasks.uses.audience import FEWEST_BUYERS, items_of, readings_of, yardstick
from tasks.uses.scoring import scored
from tests.uses.cases import BLOCKS, ITEMS, ScoresRanker, case, constant, knows_blocks, knows_targets, world

AUDIENCE = USES["audience"]


def test_who_knows_the_targets_finds_every_buyer_and_a_constant_none_but_by_chance() -> None:
    posed = world(3)
    perfect = AUDIENCE.measure("ease", case(*posed, ranker=knows_targets(posed[0])), case(*posed, ranker=constant()))
    assert (perfect.frame["auc/3"] == 1).all()
    assert (perfect.frame["precision_at_10/3"] == 1).all()
    assert perfect.half_a["auc/3"] == 0.5
    random = AUDIENCE.measure("random", case(*posed), case(*posed))
    assert (random.frame["auc/3"] == 0.5).all()
    has = posed[0].users.support(ITEMS).toarray() > 0
    buys = posed[0].targets.toarray() > 0
    share = buys.sum(axis=0) / (~has).sum(axis=0)
    assert random.frame["precision_at_10/3"].to_numpy() == pytest.approx(share[items_of(posed[0])], abs=1e-4)


def test_the_true_order_of_the_block_world() -> None:
    posed = world(3, users=600)
    found = AUDIENCE.measure("ease", case(*posed, ranker=knows_blocks()), case(*posed, ranker=knows_blocks()))
    (place,) = np.flatnonzero(found.frame["unit"].to_numpy() == 7)
    # Of a third of the users, some hold the item, some buy it, the others are tied with the buyers; the rest are below.
    own = np.arange(600) % BLOCKS == 7 % BLOCKS
    buyers, has = posed[0].targets[:, [7]].sum(), posed[0].users.support(ITEMS)[:, [7]].sum()
    tied, below = own.sum() - buyers - has, 600 - own.sum()
    assert found.frame["auc/3"][int(place)] == pytest.approx((tied / 2 + below) / (tied + below), abs=1e-4)
    assert found.frame["precision_at_10/3"][int(place)] == pytest.approx(buyers / (buyers + tied), abs=1e-4)


def test_items_that_few_buy_are_not_asked_about() -> None:
    (posed,) = world(0, users=60)
    buyers = np.asarray(posed.targets.sum(axis=0)).ravel()
    assert (buyers[items_of(posed)] >= FEWEST_BUYERS).all()
    assert (buyers >= FEWEST_BUYERS).sum() == len(items_of(posed)) < ITEMS


def test_who_has_an_item_is_not_in_its_audience() -> None:
    (posed,) = world(3)

    def owners_first(users: NewUsers) -> NDArray[np.floating]:
        return users.support(ITEMS).toarray()

    found = AUDIENCE.measure("ease", case(posed, ranker=ScoresRanker(owners_first)), case(posed, ranker=constant()))
    assert (found.frame["auc/3"] == 0.5).all()


def test_activity_tells_nothing_where_all_users_show_as_much() -> None:
    posed = world(3)
    assert (AUDIENCE.measure("activity", case(*posed), case(*posed)).frame["auc/3"] == 0.5).all()


def test_yardsticks_by_hand() -> None:
    (posed,) = world(3)
    users = posed.users.select(np.array([0]))
    warm = np.arange(ITEMS) * 10
    assert yardstick("activity", users, warm).tolist() == [3]
    assert yardstick("support_popularity", users, warm).tolist() == pytest.approx([10 * users.items.mean()])
    assert yardstick("support_popularity", world(0)[0].users, warm).max() == 0


def test_users_whom_popularity_answers_do_not_stand_above_the_others() -> None:
    known, unknown = world(3, 0)
    some = known.users.select(np.arange(4))
    mixed = replace(
        some,
        rows=type(some.rows).from_lengths(np.array([3, 3, 3, 0])),
        items=some.items[:9],
        weights=some.weights[:9],
        times=None,
    )
    filters = ScoresRanker(lambda users: np.tile(users.ids[:, None] / 10.0, (1, ITEMS)))
    popularity = ScoresRanker(lambda users: np.full((len(users), ITEMS), 300.0))
    items = np.array([5, 6])
    found = readings_of(scored(PopularityAtZeroShots(filters, popularity), mixed), 4, items)
    assert found["score"][:, 0].tolist() == pytest.approx([0.0, 0.1, 0.2, 0.1])
    assert found["place"].tolist() == [[0.5, 0.5]] * 4
    assert len(unknown.users) == 150


class Halves(RoutingRanker):
    """Even ids to one ranker, odd ones to another."""

    def __init__(self, even: Ranker, odd: Ranker) -> None:
        self.even, self.odd = even, odd

    def routes(self, users: NewUsers) -> Iterable[tuple[NDArray[np.bool_], Ranker]]:
        even = users.ids % 2 == 0
        return ((even, self.even), (~even, self.odd))


def test_every_user_is_scored_once_whoever_answers() -> None:
    (posed,) = world(3, users=700)  # more than a block
    one, two = (ScoresRanker(lambda users, n=n: users.ids[:, None] * n + np.arange(ITEMS)) for n in (1, 2))
    found = np.full((700, ITEMS), np.nan)
    for block in scored(Halves(one, two), posed.users):
        found[block.rows] = block.scores
    factors = np.where(np.arange(700) % 2 == 0, 1, 2)
    assert (found == (np.arange(700) * factors)[:, None] + np.arange(ITEMS)).all()


def test_the_reading_that_serves_half_a_better_is_taken() -> None:
    (posed,) = world(3)
    taken = posed.targets.toarray()

    def loud_users_last(users: NewUsers) -> NDArray[np.floating]:
        """Right within each user, but users without any interest score highest."""
        own = taken[users.ids.astype(np.int64)]
        return own + 10.0 * (users.ids % 2)[:, None]

    own = case(posed, ranker=ScoresRanker(loud_users_last))
    found = AUDIENCE.measure("ease", own, own)
    assert found.notes["reading"] == "place"
    assert found.notes["auc_on_half_a"]["place"] == 1 > found.notes["auc_on_half_a"]["score"] + 0.2
    assert (found.frame["auc/3"] == 1).all()


def test_lists_without_scores_are_refused() -> None:
    class Lists:
        pass

    with pytest.raises(TypeError, match="ranker with scores, got Lists"):
        list(scored(Lists(), world(3)[0].users))  # type: ignore[arg-type]


def test_the_hybrid_is_read_by_the_chance_of_the_next_item() -> None:
    (posed,) = world(3)
    prior = PriorSource("popularity", np.linspace(0, 1, ITEMS, dtype=np.float32))
    hybrid = Hybrid(ITEMS, (prior,), Gate(("popularity",), np.array([1.0]), np.array([2.0])))
    found = readings_of(scored(hybrid, posed.users), len(posed.users), np.arange(ITEMS))
    assert list(found) == ["probability", "place"]
    assert found["probability"].sum(axis=1) == pytest.approx(np.ones(len(posed.users)), abs=1e-5)
    user = posed.users.select(np.array([0]))
    weight = hybrid.gate.at(user.shots)[0, 0]
    odds = np.exp(weight * prior.values.astype(np.float64))
    odds[user.items] = 0
    assert found["probability"][0] == pytest.approx(odds / odds.sum(), rel=1e-4)
    again = choice_probabilities(np.tile(weight * prior.values, (1, 1)), user, np.array([3]))
    assert again[0, 0] == pytest.approx(odds[3] / odds.sum(), rel=1e-4)
