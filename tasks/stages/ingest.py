"""From a raw log to a cleaned one, with the fences that may only see rows of warm users before their cut."""

from dataclasses import dataclass

from tasks.config import RunConfig
from tasks.domain import EventLog
from tasks.errors import ConfigError
from tasks.ingestion.ingest import apply_fences, ingest
from tasks.ingestion.kinds import KindRules
from tasks.ingestion.quality import QualityReport
from tasks.ingestion.raw import RawLog
from tasks.splitting import Resolved, UserHoldoutSplit, resolve, warm_rows
from tasks.splitting.definitions import QUESTIONS
from tasks.training.clock import Clock


@dataclass(frozen=True, slots=True)
class Ingested:
    """A cleaned log and how it will be split.

    Attributes:
        log: The cleaned log, after the fences.
        resolved: Split, questions and cuts, and why they are not the ones asked for.
        quality: Rows in, dropped or repaired by rule, rows out.
        clock: How its times become a calendar.
        time_zone: IANA name of the shop's time zone.
        kinds: What is said of the kinds of events; None where all count alike.
        name: Name of the data set.

    """

    log: EventLog
    resolved: Resolved
    quality: QualityReport
    clock: Clock
    time_zone: str
    kinds: KindRules | None
    name: str

    @property
    def question(self) -> str:
        """What is asked of the model."""
        return self.resolved.questions[0]


def ingest_log(raw: RawLog, config: RunConfig) -> Ingested:
    """Clean a raw log and settle how it is split.

    Raises:
        DataError: The log cannot be used; the message names the file, the column and what to do.
        ConfigError: The data set cannot answer the question.

    """
    by_user = isinstance(config.split, UserHoldoutSplit)
    log, quality = _clean(raw, config, by_user)
    # A named data set comes with a considered split; anybody's log may be too short for it.
    fall_back = getattr(config.dataset, "falls_back", True)
    resolved = resolve(log, config.split, asked(config), fall_back=fall_back)
    if isinstance(resolved.settings, UserHoldoutSplit) and not by_user and log.item_attributes.height:
        log, quality = _clean(raw, config, by_user=True)
    past = warm_rows(log, resolved.settings, config.seed, resolved.cuts)
    log, fences = apply_fences(log, config.cleaning, past)
    quality = quality.with_rules(fences, users=log.users.height, items=log.items.height)
    clock = Clock(log.roles.has_hours, raw.time_zone)
    return Ingested(log, resolved, quality, clock, raw.time_zone, raw.kinds, raw.name)


def _clean(raw: RawLog, config: RunConfig, by_user: bool) -> tuple[EventLog, QualityReport]:
    return ingest(raw, config.cleaning, config.privacy, config.until, attributes_by_user=by_user)


def asked(config: RunConfig) -> tuple[str, ...]:
    """The questions of a run, the leading one first.

    Raises:
        ConfigError: The data set cannot answer the question.

    """
    own = tuple(config.dataset.questions)
    if config.question is None:
        return own
    if config.question not in own and config.question not in QUESTIONS:
        raise ConfigError(f"question: {config.names['dataset']} answers {', '.join(own)}, got {config.question!r}")
    return (config.question,)
