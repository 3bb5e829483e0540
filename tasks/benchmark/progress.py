"""How far a benchmark is, in words: a line per finished cell, with the number left and the time that takes."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable

from tasks.benchmark.ledger import Ledger
from tasks.benchmark.units import CellDone, CellFailed

logger = logging.getLogger(__name__)

Shown = Callable[[int, int, str], None]
"""Told the cells that are done, all cells, and what is left in words."""


class Progress:
    """Says what is done and what is left, as the ledger has it; thread-safe.

    Args:
        ledger: The books: cells kept from earlier and tunings that hold count as done.
        tunings: Number of tunings of the benchmark.
        workers: Processes that share the work.
        shown: Told whenever something changed.
        what: What is counted.

    """

    def __init__(
        self, ledger: Ledger, tunings: int, workers: int, shown: Shown | None = None, what: str = "cells"
    ) -> None:
        self._what = what
        self._ledger, self._tunings, self._workers, self._shown = ledger, tunings, workers, shown
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()

    def tuning(self, title: str, value: float, seconds: float) -> None:
        """A tuning is over, and in the ledger."""
        self._take("tuning", seconds)
        logger.info("%s: NDCG@10 on half A %.4f, %.0f s", title, value, seconds)

    def cell(self, message: CellDone | CellFailed) -> None:
        """A cell is over, and in the ledger."""
        call = message.call
        left = self._take("cell", message.seconds if isinstance(message, CellDone) else None)
        where = f"{call.dataset} {call.question} {call.what} seed {call.seed}"
        if isinstance(message, CellFailed):
            logger.error("%s failed: %s; %s", where, message.reason, left)
            return
        usual = "ndcg_at_10/mean"
        means = [name for name in message.headline if name.endswith("/mean")]
        name = usual if usual in means or not means else means[0]
        label = "NDCG@10" if name == usual else name
        logger.info(
            "%s: %s %.4f, %.1f s; %s", where, label, message.headline.get(name, float("nan")), message.seconds, left
        )

    def _take(self, kind: str, seconds: float | None) -> str:
        """Count what took so long; returns what is left, in words."""
        with self._lock:
            if seconds is not None:
                self._seconds[kind].append(seconds)
            cells, ledger = len(self._ledger.missing), self._ledger
            tunings = self._tunings - len(ledger.tuned) - len(ledger.tuning_failed)
            left = cells * _mean(self._seconds["cell"]) + max(tunings, 0) * _mean(self._seconds["tuning"])
            words = f"{cells} of {len(ledger.planned)} {self._what} left"
            words += f", about {in_words(left / self._workers)}" if cells else ""
            if self._shown is not None:
                self._shown(len(ledger.planned) - cells, len(ledger.planned), words)
        return words


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
        self._started = self._lap = time.monotonic()

    @property
    def seconds(self) -> float:
        """Elapsed."""
        return time.monotonic() - self._started

    def lap(self) -> float:
        """Elapsed since the last lap."""
        now, self._lap, earlier = time.monotonic(), time.monotonic(), self._lap
        return now - earlier
