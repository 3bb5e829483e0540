"""What a method is fitted on: one data set, question and seed."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from tasks.benchmark.generators import GeneratorStore, trained, tried
from tasks.benchmark.ground import Ground, recommender_of
from tasks.benchmark.method import EpochReport, FittedMethod, Part, Settings
from tasks.config import RunConfig
from tasks.domain import Posed, Training
from tasks.evaluation.evaluate import evaluate
from tasks.evaluation.evaluation import MEAN
from tasks.evaluation.metrics import ItemPopularity
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.evaluation.zero_shots import PopularityAtZeroShots, select_popularity
from tasks.hybrid.fit import folds_of
from tasks.hybrid.hybrid import FoldOf
from tasks.recommenders import FittedRecommender
from tasks.recommenders.blend import FittedBlend
from tasks.recommenders.collaborative import CollaborativeFilter
from tasks.runs.home import Home
from tasks.splitting import user_ids
from tasks.stages.ingest import Ingested
from tasks.stages.prepare import Prepared
from tasks.training.train import TrainingResult

T = TypeVar("T")


class Workbench:
    """Data, fits and trained generators of one data set, question and seed.

    Attributes:
        ground: Data and fits, shared with other seeds where the split is the same.
        seed: Seeds ties, networks and draws.
        config: Configuration of a training run with this seed and question.

    """

    def __init__(self, ground: Ground, seed: int, store: GeneratorStore) -> None:
        self.ground = ground
        self.seed = seed
        self.config: RunConfig = ground.config.model_copy(update={"seed": seed, "question": ground.prepared.question})
        self._store = store
        self._made: tuple[str, Any] | None = None

    @property
    def ingested(self) -> Ingested:
        """The cleaned log."""
        return self.ground.ingested

    @property
    def prepared(self) -> Prepared:
        """Split, encoded and posed."""
        return self.ground.prepared

    @property
    def training(self) -> Training:
        """Warm users with their episodes: all that anything is fitted on."""
        return self.ground.training

    @property
    def question(self) -> str:
        """What is asked."""
        return self.prepared.question

    @cached_property
    def popularity(self) -> ItemPopularity:
        """How many warm users hold each item."""
        return ItemPopularity.of(self.training.warm.matrix())

    def posed(self, part: Part) -> tuple[Posed, ...]:
        """The question posed to a part of the new users, per number of shots; ``test`` only with evaluate=test."""
        return {"half_a": self.prepared.half_a, "half_b": self.prepared.half_b, "test": self.prepared.test}[part]

    def recommender(self, name: str, settings: Settings) -> Any:
        """Settings of a recommender of conf/recommender, with this workbench's seed where it takes one."""
        return recommender_of(name, settings, self.seed)

    def fit(self, name: str, settings: Settings) -> FittedRecommender:
        """A recommender on real behaviour, fitted once per settings; blends share the fit of their base."""
        fitted: FittedRecommender = self.ground.fit(self.recommender(name, settings))
        return fitted

    def zero_shots(self, forms: Mapping[str, Settings]) -> FittedRecommender:
        """The form of popularity that serves half A best without any event.

        Args:
            forms: Settings by name in conf/recommender.

        """
        fitted = {name: self.fit(name, settings) for name, settings in forms.items()}
        return fitted[select_popularity(fitted, self.prepared.half_a, seed=self.seed)]

    def serving(
        self, fitted: FittedRecommender, forms: Mapping[str, Settings]
    ) -> FittedRecommender | PopularityAtZeroShots:
        """A fitted recommender that serves everybody: filters and blends leave users without events to popularity."""
        if isinstance(fitted, CollaborativeFilter | FittedBlend):
            return PopularityAtZeroShots(fitted, self.zero_shots(forms))
        return fitted

    def generator(self, settings: Settings, version: int, on_epoch: EpochReport | None = None) -> TrainingResult:
        """The generator of these settings, trained once and kept; with ``on_epoch`` it is one trial of many."""
        if on_epoch is not None:
            return tried(self, settings, version, self._store, on_epoch)
        return trained(self, settings, version, self._store)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What ``make`` gives, made once as long as nothing else is asked for: trials often share their costly part.

        Args:
            key: Tells what is made; a digest of all that decides it.
            make: Makes it.

        """
        if self._made is None or self._made[0] != key:
            self._made = (key, make())
        made: T = self._made[1]
        return made

    @cached_property
    def folds(self) -> FoldOf:
        """Folds 0 … 4 of users of half B: what is fitted on half B answers for those it did not see."""
        population = self.prepared.split.validation
        return folds_of(user_ids(population.users), population.fold)

    def half_a(self, fitted: FittedMethod, posed: Sequence[Posed] | None = None) -> dict[str, float]:
        """NDCG@10 on half A by shots (``0`` … ``all``) and their ``mean`` over s ≥ 1; without what is not answered.

        Args:
            fitted: A fitted method.
            posed: Fewer numbers of shots, for speed.

        """
        found: dict[str, float] = {}
        for one in self.posed("half_a") if posed is None else posed:
            method = fitted.method_for("half_a", one)
            if method is None:
                continue
            cells = evaluate(
                {"method": method},
                [one],
                {"ndcg": Ndcg()},
                (10,),
                popularity=self.popularity,
                seed=self.seed,
                resamples=0,
            ).cells
            shots = one.shots_name.removeprefix("shots_")
            value = cells.row(by_predicate=_plain_ndcg(shots), named=True)["value"]
            found[shots] = float("nan") if value is None else float(value)
        known = [value for shots, value in found.items() if shots != "0" and not np.isnan(value)]
        return found | ({MEAN: float(np.mean(known))} if known else {})

    def tuning_value(self, fitted: FittedMethod) -> float:
        """What tuning maximises: the mean over s ≥ 1 of half A's NDCG@10, unless the method names another figure."""
        if fitted.tuning_value is not None:
            return fitted.tuning_value
        known = [posed for posed in self.posed("half_a") if posed.shots != 0]
        return self.half_a(fitted, known).get(MEAN, float("nan"))


def generator_store(home: Home) -> GeneratorStore:
    """Where trained generators are kept."""
    return GeneratorStore(home.root / "benchmark" / "generators")


def _plain_ndcg(shots: str) -> Any:
    import polars as pl

    return (pl.col("metric") == "ndcg") & (pl.col("variant") == "") & (pl.col("shots") == shots)
