"""Somebody's own lists: read from a file, and held against what was to be found."""

import dataclasses
import logging
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from tasks.domain import NO_ITEM, OUTSIDE, Evidence, NewUsers, Posed, Ragged, UserFeatures
from tasks.errors import DataError
from tasks.evaluation.evaluate import evaluate
from tasks.evaluation.hits import Hits
from tasks.evaluation.methods import Method
from tasks.evaluation.metrics import ItemPopularity
from tasks.evaluation.metrics.coverage import Coverage
from tasks.evaluation.metrics.ndcg import Ndcg
from tasks.evaluation.own_lists import OwnLists
from tasks.ingestion.pseudonyms import Privacy
from tasks.model_format import ItemVocabulary
from tasks.splitting import id_hashes
from tasks.stages.own_lists import read_own_lists
from tests.evaluation.lists import targets_of

CATALOGUE = ItemVocabulary(pl.Series("item_id", ["a", "b", "c", "d", "e", "f"]))
NAMES = pl.Series("user_id", ["ann", "bob", "cy"])


def users_of(supports: list[list[int]], ids: np.ndarray) -> NewUsers:
    items = np.array([item for support in supports for item in support], dtype=np.int32)
    return NewUsers(
        rows=Ragged.from_lengths(np.array([len(support) for support in supports])),
        items=items,
        times=None,
        weights=np.ones(len(items), dtype=np.float32),
        features=UserFeatures.none(len(supports)),
        now=None,
        ids=ids,
    )


def posed_at(shots: int | None, supports: list[list[int]], names: pl.Series = NAMES) -> Posed:
    nothing = np.zeros(len(supports), dtype=np.int64)
    targets = targets_of([[5] for _ in supports], 6)
    return Posed("next_visits", shots, nothing, users_of(supports, id_hashes(names)), targets, nothing, nothing)


POSED = (posed_at(0, [[], [], []]), posed_at(1, [[0], [1], [2]]), posed_at(None, [[0, 3], [1], [2, 4, 5]]))


def lists(rows: list[list[int]], n_items: int = 6) -> OwnLists:
    """Lists of users 0, 1, 2, …"""
    items = np.array([item for row in rows for item in row], dtype=np.int32)
    rows_of = Ragged.from_lengths(np.array([len(row) for row in rows], dtype=np.int64))
    return OwnLists(n_items, np.arange(len(rows), dtype=np.uint64), rows_of, items)


def numbered(supports: list[list[int]], first: int = 0) -> NewUsers:
    return users_of(supports, np.arange(first, first + len(supports), dtype=np.uint64))


def test_lists_are_given_out_as_they_are_and_cut_at_k() -> None:
    top = lists([[3, 1, 2], [5]]).top_k(numbered([[], []]), 2)
    assert top.ids.tolist() == [[3, 1], [5, NO_ITEM]]
    assert top.scores.tolist() == [[0, -1], [0, -np.inf]]
    assert top.evidence.tolist() == [[Evidence.REAL] * 2, [Evidence.REAL, Evidence.POPULARITY]]
    assert (top.ids.dtype, top.scores.dtype, top.evidence.dtype) == (np.int32, np.float32, np.uint8)


def test_support_items_are_left_out_and_what_follows_moves_up() -> None:
    users = numbered([[3], [0]])
    assert lists([[3, 1, 2], [5, 0]]).top_k(users, 2).ids.tolist() == [[1, 2], [5, NO_ITEM]]
    assert lists([[3, 1, 2], [5, 0]]).top_k(users, 2, mask_support=False).ids.tolist() == [[3, 1], [5, 0]]


def test_items_outside_the_catalogue_keep_their_place_as_misses() -> None:
    top = lists([[OUTSIDE, 1, OUTSIDE, 2]]).top_k(numbered([[1]]), 3)
    assert top.ids.tolist() == [[NO_ITEM, NO_ITEM, 2]]
    assert top.scores.tolist() == [[0, -1, -2]]
    assert Hits.of(top.ids, targets_of([[2]], 6)).first.tolist() == [2]


def test_users_are_found_by_their_number_and_others_have_no_list() -> None:
    own = OwnLists(6, np.array([4, 9], dtype=np.uint64), Ragged.from_lengths(np.array([1, 2])), np.array([5, 0, 1]))
    users = users_of([[], [], [], []], np.array([9, 3, 4, 10], dtype=np.uint64))
    assert own.top_k(users, 2).ids.tolist() == [[0, 1], [NO_ITEM] * 2, [5, NO_ITEM], [NO_ITEM] * 2]
    nobody = OwnLists(6, np.zeros(0, np.uint64), Ragged.from_lengths(np.zeros(0, np.int64)), np.zeros(0, np.int32))
    assert (nobody.top_k(users, 2).ids == NO_ITEM).all()


