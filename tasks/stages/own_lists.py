"""A file of somebody's own recommendations, read and checked before anything is measured."""

import logging
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import OUTSIDE, Column, Posed, Ragged
from tasks.errors import DataError
from tasks.evaluation.own_lists import OwnLists
from tasks.features.identity import as_text
from tasks.ingestion.pseudonyms import Privacy
from tasks.model_format import ItemVocabulary
from tasks.splitting import id_hashes
from tasks.stages.tables import read_table

logger = logging.getLogger(__name__)

SETTING = "recommendations"
RANK, SHOTS = "rank", "shots"
_KNOWN_SHOTS = ("0", "1", "3", "5", "10", "all")
_USER, _CODE = "user", "code"


def read_own_lists(
    name: str, items: ItemVocabulary, posed: Sequence[Posed], privacy: Privacy | None = None
) -> dict[str, OwnLists]:
    """Read somebody's own recommendations for the users a question is posed to.

    The file has a row per recommended item: user_id and item_id as in the log, rank (1 is best; only the order counts)
    and, where lists differ by how much of a user is known, shots: 0, 1, 3, 5, 10 or all. Without that column a user's
    list stands for every number of shots.

    Args:
        name: CSV or Parquet file.
        items: The catalogue.
        posed: A question at each of its numbers of shots.
        privacy: How the log's user ids became pseudonyms, if they did: the file has the shop's own ids.

    Returns:
        A ranker per number of shots, by ``Posed.shots_name``.

    Raises:
        DataError: The file cannot be used; the message names the column and, where there is one, the row (the first
            below the header is row 1).

    """
    table = read_table(name, SETTING, [Column.USER_ID, RANK, Column.ITEM_ID], [SHOTS])
    if table.is_empty():
        raise DataError(f"{name}: expected recommendations, found no rows below the header")
    has_shots = SHOTS in table.columns
    checked = [_ids(table, Column.USER_ID, name), _ids(table, Column.ITEM_ID, name), _ranks(table, name)]
    table = pl.DataFrame([*checked, *([_shots(table, name)] if has_shots else [])])
    lists = table.with_columns(
        pl.Series(_USER, _hashes(table.get_column(Column.USER_ID), privacy or Privacy())),
        pl.Series(_CODE, items.rows_of(table.get_column(Column.ITEM_ID))),
    )
    _check_lists(lists, [Column.USER_ID, SHOTS] if has_shots else [Column.USER_ID], name)
    _count_strangers(lists, posed, name)
    # One order for all: within every number of shots, users stand by their number, and items by rank.
    lists = lists.sort(_USER, RANK)
    return {one.shots_name: _at_shots(lists, one, len(items), name) for one in posed}


def _at_shots(lists: pl.DataFrame, posed: Posed, n_items: int, name: str) -> OwnLists:
    shots = posed.shots_name.removeprefix("shots_")
    if SHOTS in lists.columns:
        found = lists.get_column(SHOTS).unique().sort().to_list()
        lists = lists.filter(pl.col(SHOTS) == shots)
        if lists.is_empty():
            raise DataError(
                f"{name}: expected lists for {SHOTS}={shots}, at which {posed.question} is posed, too; found {SHOTS} "
                f"{', '.join(found)}. Add those rows, or leave the column out: then each list stands for all"
            )
    numbers = lists.get_column(_USER).to_numpy()
    own = lists.filter(pl.Series(np.isin(numbers, posed.users.ids), dtype=pl.Boolean))
    users, lengths = np.unique(own.get_column(_USER).to_numpy(), return_counts=True)
    missing = int(np.count_nonzero(~np.isin(posed.users.ids, users)))
    if missing:
        logger.warning(
            "%s: no list for %d of %d users of %s at %s=%s; nothing is found for them",
            name, missing, len(posed.users), posed.question, SHOTS, shots,
        )  # fmt: skip
    codes = own.get_column(_CODE).to_numpy().astype(np.int32)
    outside = int(np.count_nonzero(codes == OUTSIDE))
    if outside:
        logger.info(
            "%s: %d of %d items listed at %s=%s lie outside the catalogue; they count as misses",
            name, outside, len(codes), SHOTS, shots,
        )  # fmt: skip
    return OwnLists(n_items, users, Ragged.from_lengths(lengths), codes)


