"""What is to be done, in an order that respects what needs what; workers take from it side by side."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One piece of work.

    Attributes:
        key: Its name, distinct.
        after: Keys of what must be finished first.
        make: Called when it is its turn; the unit to do, or None where nothing is left to do.

    """

    key: Any
    make: Callable[[], Any | None] = field(compare=False)
    after: frozenset[Any] = frozenset()


class Board:
    """Hands out entries; thread-safe.

    Args:
        entries: In the order in which they are wanted; each after what it needs.
        deadline: Time (``time.time``) after which nothing is handed out.

    Raises:
        ValueError: An entry waits for one that does not come before it.

    """

    def __init__(self, entries: Sequence[Entry], deadline: float) -> None:
        known: set[Any] = set()
        for entry in entries:
            if not entry.after <= known:
                raise ValueError(
                    f"{entry.key} waits for {sorted(map(str, entry.after - known))}, which do not come before"
                )
            known.add(entry.key)
        self._waiting = list(entries)
        self._finished: set[Any] = set()
        self._deadline = deadline
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> tuple[Entry, Any] | None:
        """The next entry that waits for nothing, with its unit; None when there is no more to come.

        Blocks while all that is left waits for entries in progress. Entries without a unit are finished at once.
        """
        with self._changed:
            while self._waiting and not self._stopped and time.time() <= self._deadline:
                entry = next((one for one in self._waiting if one.after <= self._finished), None)
                if entry is None:
                    self._changed.wait(timeout=1.0)
                    continue
                self._waiting.remove(entry)
                unit = entry.make()
                if unit is not None:
                    return entry, unit
                self._finish(entry)
            return None

    def finish(self, entry: Entry) -> None:
        """An entry is done, well or not: what waits for it may begin."""
        with self._changed:
            self._finish(entry)

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def waiting(self) -> tuple[Entry, ...]:
        """What was not handed out."""
        with self._changed:
            return tuple(self._waiting)

    def _finish(self, entry: Entry) -> None:
        self._finished.add(entry.key)
        self._changed.notify_all()