def test_filters_hold_here_too() -> None:
    own, users = lists([[OUTSIDE, 1, 2, 3]]), numbered([[]])
    mask = np.array([False, True, False, True, False, False])
    assert own.top_k(users, 3, exclude=mask).ids.tolist() == [[NO_ITEM, 2, NO_ITEM]]
    assert own.top_k(users, 3, allow=mask).ids.tolist() == [[1, 3, NO_ITEM]]
    assert own.top_k(users, 3, allow=mask, exclude=np.arange(6) == 1).ids.tolist() == [[3, NO_ITEM, NO_ITEM]]
    with pytest.raises(ValueError, match=r"exclude must be bool \(6,\)"):
        own.top_k(users, 3, exclude=np.zeros(5, dtype=np.bool_))
    with pytest.raises(ValueError, match="k must be at least 1"):
        own.top_k(users, 0)


RANKED = st.lists(st.permutations([OUTSIDE, 0, 1, 2, 3, 4, 5]).flatmap(lambda row: st.integers(0, 7).map(
    lambda length: row[:length])), min_size=1, max_size=5)  # fmt: skip


@given(RANKED, st.integers(1, 8), st.data())
def test_any_lists_agree_with_a_loop_over_them(rows: list[list[int]], k: int, data: st.DataObject) -> None:
    supports = [data.draw(st.lists(st.integers(0, 5), max_size=4, unique=True)) for _ in rows]
    top = lists(rows).top_k(numbered(supports), k)
    for row, support, found in zip(rows, supports, top.ids.tolist(), strict=True):
        expected = [item for item in row if item not in support][:k]
        assert found == expected + [NO_ITEM] * (k - len(expected))
    assert (top.scores[:, 1:] <= top.scores[:, :-1]).all()


@pytest.mark.parametrize(
    ("users", "lengths", "items", "message"),
    [
        ([2, 1], [1, 1], [0, 1], "ascend"),
        ([1, 1], [1, 1], [0, 1], "distinct"),
        ([1, 2], [2], [0, 1], "expected 2 lists"),
        ([1, 2], [1, 1], [0], "1 items"),
        ([1], [1], [6], "below 6"),
        ([1], [1], [-2], "below 6"),
    ],
)
def test_lists_that_do_not_fit_are_refused(users: list, lengths: list, items: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OwnLists(
            6,
            np.array(users, dtype=np.uint64),
            Ragged.from_lengths(np.array(lengths)),
            np.array(items, dtype=np.int32),
        )


def written(folder: Path, text: str) -> str:
    path = folder / "own.csv"
    path.write_text(text)
    return str(path)


def read(folder: Path, text: str, posed: tuple[Posed, ...] = POSED) -> list[list[list[int]]]:
    """Lists of three per number of shots and user."""
    found = read_own_lists(written(folder, text), CATALOGUE, posed)
    assert list(found) == [one.shots_name for one in posed]
    return [found[one.shots_name].top_k(one.users, 3).ids.tolist() for one in posed]


def test_without_shots_a_list_stands_for_every_number_of_them(tmp_path: Path) -> None:
    text = "user_id,rank,item_id\nann,2,b\nann,1,a\nbob,1,f\ncy,10,c\ncy,30,d\n"
    at_0, at_1, at_all = read(tmp_path, text)
    assert at_0 == [[0, 1, NO_ITEM], [5, NO_ITEM, NO_ITEM], [2, 3, NO_ITEM]]
    assert at_1 == [[1, NO_ITEM, NO_ITEM], [5, NO_ITEM, NO_ITEM], [3, NO_ITEM, NO_ITEM]]
    assert at_all == [[1, NO_ITEM, NO_ITEM], [5, NO_ITEM, NO_ITEM], [3, NO_ITEM, NO_ITEM]]


def test_with_shots_each_number_has_its_own(tmp_path: Path) -> None:
    text = "item_id,user_id,shots,rank,more\na,ann,0,1,x\nb,ann,1,1,x\nc,ann,all,1,x\nd,bob,1,1,x\nx,ann,all,2,x\n"
    at_0, at_1, at_all = read(tmp_path, text)
    nothing = [NO_ITEM] * 3
    assert at_0 == [[0, NO_ITEM, NO_ITEM], nothing, nothing]
    assert at_1 == [[1, NO_ITEM, NO_ITEM], [3, NO_ITEM, NO_ITEM], nothing]
    assert at_all == [[2, NO_ITEM, NO_ITEM], nothing, nothing]


def test_more_numbers_of_shots_than_are_asked_for_are_no_error(tmp_path: Path) -> None:
    text = "user_id,rank,item_id,shots\nann,1,b,0\nann,1,c,10\n"
    assert read(tmp_path, text, POSED[:1]) == [[[1, NO_ITEM, NO_ITEM], [NO_ITEM] * 3, [NO_ITEM] * 3]]


def test_ids_that_are_numbers_are_the_ids_that_are_text(tmp_path: Path) -> None:
    names, catalogue = pl.Series("user_id", [7, 8, 9]), ItemVocabulary(pl.Series("item_id", [70, 80, 90, 1, 2, 3]))
    posed = posed_at(0, [[], [], []], names)
    tables: dict[str, dict[str, list]] = {
        "text.parquet": {"user_id": ["7", " 8 "], "rank": ["1", "1"], "item_id": ["70", "080"], "shots": ["0", "0"]},
        "whole.parquet": {"user_id": [7, 8], "rank": [1, 1], "item_id": [70, 80], "shots": [0, 0]},
        "floats.parquet": {"user_id": [7.0, 8.0], "rank": [1.0, 1.0], "item_id": [70.0, 80.0], "shots": [0.0, 0.0]},
    }
    for file, columns in tables.items():
        pl.DataFrame(columns).write_parquet(tmp_path / file)
        found = read_own_lists(str(tmp_path / file), catalogue, [posed])["shots_0"].top_k(posed.users, 1)
        assert found.ids.tolist() == [[0], [1], [NO_ITEM]], file


def test_users_with_pseudonyms_are_named_by_the_shops_own_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDCART_PSEUDONYM_KEY", "0123456789abcdef")
    privacy = Privacy(pseudonymise=True)
    posed = posed_at(0, [[], [], []], privacy.pseudonyms(NAMES))
    name = written(tmp_path, "user_id,rank,item_id\nbob,1,b\n")
    found = read_own_lists(name, CATALOGUE, [posed], privacy)["shots_0"].top_k(posed.users, 1)
    assert found.ids.tolist() == [[NO_ITEM], [1], [NO_ITEM]]


def test_what_is_missing_or_ignored_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="tasks.stages.own_lists"):
        read(tmp_path, "user_id,rank,item_id\nann,1,x\nann,2,a\nzoe,1,b\nyan,1,b\n", POSED[:1])
    assert "2 of 3 users are not asked" in caplog.text
    assert "no list for 2 of 3 users of next_visits at shots=0" in caplog.text
    assert "1 of 2 items listed at shots=0 lie outside the catalogue" in caplog.text


