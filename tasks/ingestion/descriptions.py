"""Features of users and items: read off the log, or off tables beside it."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import Column
from tasks.ingestion.attributes import at_first_event, distinct_over_time, known_before
from tasks.ingestion.identifiers import Coded
from tasks.ingestion.raw import RawLog
from tasks.ingestion.schema import describe_files


def features_of_users(
    raw: RawLog,
    bought: pl.DataFrame,
    users: Coded,
    order: NDArray[np.int64],
    by_user: NDArray[np.int32],
    same: NDArray[np.bool_],
) -> list[pl.Series]:
    """The features that ``raw.roles`` names, one value per user: at the first event, or from the table of users.

    Args:
        raw: The log.
        bought: Its kept rows.
        users: Their users.
        order: Positions of the rows by user, then time.
        by_user: The user at each place of the order.
        same: Whether the row at that place is a duplicate of the one before.

    """
    names = (*raw.roles.user_categories, *raw.roles.user_numbers)
    in_log = [name for name in names if name in bought.columns]
    elsewhere = [name for name in names if name not in bought.columns]
    seen = at_first_event(bought, in_log, order, by_user, same) if in_log else []
    table = f"user_features of {describe_files(raw)}"
    known = known_before(users.values, raw.user_features, Column.USER_ID, elsewhere, table)
    found = {column.name: column for column in (*seen, *known)}
    return [found[name] for name in names]


def item_attributes(raw: RawLog, bought: pl.DataFrame, items: Coded, users: Coded | None = None) -> pl.DataFrame:
    """``EventLog.item_attributes``: values seen in the log, with the table's beside them.

    Where the log itself says nothing of items, the values of the table are known from before it, whoever the users are.

    Args:
        raw: The log.
        bought: Its kept rows.
        items: Their items.
        users: Their users, where it is to be kept in whose rows the values stand.

    """
    text = (raw.roles.item_text,) if raw.roles.item_text else ()
    names = (*raw.roles.item_categories, *raw.roles.item_numbers, *text)
    in_log = [name for name in names if name in bought.columns]
    elsewhere = [name for name in names if name not in bought.columns]
    table = f"item_features of {describe_files(raw)}"
    known = known_before(items.values, raw.item_features, Column.ITEM_ID, elsewhere, table)
    numbers = pl.Series(Column.ITEM, np.arange(len(items.values)), dtype=pl.Int32)
    found = pl.DataFrame([numbers, *known])
    if in_log:
        seen = distinct_over_time(bought, in_log, items.codes, None if users is None else users.codes)
        found = seen.join(found, on=Column.ITEM, how="left", maintain_order="left")
    else:
        found = found.with_columns(pl.lit(None, pl.Int64).alias(Column.FIRST_SEEN))
    says_something = pl.any_horizontal(pl.col(names).is_not_null()) if names else pl.lit(False)
    owner = [Column.USER] if Column.USER in found.columns else []
    return found.select(Column.ITEM, *owner, *names, Column.FIRST_SEEN).filter(says_something)
