"""A model of the block world, and a generator that knows its answer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.augmentation.complete_profiles import CompleteProfiles
from tasks.augmentation.policy import Policy
from tasks.domain import Evidence, LogRoles, NewUsers, Training, VirtualBehaviour
from tasks.features import FeatureSettings, UserEncoder
from tasks.hybrid.gate import Gate
from tasks.hybrid.hybrid import Hybrid
from tasks.hybrid.sources import FilterSource, GeneratorSource, PriorSource, SegmentSource, relative
from tasks.model_format import ComponentChoice, EventKinds, Header, ItemVocabulary, Model, TimeReader
from tasks.recommenders import FittedRecommender
from tasks.recommenders.item_knn import ItemKNNCosine
from tasks.recommenders.popularity import Popularity
from tasks.recommenders.segment_popularity import SegmentPopularity
from tasks.recommenders.user_knn import UserKNNCosine
from tests.worlds import DAY, block_training

ITEMS, BLOCKS = 60, 3
NEWEST = 99 * DAY
SEED = 3
KINDS = EventKinds({"view": 1.0, "purchase": 8.0}, usual=1.0)


@dataclass(frozen=True)
class OwnBlock:
    """Draws items of the block that the user's segment tells; of all blocks where it is unknown."""

    n_items: int = ITEMS
    name: str = "own_block"

    def draw(self, users: NewUsers, draws: int, seed: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        segment = users.features.categories[:, 0]
        block = np.arange(self.n_items) % BLOCKS + 1
        likely = (segment[:, None] == block) | (segment[:, None] == 0)
        likely = likely / likely.sum(axis=1, keepdims=True)
        yield slice(0, len(users)), np.repeat(likely[None].astype(np.float32), draws, axis=0)

    def save(self, folder: Path) -> None:
        (folder / "generator.json").write_text(json.dumps({"n_items": self.n_items}))


def load_own_block(folder: Path) -> OwnBlock:
    return OwnBlock(json.loads((folder / "generator.json").read_text())["n_items"])


def build(group: str, name: str, settings: Any) -> Any:
    assert (group, name) == ("augmentation", "complete_profiles")
    return CompleteProfiles(Policy(**settings["policy"]))


def block_hybrid(
    training: Training, knn: FittedRecommender, popularity: FittedRecommender, generator: "OwnBlock"
) -> Hybrid:
    """Popularity, UserKNN on real and on completed profiles, ItemKNN, segments and the generator."""
    way = CompleteProfiles(Policy(items=5, draws=1))

    def complete(users: NewUsers) -> VirtualBehaviour:
        return way.complete(generator, users, SEED)

    items: Any = ItemKNNCosine(neighbours=10).fit(training)
    own: Any = knn
    counts: Any = popularity
    sources = (
        PriorSource("popularity", relative(counts.scores)),
        SegmentSource("segment_popularity", SegmentPopularity().fit(training)),
        FilterSource("user_knn_cosine", own),
        FilterSource("item_knn_cosine", items),
        FilterSource("item_knn_again", items),
        GeneratorSource("generator", generator, 2, SEED),
        FilterSource("user_knn_cosine_virtual", own, complete, Evidence.VIRTUAL),
    )
    few, many = np.array([0.1, 0.3, 0.5, 0.4, 0.1, 0.7, 1.0]), np.array([0.05, 0.1, 1.0, 0.8, 0.0, 1 / 3, 0.2])
    return Hybrid(training.n_items, sources, Gate(tuple(source.name for source in sources), few, many))


def block_model(
    *, augmented: bool = False, hybrid: bool = False, has_times: bool = True, item_ids: pl.Series | None = None
) -> Model:
    augmented = augmented or hybrid
    training = block_training(users=120, items=ITEMS, blocks=BLOCKS)
    knn, popularity, generator = UserKNNCosine(neighbours=20).fit(training), Popularity().fit(training), OwnBlock()
    roles = LogRoles(has_times=has_times, user_categories=("segment",))
    policy = {"items": 5, "draws": 1}
    components = {"recommender": ComponentChoice("user_knn_cosine", {"neighbours": 20})}
    if augmented:
        components["augmentation"] = ComponentChoice("complete_profiles", {"policy": policy})
    return Model(
        header=Header(
            coldcart="0.1.0",
            created="2026-01-01T00:00:00Z",
            question="next_visits",
            dataset="block_world",
            seed=SEED,
            fit="refit",
            newest=NEWEST if has_times else None,
            digest="ab",
            components=components,
        ),
        items=ItemVocabulary(pl.Series([f"item{row}" for row in range(ITEMS)]) if item_ids is None else item_ids),
        encoder=UserEncoder.fit(training.warm.users, roles, FeatureSettings()),
        times=TimeReader(has_times=has_times, has_hours=True),
        kinds=KINDS,
        recommender=knn,
        popularity=popularity,
        augmentation=CompleteProfiles(Policy(items=5, draws=1)) if augmented else None,
        generator=generator if augmented else None,
        hybrid=block_hybrid(training, knn, popularity, generator) if hybrid else None,
    )


def block_of(item_ids: pl.Series) -> list[int]:
    return [int(item.removeprefix("item")) % BLOCKS for item in item_ids]
