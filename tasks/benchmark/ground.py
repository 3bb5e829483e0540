"""Data of a question, cleaned, split and posed once, with everything fitted on it so far."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from tasks.benchmark.digests import DataIdentity
from tasks.config import RunConfig, load_component, load_config
from tasks.domain import Training
from tasks.errors import DataError
from tasks.ingestion.folders import cache_folder
from tasks.ingestion.raw import RawLog
from tasks.recommenders.fits import Fits
from tasks.splitting import TemporalSplit
from tasks.stages.ingest import Ingested, ingest_log
from tasks.stages.prepare import Prepared, prepare

logger = logging.getLogger(__name__)

T = TypeVar("T")
KEPT_FITS = 24
"""Fitted recommenders kept per question; the one not used for longest goes first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A data set, as training runs are asked for it.

    Attributes:
        dataset: Name in conf/dataset.
        overrides: Settings of training runs.
        evaluate: ``test`` or ``validation``.

    """

    dataset: str
    overrides: tuple[str, ...]
    evaluate: str

    def config(self, seed: int = 0) -> RunConfig:
        """The configuration of a training run on it."""
        own = (f"dataset={self.dataset}", "tracking=off", f"evaluate={self.evaluate}", f"seed={seed}")
        # What is tuned starts from conf/, not from what tuning found before.
        return load_config([*self.overrides, *own, "tuned_settings=false"])


@dataclass(eq=False)
class Ground:
    """One question of a data set: the same for all seeds where the split does not depend on the seed.

    Attributes:
        config: Configuration of a training run; its seed is that of the split.
        identity: What identifies the data.
        ingested: The cleaned log.
        prepared: Split, encoded and posed.

    """

    config: RunConfig
    identity: DataIdentity
    ingested: Ingested
    prepared: Prepared

    @cached_property
    def fits(self) -> Fits:
        """Everything fitted on the warm users so far."""
        return Fits(self.training, KEPT_FITS)

    @property
    def training(self) -> Training:
        """Warm users with their episodes."""
        return self.prepared.ground.training

    def fit(self, component: Any) -> Any:
        """A recommender (or a fill) fitted on the warm users; the same object for the same settings.

        Args:
            component: Settings with ``fit``.

        """
        return self.fits.fit(component)


def recommender_of(name: str, settings: Mapping[str, Any], seed: int) -> Any:
    """Settings of a recommender, with this seed where it takes one."""
    return seeded(load_component("recommender", name, settings), seed)


def seeded(component: Any, seed: int) -> Any:
    """The same settings with ``seed`` set wherever they, or parts of them, have one."""
    changes: dict[str, Any] = {}
    for field_ in fields(component):
        value = getattr(component, field_.name)
        if field_.name == "seed":
            changes["seed"] = seed
        elif is_dataclass(value):
            changes[field_.name] = seeded(value, seed)
    return replace(component, **changes) if changes else component


class Grounds:
    """Loads grounds, and keeps the last of each kind: logs are read once per process."""

    def __init__(self) -> None:
        self._raw: OrderedDict[Any, RawLog] = OrderedDict()
        self._ingested: OrderedDict[Any, Ingested] = OrderedDict()
        self._grounds: OrderedDict[Any, Ground] = OrderedDict()

    def raw(self, asked: Asked) -> RawLog:
        """The log as its source gives it."""
        return _kept(self._raw, asked, 1, lambda: asked.config().dataset.load(cache_folder()))

    def ingested(self, asked: Asked, seed: int) -> Ingested:
        """The cleaned log; its fences stand on warm users, who may depend on the seed."""
        config = asked.config(seed)
        known = self._ingested.get((asked, 0))
        split_seed = 0 if known is not None and _is_fixed(known) else seed
        return _kept(self._ingested, (asked, split_seed), 2, lambda: ingest_log(self.raw(asked), config))

    def identity(self, asked: Asked, config: RunConfig, ingested: Ingested) -> DataIdentity:
        """What identifies the data."""
        return DataIdentity.of(config, [file.sha256 for file in self.raw(asked).files], ingested)

    def ground(self, asked: Asked, question: str, seed: int) -> Ground:
        """Everything for one question and seed.

        Raises:
            DataError: The log cannot answer the question.

        """
        first = self.ingested(asked, 0)
        if question not in first.resolved.questions:
            raise DataError(
                f"{asked.dataset}: expected one of {', '.join(first.resolved.questions)}, got question={question}"
            )
        split_seed = 0 if _is_fixed(first) else seed

        def build() -> Ground:
            config, whole = asked.config(split_seed), self.ingested(asked, split_seed)
            ingested = replace(whole, resolved=replace(whole.resolved, questions=(question,)))
            logger.info("preparing %s, %s, seed %d", asked.dataset, question, split_seed)
            return Ground(config, self.identity(asked, config, whole), ingested, prepare(ingested, config))

        return _kept(self._grounds, (asked, question, split_seed), 2, build)


def _is_fixed(ingested: Ingested) -> bool:
    """Whether the split is the same for every seed."""
    return isinstance(ingested.resolved.settings, TemporalSplit)


def _kept(store: OrderedDict[Any, T], key: Any, most: int, make: Callable[[], T]) -> T:
    if key not in store:
        while len(store) >= most:
            store.popitem(last=False)
        store[key] = make()
    store.move_to_end(key)
    return store[key]
