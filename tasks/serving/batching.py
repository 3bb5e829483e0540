"""Requests that wait at the same time are scored together: one pass over the model instead of several."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Batcher(Generic[Q, A]):
    """Hands questions to a function in groups; never waits for a group to fill.

    Args:
        answer: From questions to answers in their order; runs in a thread, one group at a time.
        most: Questions in a group, at most.

    """

    def __init__(self, answer: Callable[[Sequence[Q]], Sequence[A]], most: int) -> None:
        self._answer = answer
        self._most = most
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._busy = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scorer")
        self.sizes: Callable[[int], object] = lambda size: None
        """Told the size of each group."""

    async def ask(self, question: Q) -> A:
        """The answer to one question; raises what ``answer`` raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[A] = loop.create_future()
        self._waiting.append((question, future))
        if not self._busy:
            self._start(loop)
        return await future

    def close(self) -> None:
        """Finish the group that is being answered."""
        self._thread.shutdown(wait=True)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
        self._busy = bool(group)
        if group:
            self.sizes(len(group))
            done = loop.run_in_executor(self._thread, self._answer, [question for question, _ in group])
            done.add_done_callback(lambda found: self._finish(loop, group, found))

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        group: list[tuple[Q, "asyncio.Future[A]"]],
        found: "asyncio.Future[Sequence[A]]",
    ) -> None:
        self._start(loop)
        error = found.exception()
        for place, (_, future) in enumerate(group):
            if future.done():  # its caller has gone
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(found.result()[place])
