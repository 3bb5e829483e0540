"""Batch recommendations: a model, users it has never seen, and their few events. Nothing is trained."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tasks.domain import OUTSIDE, Column, Evidence
from tasks.errors import DataError
from tasks.features.identity import as_text
from tasks.model_format import Model
from tasks.runs import Home
from tasks.stages.requests import RecommendSettings, Requests
from tasks.stages.ship import load_model
from tasks.stages.tables import write_table
from tasks.tracking.references import resolve_model

logger = logging.getLogger(__name__)

EVIDENCE = tuple(evidence.name.lower() for evidence in Evidence)


@dataclass(frozen=True, slots=True)
class Recommended:
    """What came out.

    Attributes:
        model: What the model says of itself: question, data set, kind of fit.
        users: Users with a list.
        zero_shots: Those among them without an event the model can use.
        k: Items per list.
        evidence: Share of the recommended items per kind of evidence, 0 … 1.
        events: Events read.
        unknown: Events that name items unknown to the model, which were ignored.
        unknown_kinds: Events of kinds unknown to the model, which were ignored, too.
        left_out: Events of kinds of weight 0.
        output: The file with the lists.

    """

    model: str
    users: int
    zero_shots: int
    k: int
    evidence: Mapping[str, float]
    events: int
    unknown: int
    unknown_kinds: int
    left_out: int
    output: str


def find_model(settings: RecommendSettings, home: Home) -> Model:
    """The model that a reference names, from its own folder: MLflow only says where that is.

    Raises:
        ModelError: There is no such model, or it cannot be read.
        TrackingError: The store does not answer.

    """
    folder = resolve_model(settings.model, settings.tracking, home)
    model = load_model(folder)
    logger.info("%s: %s", settings.model, describe(model))
    if model.header.fit == "evaluation":
        logger.warning("This model was fitted for an evaluation, without the newest users (refit=false).")
    return model


def describe(model: Model) -> str:
    """A model in a few words."""
    header = model.header
    fitted = "everything" if header.fit == "refit" else "the warm users of an evaluation"
    return f"{header.dataset}, {len(model.items):,} items, fitted on {fitted}, ranks for {header.question}"


def rank(model: Model, requests: Requests, settings: RecommendSettings) -> Recommended:
    """Rank items for every user and write the lists.

    Raises:
        DataError: Times or kinds of events cannot be read, there is no user, k is too large, or the output cannot be
            written.

    """
    try:
        lists = model.recommend(requests.events, requests.users, requests.user_features, settings.k)
    except DataError as error:
        raise DataError(f"{settings.events}: {error}") from error
    output = Path(settings.output).expanduser()
    write_table(lists, output)
    logger.info("%d users, %d items each: %s", lists.height // settings.k, settings.k, output)
    # A row without a user is no event of anybody.
    events = requests.events.filter(as_text(requests.events.get_column(Column.USER_ID)).is_not_null())
    counting = events.filter(pl.Series(model.kinds.weigh(events) > 0))
    known = counting.filter(model.items.rows_of(counting.get_column(Column.ITEM_ID)) != OUTSIDE)
    unknown_kinds = len(model.kinds.unknown_in(events))
    users = lists.height // settings.k
    shares = lists.get_column("evidence").value_counts(normalize=True)
    found = dict(zip(shares.get_column("evidence"), shares.get_column("proportion"), strict=True))
    return Recommended(
        model=describe(model),
        users=users,
        zero_shots=users - as_text(known.get_column(Column.USER_ID)).n_unique(),
        k=settings.k,
        evidence={name: float(found.get(name, 0.0)) for name in EVIDENCE},
        events=events.height,
        unknown=counting.height - known.height,
        unknown_kinds=unknown_kinds,
        left_out=events.height - counting.height - unknown_kinds,
        output=str(output.absolute()),
    )
