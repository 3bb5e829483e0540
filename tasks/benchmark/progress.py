"""How far a benchmark is, in words: a line per finished cell, with the number left and the time that takes."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable

from tasks.benchmark.units import CellDone, CellFailed

logger = logging.getLogger(__name__)

Shown = Callable[[int, int, str], None]
"""Told the cells that are done, all cells, and the time left in words."""


class Progress:
    """Counts cells and tunings; thread-safe.

    Args:
        cells: Cells of the benchmark.
        tunings: Tunings of the benchmark.
        workers: Processes that share the work.
        shown: Told whenever something changed.

    """

    def __init__(self, cells: int, tunings: int, workers: int, shown: Shown | None = None) -> None:
        self._cells, self._tunings, self._workers, self._shown = cells, tunings, workers, shown
        self._done, self._tuned = 0, 0
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def kept(self, cells: int) -> None:
        """Cells that were finished before."""
        self._advance(cells=cells)

    def tuning(self, title: str | None = None, value: float = float("nan"), seconds: float = 0.0) -> None:
        """A tuning is over; without a title there was nothing to do."""
        if title is not None:
            self._seconds["tuning"].append(seconds)
            logger.info("%s: NDCG@10 on half A %.4f, %.0f s", title, value, seconds)
        self._advance(tunings=1)

    def cell(self, message: CellDone | CellFailed) -> None:
        """A cell is over."""
        call = message.call
        if isinstance(message, CellDone):
            self._seconds["cell"].append(message.seconds)
        left = self._advance(cells=1)
        where = f"{call.dataset} {call.question} {call.method} seed {call.seed}"
        if isinstance(message, CellFailed):
            logger.error("%s failed: %s; %s", where, message.reason, left)
            return
        figure = message.headline.get("ndcg_at_10/mean", float("nan"))
        logger.info("%s: NDCG@10 %.4f, %.1f s; %s", where, figure, message.seconds, left)

    def _advance(self, cells: int = 0, tunings: int = 0) -> str:
        with self._lock:
            self._done += cells
            self._tuned += tunings
            left = self._left()
        if self._shown is not None:
            self._shown(self._done, self._cells, left)
        return left

    def _left(self) -> str:
        cells, tunings = self._cells - self._done, self._tunings - self._tuned
        seconds = cells * _mean(self._seconds["cell"]) + tunings * _mean(self._seconds["tuning"])
        words = f"{cells} of {self._cells} cells left"
        return words if not cells else f"{words}, about {in_words(seconds / self._workers)}"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def in_words(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Elapsed."""
        return time.monotonic() - self._started
