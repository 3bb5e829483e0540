"""From the champion's log and what came beside it to what fits stand on, and to users who judge."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, Histories, Population, Posed
from tasks.errors import LeakageError
from tasks.ingestion.ingest import apply_fences, ingest
from tasks.ingestion.raw import RawLog
from tasks.model_format import Model
from tasks.refresh.champion import Champion
from tasks.refresh.further import Further
from tasks.refresh.joined import joined, with_listed_items
from tasks.refresh.period import Period, period_of
from tasks.refresh.settings import RefreshSettings
from tasks.splitting import Cuts, Resolved, check_posed, newcomers, pose_all, rest_shots, user_ids, warm_of_everything
from tasks.splitting.cuts import log_end
from tasks.stages.ingest import Ingested
from tasks.stages.prepare import Ground, ground_of
from tasks.training.clock import Clock


@dataclass(frozen=True, slots=True)
class Collected:
    """Everything there is to learn from.

    Attributes:
        ingested: The cleaned log.
        period: What is new in it.
        listed: int32, rows of items that tables name.
        digest: sha256 of the log's files and of what came beside it.
        further: What came beside it.

    """

    ingested: Ingested
    period: Period
    listed: NDArray[np.int32]
    digest: str
    further: Further


def collect_events(raw: RawLog, more: Further, champion: Champion, settings: RefreshSettings) -> Collected:
    """Clean everything, and tell what is new.

    Fences of outliers are fitted to rows before T, as all else that a challenger is made of.

    Raises:
        DataError: The log cannot be used.
        ConfigError: T lies before the champion's newest event.

    """
    config, model = champion.config, champion.model
    raw = joined(raw, more, model.kinds)
    log, quality = ingest(raw, config.cleaning, config.privacy, None)
    period = period_of(log, champion.watermark, settings.cut)
    if period.cut is not None:
        log, fences = apply_fences(log, config.cleaning, log.events[Column.TIME].to_numpy() < period.cut)
        quality = quality.with_rules(fences, users=log.users.height, items=log.items.height)
    listed = np.zeros(0, dtype=np.int32)
    if settings.listed_items:
        log, listed = with_listed_items(log, raw, more.items)
    cuts = Cuts(period.cut, None, log_end(log))
    resolved = Resolved(config.split, (model.header.question,), cuts, None)
    clock = Clock(log.roles.has_hours, raw.time_zone)
    ingested = Ingested(log, resolved, quality, clock, raw.time_zone, raw.kinds, raw.name)
    return Collected(ingested, period, listed, ",".join(file.sha256 for file in raw.files), more)


def ground_until(collected: Collected, champion: Champion, until: int | None, max_shots: int | None) -> Ground:
    """What a fit stands on: all users and rows before a moment, or all of them; codes of users as the champion's.

    Args:
        collected: The log.
        champion: The champion.
        until: Microseconds since 1970-01-01 UTC; None for everything.
        max_shots: For ``rest``.

    """
    ingested, config = collected.ingested, champion.config
    warm, catalogue = warm_of_everything(
        ingested.log, ingested.resolved.settings, config.seed, until=until, listed=collected.listed
    )
    question, encoder = ingested.question, champion.model.encoder
    return ground_of(ingested, config, warm, catalogue, question, max_shots, warm.now, users=encoder)


def rows_in(model: Model, ids: pl.Series) -> NDArray[np.int32]:
    """Row of each item in the model's catalogue, ``OUTSIDE`` (−1) for one that it does not know."""
    return model.items.rows_of(ids)


@dataclass(frozen=True, slots=True)
class Judges:
    """Users whom neither model has seen.

    Attributes:
        cut: T.
        users: The users, their items as rows of the log.
        max_shots: For ``rest``.

    """

    cut: int
    users: Population
    max_shots: int | None

    def asked(self, collected: Collected, model: Model) -> tuple[Posed, ...]:
        """The model's question, posed over its own catalogue: targets outside it are counted, as misses.

        Raises:
            LeakageError: A question is not what it should be (a defect).

        """
        log = collected.ingested.log
        population = newcomers(log, self.cut, rows_in(model, log.items[Column.ITEM_ID]))
        posed = pose_all(
            model.header.question,
            population.histories,
            model.encoder.transform(population.users),
            n_items=len(model.items),
            ids=user_ids(population.users),
            max_shots=self.max_shots,
        )
        check_posed(posed)
        return posed


def judges_of(collected: Collected, champion: Champion) -> Judges:
    """Users first seen at T or later.

    Raises:
        LeakageError: The champion saw one of them (a defect).

    """
    cut = collected.period.cut
    assert cut is not None
    log = collected.ingested.log
    users = newcomers(log, cut, np.arange(log.items.height, dtype=np.int32))
    check_unseen(users.histories, cut, collected.period.watermark)
    if champion.model.customers is not None:
        known = champion.model.customers.ids.implode()
        seen = int(users.users[Column.USER_ID].cast(pl.String).is_in(known).sum())
        if seen:
            raise LeakageError(
                f"the champion was fitted on {seen} of the users who are to judge it: a defect, report it"
            )
    question = champion.model.header.question
    return Judges(cut, users, rest_shots(users.histories) if question == "rest" else None)


def check_unseen(histories: Histories, cut: int, watermark: int) -> None:
    """Nothing of the users who judge lies before T, and T lies after all that the champion saw.

    Raises:
        LeakageError: Otherwise.

    """
    if cut <= watermark:
        raise LeakageError(f"T, {cut} µs, does not lie after the champion's newest event, {watermark} µs")
    if histories.times is not None and len(histories.times) and int(histories.times.min()) < cut:
        raise LeakageError(f"users who judge hold an event of {int(histories.times.min())} µs, before T, {cut} µs")


def with_judges_only(posed: Posed, kept: NDArray[np.bool_]) -> Posed:
    """The question for some of the users, mask (U,)."""
    return replace(
        posed,
        population=posed.population[kept],
        users=posed.users.select(kept),
        targets=posed.targets[np.flatnonzero(kept)],
        outside_targets=posed.outside_targets[kept],
        outside_support=posed.outside_support[kept],
    )
