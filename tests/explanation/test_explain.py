"""An explanation as the service gives it: parts, contributions, attention, attributions."""

import dataclasses

import numpy as np
import pytest

from lightning_modules.networks.conditional import Conditional
from tasks.explanation import ExplainedRecommender, explain, explained_model
from tasks.hybrid.gate import Gate
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.sources import FilterSource, GeneratorSource, PriorSource, relative
from tasks.model_format import Model
from tasks.recommenders.attention.attention_filter import AttentionFilter
from tasks.recommenders.blend import ItemKNNCosineBlend
from tests.explanation.test_attributions import users
from tests.model_format.models import block_model
from tests.model_format.test_trained_generator import generator
from tests.worlds import block_training

ITEM = 31


@pytest.fixture(scope="module")
def model() -> Model:
    """A hybrid of popularity, attention and a network."""
    network, plain = generator(Conditional()), block_model(augmented=True)
    attention = AttentionFilter(neighbours=30).fit(block_training())
    sources = (
        PriorSource("popularity", relative(plain.popularity.scores)),  # type: ignore[attr-defined]
        FilterSource("attention", attention),
        GeneratorSource("generator", network, 2, 3),
    )
    gate = Gate(tuple(source.name for source in sources), np.array([0.1, 0.5, 0.2]), np.array([0.1, 1.0, 0.2]))
    return dataclasses.replace(plain, generator=network, hybrid=Hybrid(60, sources, gate))


def test_everything_that_is_told(model: Model) -> None:
    user = users(3).select(np.array([0]))
    item = int(user.items[0] + 3) % 60
    told = explain(model, user, item, attributed=True)
    assert sum(part.score for part in told.parts) == pytest.approx(told.score)
    scores = explained_model(model).score(user)
    assert told.score == pytest.approx(float(scores[0, item]), rel=1e-5)
    own = set(user.items.tolist())
    assert told.attention is not None
    assert {one.item for one in told.attention} == own
    assert 0 < sum(one.score for one in told.attention) <= 1
    assert told.attributions is not None
    assert {one.item for one in told.attributions} == own
    sizes = [abs(one.score) for one in told.attributions]
    assert sizes == sorted(sizes, reverse=True)


def test_attributions_are_there_when_asked_for_and_possible(model: Model) -> None:
    user = users(3).select(np.array([0]))
    assert explain(model, user, ITEM).attributions is None
    assert explain(block_model(hybrid=True), user, ITEM, attributed=True).attributions is None  # no network
    assert explain(block_model(hybrid=True), user, ITEM).attention is None
    nobody = users(0).select(np.array([0]))
    assert explain(model, nobody, ITEM, attributed=True).attributions == ()


@pytest.mark.parametrize("augmented", [False, True])
def test_a_recommender_alone_is_explained_by_what_it_ranks_with(augmented: bool) -> None:
    model, asked = block_model(augmented=augmented), users(3, 0, 2)
    explained = explained_model(model)
    items = np.array([30, 31, 32])
    scores = explained.score(asked)[np.arange(3), items]
    parts = list(explained.parts(asked, items))
    assert sum(part.scores for part in parts) == pytest.approx(scores, rel=1e-5)
    assert [part.name for part in parts] == (["recommender"] if augmented else ["popularity", "recommender"])
    assert explained.top_k(asked, 4).ids.tolist() == model.rank(asked, 4).ids.tolist()


def test_contributions_to_a_blend_are_in_its_unit() -> None:
    fitted, asked = ItemKNNCosineBlend().fit(block_training()), users(3, 4)
    explained = ExplainedRecommender(fitted, block_model().popularity)
    items = explained.top_k(asked, 1).ids[:, 0].astype(np.int64)
    (part,) = explained.parts(asked, items)
    assert part.carried is not None
    carried = part.scale * np.asarray(part.carried.items.sum(axis=1)).ravel()
    assert carried == pytest.approx(part.scores - fitted.prior[items], rel=1e-4)
