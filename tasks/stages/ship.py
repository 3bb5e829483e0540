"""The model folder: what recommend, serve and the registry use."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.augmentation.generator import ProfileGenerator
from tasks.augmentation.none import NoAugmentation
from tasks.config import COMPONENT_GROUPS, RunConfig, build_component, load_component
from tasks.domain import Warm
from tasks.features.identity import as_text
from tasks.features.items import attributes_before, titles_before
from tasks.hybrid.hybrid import Hybrid
from tasks.ingestion.kinds import KindRules
from tasks.model_format import ComponentChoice, Customers, EventKinds, Header, ItemVocabulary, Model, TimeReader
from tasks.model_format.kinds import usual_weight
from tasks.recommenders import FittedRecommender
from tasks.stages.ingest import Ingested
from tasks.stages.prepare import Ground
from tasks.training.trained_generator import TrainedGenerator

IN_HEADER = tuple(group for group in COMPONENT_GROUPS if group not in {"dataset", "tracking", "trainer", "privacy"})


def ship(
    folder: Path,
    config: RunConfig,
    ingested: Ingested,
    ground: Ground,
    recommender: FittedRecommender,
    popularity: FittedRecommender,
    generator: ProfileGenerator | None,
    hybrid: Hybrid | None,
    fit: Literal["refit", "evaluation"],
) -> None:
    """Write a model; an earlier one in the folder is replaced once the new one is whole.

    Args:
        folder: The run's ``model/`` folder.
        config: The run's configuration.
        ingested: The log.
        ground: What the fit stood on.
        recommender: On real + virtual rows.
        popularity: Serves users without any behaviour.
        generator: Completes profiles; None only where there is no augmentation.
        hybrid: Ranks in place of both; None for none.
        fit: Whether it was fitted on everything, or is the evaluation fit.

    """
    log, warm = ingested.log, ground.training.warm
    virtual = not isinstance(config.augmentation, NoAugmentation)
    seen_first = warm.histories if warm.as_new is None else warm.as_new
    titles = titles_before(log, ground.catalogue, warm.now, warm.histories.users)
    classes = attributes_before(log, ground.catalogue, warm.now, warm.histories.users)
    categories = [as_text(classes.get_column(name)) for name in log.roles.item_categories]
    header = Header(
        coldcart=version("coldcart"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        question=ingested.question,
        dataset=config.names["dataset"],
        seed=config.seed,
        fit=fit,
        newest=newest_of(warm, fit),
        digest=log.digest,
        components={group: chosen(config, group) for group in IN_HEADER},
    )
    Model(
        header=header,
        items=ItemVocabulary.of(log, ground.catalogue, titles, pl.DataFrame(categories) if categories else None),
        encoder=ground.users,
        times=TimeReader(log.roles.has_times, log.roles.has_hours, ingested.time_zone),
        kinds=kinds_of(ingested.kinds, seen_first.weights),
        recommender=recommender,
        popularity=popularity,
        augmentation=config.augmentation if virtual else None,
        generator=generator if virtual else None,
        hybrid=hybrid,
        customers=Customers.of(log, ground.training),
    ).save(folder, replace=True)


def newest_of(warm: Warm, fit: Literal["refit", "evaluation"]) -> int | None:
    """The newest moment that a fit saw, in microseconds: of a refit the log's last, whatever was touched then."""
    if warm.histories.times is None:
        return None
    if fit == "refit" and warm.now is not None:
        return warm.now - 1
    return int(warm.histories.times.max())


def kinds_of(rules: KindRules | None, first_touches: NDArray[np.float32]) -> EventKinds:
    """What a model keeps of the kinds of events.

    Args:
        rules: What was said of them; None for nothing.
        first_touches: float32 (N,), weights of what was first touched.

    """
    usual = usual_weight(first_touches)
    return EventKinds(usual=usual) if rules is None else EventKinds(dict(rules.weights), usual, rules.unknown)


def chosen(config: RunConfig, group: str) -> ComponentChoice:
    """The option of a group by its name and settings, as the run resolved them."""
    settings = {key: value for key, value in config.plain[group].items() if key != "_target_"}
    return ComponentChoice(config.names[group], settings)


def load_model(folder: Path) -> Model:
    """Read a model folder.

    Raises:
        ModelError: The folder holds no model, a damaged one, or one of another version.

    """
    return Model.load(
        folder,
        build=load_component,
        load_generator=lambda part: TrainedGenerator.load(part, build_component),
    )