HEADER = "user_id,rank,item_id,shots\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user_id,item_id\nann,a\n", r"expected the columns rank, found user_id, item_id"),
        (HEADER, r"no rows below the header"),
        (HEADER + "ann,1,a,0\n,1,a,0\n", r"column 'user_id' to hold an id, found None in row 2 \(1 such"),
        (HEADER + "ann,1,a,0\nann,2, ,0\n", r"column 'item_id' to hold an id, found ' ' in row 2"),
        (HEADER + "ann,1,a,0\nann,0,b,0\n", r"column 'rank' to hold a whole number from 1 on, found '0' in row 2"),
        (HEADER + "ann,first,a,0\n", r"column 'rank' to hold a whole number from 1 on, found 'first' in row 1"),
        (HEADER + "ann,1.5,a,0\nann,,b,0\n", r"column 'rank' .* found '1\.5' in row 1 \(2 such rows\)"),
        (HEADER + "ann,1,a,0\nann,1,a,2\n", r"column 'shots' to hold one of 0, 1, .*, all, found '2' in row 2"),
        (HEADER + "ann,1,a,\n", r"column 'shots' to hold one of .* found None in row 1"),
        (
            HEADER + "ann,1,a,0\nann,1,a,1\nann,1,b,0\n",
            r"each rank once in a list, found 1 again in row 3 \(user_id 'ann', shots '0'; 1 such rows\)",
        ),
        (HEADER + "ann,1,a,0\nann,2,b,0\nann,3,a,0\n", r"each item_id once in a list, found 'a' again in row 3"),
        (HEADER + "ann,1,x,0\nann,2,y,0\nann,3,x,0\n", r"each item_id once in a list, found 'x' again in row 3"),
        (HEADER + "ann,1,a,0\n", r"expected lists for shots=1, at which next_visits is posed, too; found shots 0"),
        ("user_id,rank,item_id\nzoe,1,a\n", r"column 'user_id' names 1 users, for example 'zoe', and none of them"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read_own_lists(written(tmp_path, text), CATALOGUE, POSED)
    assert "own.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"recommendations=.*nothing\.csv: there is no such file"):
        read_own_lists(str(tmp_path / "nothing.csv"), CATALOGUE, POSED)


def test_a_list_of_targets_is_perfect_and_the_figures_are_those_by_hand(tmp_path: Path) -> None:
    targets = csr_array(targets_of([[1, 2], [3], [0]], 6))
    posed = dataclasses.replace(posed_at(0, [[], [], []]), targets=targets)
    # ann: both targets; bob: a miss outside the catalogue, then the target; cy: no list.
    name = written(tmp_path, "user_id,rank,item_id\nann,1,c\nann,2,b\nbob,1,gone\nbob,2,d\n")
    ranker = read_own_lists(name, CATALOGUE, [posed])[posed.shots_name]
    popularity = ItemPopularity.of(csr_array(np.eye(6, dtype=np.float32)))
    found = evaluate(
        {"own": Method(ranker)}, [posed], {"ndcg": Ndcg(), "coverage": Coverage()}, [2], popularity=popularity
    )
    per_user = found.per_user.get_column("ndcg_at_2").to_numpy()
    assert per_user == pytest.approx([1, 1 / np.log2(3), 0])
    coverage = found.cells.filter((pl.col("metric") == "coverage") & (pl.col("shots") == "0"))
    assert coverage.get_column("value").to_list() == pytest.approx([3 / 6])
