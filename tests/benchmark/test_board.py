"""Work is handed out in an order that respects what needs what, whatever order it is finished in."""

import threading
import time
from typing import Any

import pytest

from tasks.benchmark.board import Board, Entry
from tasks.benchmark.crew import Crew, UnitFailedError


class Unit(str):
    """A unit that is only a name."""

    @property
    def title(self) -> str:  # type: ignore[override]
        return str(self)


def entry(key: str, *after: str, nothing: bool = False) -> Entry:
    return Entry(key, lambda: None if nothing else Unit(key), frozenset(after))


def take(board: Board) -> Entry:
    taken = board.take()
    assert taken is not None
    return taken[0]


def test_what_waits_comes_after_whatever_is_finished_first() -> None:
    board = Board([entry("a"), entry("b"), entry("a+", "a"), entry("b+", "b"), entry("all", "a+", "b+")], float("inf"))
    a, b = take(board), take(board)
    board.finish(b)
    b_more = take(board)
    assert b_more.key == "b+"
    board.finish(a)
    board.finish(b_more)
    a_more = take(board)
    assert a_more.key == "a+"
    board.finish(a_more)
    assert take(board).key == "all"
    assert board.take() is None


def test_what_is_done_already_holds_nothing_up() -> None:
    board = Board([entry("a", nothing=True), entry("b", "a", nothing=True), entry("c", "b")], float("inf"))
    assert take(board).key == "c"


def test_what_needs_something_later_is_a_defect() -> None:
    with pytest.raises(ValueError, match="b waits for"):
        Board([entry("b", "a"), entry("a")], float("inf"))


def test_nothing_is_handed_out_when_time_is_over() -> None:
    board = Board([entry("a"), entry("b")], time.time() + 0.05)
    board.finish(take(board))
    time.sleep(0.06)
    assert board.take() is None
    assert [one.key for one in board.waiting] == ["b"]


def test_a_crew_works_side_by_side_and_goes_on_after_a_failure() -> None:
    entries = [entry("a"), entry("b"), entry("a+", "a"), entry("end", "a+", "b")]
    together, finished, lock = threading.Barrier(2, timeout=10), [], threading.Lock()

    def work(worker: Any, one: Entry, unit: Unit) -> None:
        if unit in ("a", "b"):
            together.wait()  # each waits for the other: both are in progress at once
        with lock:
            finished.append(str(unit))
        if unit == "a":
            raise UnitFailedError("written down already")

    Crew(2, 1).do(Board(entries, float("inf")), work)
    assert set(finished[:2]) <= {"a", "b", "a+"}
    assert finished[-1] == "end"
    assert sorted(finished) == ["a", "a+", "b", "end"]


def test_a_defect_stops_the_crew_and_is_raised() -> None:
    done = []

    def work(worker: Any, one: Entry, unit: Unit) -> None:
        done.append(str(unit))
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        Crew(1, 1).do(Board([entry("a"), entry("b")], float("inf")), work)
    assert done == ["a"]
