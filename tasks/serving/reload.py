"""Serves another version where the alias has moved: loaded beside the one that answers, swapped in one step."""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from tasks.errors import ColdcartError

logger = logging.getLogger(__name__)

M = TypeVar("M")


class Reloader(threading.Thread, Generic[M]):
    """Looks up an alias again and again.

    Args:
        look_up: What is to be served now; None where that cannot be said.
        load: Loads it, ready to answer.
        swap: Takes the new model into service.
        serving: What is served at the start.
        seconds: Between two looks.

    """

    def __init__(
        self,
        look_up: Callable[[], str | None],
        load: Callable[[str], M],
        swap: Callable[[M], None],
        serving: str,
        seconds: float,
    ) -> None:
        super().__init__(name="reloader", daemon=True)
        self._look_up, self._load, self._swap = look_up, load, swap
        self._serving, self._seconds = serving, seconds
        self._refused: str | None = None
        self._ended = threading.Event()
        self.failures = 0

    def run(self) -> None:
        """Look, until ``end``; an error leaves what is served where it is."""
        while not self._ended.wait(self._seconds):
            self.look()

    def look(self) -> bool:
        """Look once; whether another model was taken into service."""
        try:
            found = self._look_up()
        except ColdcartError as error:
            self.failures += 1
            logger.warning("the registry was not read: %s", error)
            return False
        if found is None or found in (self._serving, self._refused):
            return False
        try:
            model = self._load(found)
        except Exception as error:
            # A version that cannot be served is not tried again; the one that answers goes on.
            self.failures += 1
            self._refused = found
            logger.error("%s is not served, %s goes on: %s", found, self._serving, " ".join(str(error).split()))
            return False
        self._swap(model)
        logger.info("%s is served in place of %s", found, self._serving)
        self._serving, self._refused = found, None
        return True

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()
        if self.is_alive():
            self.join()