def _count_strangers(lists: pl.DataFrame, posed: Sequence[Posed], name: str) -> None:
    """Users who are not asked are left out; where nobody is left, ids do not fit."""
    asked = np.concatenate([one.users.ids for one in posed])
    listed = lists.unique(_USER, keep="first", maintain_order=True)
    stranger = ~np.isin(listed.get_column(_USER).to_numpy(), asked)
    if stranger.all():
        raise DataError(
            f"{name}: column {Column.USER_ID!r} names {len(stranger)} users, for example "
            f"{listed.get_column(Column.USER_ID)[0]!r}, and none of them is asked. Expected new users, under their "
            "ids in the log (leading zeros included)"
        )
    if stranger.any():
        logger.warning("%s: %d of %d users are not asked; their lists are ignored", name, stranger.sum(), len(stranger))


def _ids(table: pl.DataFrame, column: str, name: str) -> pl.Series:
    ids = as_text(table.get_column(column))
    _refuse(ids.is_null(), table, column, "an id", name)
    return ids


def _ranks(table: pl.DataFrame, name: str) -> pl.Series:
    ranks = as_text(table.get_column(RANK)).cast(pl.Int64, strict=False)
    _refuse((ranks.fill_null(0) < 1), table, RANK, "a whole number from 1 on", name)
    return ranks


def _shots(table: pl.DataFrame, name: str) -> pl.Series:
    shots = as_text(table.get_column(SHOTS))
    wrong = ~shots.is_in(_KNOWN_SHOTS).fill_null(False)
    _refuse(wrong, table, SHOTS, f"one of {', '.join(_KNOWN_SHOTS)}", name)
    return shots


def _refuse(wrong: pl.Series, table: pl.DataFrame, column: str, expected: str, name: str) -> None:
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        found = table.get_column(column)[row]
        raise DataError(
            f"{name}: expected column {column!r} to hold {expected}, found {found!r} in row {row + 1} "
            f"({int(wrong.sum())} such rows). Correct them"
        )


def _check_lists(lists: pl.DataFrame, keys: list[str], name: str) -> None:
    """Within a list every rank and every item stands once."""
    # Ids that the catalogue reads as one item (7 and 007 of whole numbers) are one item here.
    item = pl.when(pl.col(_CODE) == OUTSIDE).then(pl.col(Column.ITEM_ID)).otherwise(pl.lit(None))
    for column, by in ((RANK, [pl.col(RANK)]), (Column.ITEM_ID, [pl.col(_CODE), item.alias("outside")])):
        again = ~lists.select(*keys, *by).select(pl.struct(pl.all()).is_first_distinct()).to_series()
        if again.any():
            row = int(again.arg_max() or 0)
            at = ", ".join(f"{key} {lists.get_column(key)[row]!r}" for key in keys)
            raise DataError(
                f"{name}: expected each {column} once in a list, found {lists.get_column(column)[row]!r} again in row "
                f"{row + 1} ({at}; {int(again.sum())} such rows). Keep one of them"
            )


def _hashes(ids: pl.Series, privacy: Privacy) -> NDArray[np.uint64]:
    """Stable numbers of users as in ``NewUsers.ids``; each distinct id is hashed once."""
    distinct = ids.unique()
    numbered = pl.DataFrame([distinct.alias("id"), pl.Series("hash", id_hashes(privacy.pseudonyms(distinct)))])
    found = ids.alias("id").to_frame().join(numbered, on="id", how="left", maintain_order="left")
    return found.get_column("hash").to_numpy()
