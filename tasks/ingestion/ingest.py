"""From a raw log to a clean one: checked, cleaned, counted, numbered."""

import datetime
import hashlib
import logging
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column, EventLog
from tasks.errors import ConfigError, DataError
from tasks.ingestion.assembly import assemble
from tasks.ingestion.cleaning import CleaningRules, apply_fences
from tasks.ingestion.cleaning.rows import REASON, amounts, clock, is_cancellation, reason, row_rules
from tasks.ingestion.kinds import refuse_unknown
from tasks.ingestion.pseudonyms import Privacy
from tasks.ingestion.quality import QualityReport, RuleCount, iso
from tasks.ingestion.raw import CANCELLATION, RawLog
from tasks.ingestion.schema import check_schema, collect, describe_files

__all__ = ["apply_fences", "digest_of", "ingest"]

logger = logging.getLogger(__name__)


def ingest(
    raw: RawLog,
    rules: CleaningRules,
    privacy: Privacy,
    until: str | None = None,
    *,
    attributes_by_user: bool = False,
) -> tuple[EventLog, QualityReport]:
    """Check, clean and number a log.

    Every rule looks at one row, or at rows of one user, whatever the cut: nothing is fitted here. The result does not
    depend on the order of the rows. Outlier fences are fitted on the past and applied after the cuts are known
    (``apply_fences``).

    Args:
        raw: The log as its source hands it on.
        rules: What is cleaned.
        privacy: Whether user ids become pseudonyms.
        until: A day, ISO 8601, in the shop's time zone: rows of this day and later are not seen.
        attributes_by_user: Keep in whose rows the attributes of items stand, for a split that holds out users: then no
            time tells which values may be seen.

    Raises:
        DataError: The log cannot be read, is not what its source promised, or nothing of it is left.
        ConfigError: ``until`` is no day, or pseudonyms are wanted without a key.

    """
    check_schema(raw)
    schema = raw.rows.collect_schema()
    charged = row_rules(raw, schema, rules, _day(until))
    rows = _read(raw, schema, rules, charged)
    if rows.height == 0:
        raise DataError(f"{describe_files(raw)} holds no rows: name a file with at least one event")
    dropped = _charges(rows[REASON], len(charged))
    counts = [RuleCount(name, int(number)) for (name, _), number in zip(charged, dropped, strict=True)]
    if raw.kinds is not None and raw.kinds.unknown == "error":
        place = [name for name, _ in charged].index("unknown_kind") + 1
        refuse_unknown(rows.filter(pl.col(REASON) == place)[Column.KIND], describe_files(raw))
    _refuse(raw, rules, counts, rows.height)
    kept = rows.filter(pl.col(REASON) == 0) if dropped.any() else rows
    if CANCELLATION in kept.columns and kept[CANCELLATION].all():
        counts.append(RuleCount("cancellation", kept.height))
        raise DataError(_nothing_left(raw, rows.height, counts))
    assembled, later = assemble(raw, kept, rules, privacy, digest_of(raw), attributes_by_user=attributes_by_user)
    counts += later
    if assembled.events.height == 0:
        raise DataError(_nothing_left(raw, rows.height, counts))
    report = _report(raw, assembled, rows.height, tuple(counts))
    logger.info(
        "%s: %s rows in, %s dropped, %s out; %s users, %s items",
        raw.name,
        *(f"{n:,}" for n in (report.rows_in, report.rows_dropped, report.rows_out, report.users, report.items)),
    )
    for rule in counts:
        if rule.dropped or rule.repaired:
            logger.info("%s: %s dropped, %s repaired", rule.rule, f"{rule.dropped:,}", f"{rule.repaired:,}")
    return assembled, report


def digest_of(raw: RawLog) -> str:
    """sha256 over the digests of the source files, hex; names and places of the files do not matter."""
    return hashlib.sha256("\n".join(sorted(file.sha256 for file in raw.files)).encode()).hexdigest()


