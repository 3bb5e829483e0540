"""One refresh of a model at a time: the next waits, or steps aside."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.errors import LockedError
from tasks.runs import Home, RunLock

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0


@contextmanager
def turn(home: Home, name: str, wait: float = 0.0) -> Iterator[RunLock]:
    """Hold the turn of a registered model while the block runs; one that died with it gives it back.

    Args:
        home: Where locks live: of processes that share this folder.
        name: Name of the registered model.
        wait: Seconds to wait for the refresh that has the turn.

    Raises:
        LockedError: Another refresh has it still (names its process).

    """
    lock = RunLock(home.locks, "refresh-" + re.sub(r"[^A-Za-z0-9._-]+", "_", name))
    until, told = time.monotonic() + wait, False
    while True:
        try:
            lock.acquire()
            break
        except LockedError:
            holder = lock.holder()
            if time.monotonic() >= until:
                raise LockedError(
                    f"another refresh of {name} is at work ({holder}); this one steps aside (wait=<seconds> waits)"
                ) from None
            if not told:
                logger.info("waiting for another refresh of %s (%s)", name, holder)
                told = True
            time.sleep(min(LOOK_SECONDS, max(0.0, until - time.monotonic())))
    try:
        yield lock
    finally:
        lock.release()