def _read(
    raw: RawLog, schema: pl.Schema, rules: CleaningRules, charged: tuple[tuple[str, pl.Expr], ...]
) -> pl.DataFrame:
    """The one pass over the files: what the clean log needs, and for each row the rule that drops it."""
    roles = raw.roles
    attributes = (*roles.user_categories, *roles.user_numbers, *roles.item_categories, *roles.item_numbers)
    wanted = [Column.USER_ID, Column.ITEM_ID, Column.VISIT_ID, Column.KIND, Column.QUANTITY, Column.PRICE]
    wanted += [*attributes, *([roles.item_text] if roles.item_text else [])]
    derived = [*amounts(schema), *(clock(schema, raw.time_zone) if roles.has_times else ())]
    cancellation = is_cancellation(schema, rules)
    flags = [reason(charged), *([] if cancellation is None else [cancellation.alias(CANCELLATION)])]
    names = dict.fromkeys(name for name in wanted if name in schema)
    kept = [*names, *(expression.meta.output_name() for expression in derived + flags)]
    read = raw.rows.with_columns(derived).with_columns(flags).select(list(dict.fromkeys(kept)))
    return collect(read, describe_files(raw))


def _charges(reasons: pl.Series, rules: int) -> NDArray[np.int64]:
    """Rows that each rule drops, (rules,)."""
    if reasons.max() == 0:  # a clean log, at a fraction of the cost
        return np.zeros(rules, dtype=np.int64)
    return np.bincount(reasons.to_numpy(), minlength=rules + 1)[1:]


def _refuse(raw: RawLog, rules: CleaningRules, counts: Sequence[RuleCount], rows: int) -> None:
    """Stop at what no rule should pass over in silence."""
    by_name = {count.rule: count.dropped for count in counts}
    for rule, column in (("missing_user", Column.USER_ID), ("missing_item", Column.ITEM_ID)):
        if rules.missing_ids == "error" and by_name[rule]:
            raise DataError(
                f"{describe_files(raw)}: expected a value in every row of column {column!r}, {by_name[rule]:,} of "
                f"{rows:,} rows have none. Fill them in, or set cleaning.missing_ids=drop"
            )
    if sum(by_name.values()) == rows:
        raise DataError(_nothing_left(raw, rows, counts))


def _nothing_left(raw: RawLog, rows: int, counts: Sequence[RuleCount]) -> str:
    reasons = ", ".join(f"{count.dropped:,} by {count.rule}" for count in counts if count.dropped)
    return (
        f"{describe_files(raw)}: cleaning left none of {rows:,} rows ({reasons}). Check how the columns are "
        "mapped and written, or relax the rules under cleaning"
    )


def _report(raw: RawLog, log: EventLog, rows_in: int, counts: tuple[RuleCount, ...]) -> QualityReport:
    users = log.events[Column.USER].to_numpy()  # sorted: the lengths of the runs are the events per user
    per_user = np.diff(np.flatnonzero(users[1:] != users[:-1]), prepend=-1, append=len(users) - 1)
    per_item = np.bincount(log.events[Column.ITEM].to_numpy())
    times = log.events[Column.TIME] if log.roles.has_times else None
    return QualityReport(
        name=raw.name,
        digest=log.digest,
        rows_in=rows_in,
        rules=counts,
        rows_out=log.events.height,
        users=log.users.height,
        items=log.items.height,
        users_with_one_event=int((per_user == 1).sum()),
        items_seen_once=int((per_item == 1).sum()),
        first_time=None if times is None else iso(int(times.min())),  # type: ignore[arg-type]
        last_time=None if times is None else iso(int(times.max())),  # type: ignore[arg-type]
    )


def _day(until: str | None) -> datetime.date | None:
    if until is None:
        return None
    try:
        return datetime.date.fromisoformat(str(until))
    except ValueError as error:
        raise ConfigError(f"dataset.until: expected a day like 2001-01-31, got {until!r}") from error
