"""Stages of a flow as Prefect tasks."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from flows.artifacts import publish_failure
from tasks.errors import ColdcartError

P = ParamSpec("P")
T = TypeVar("T")


def step(name: str, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Run one stage as a Prefect task, in this thread.

    Its arguments stay out of Prefect, which would look for futures inside every array.
    """

    @task(name=name, task_run_name=name, cache_policy=NO_CACHE)
    @saying_why
    def work() -> T:
        return function(*arguments, **options)

    return work()


def saying_why(function: Callable[P, T]) -> Callable[P, T]:
    """Decorator of what a task does: one that fails says in one line why, and what to do, on its page."""

    @functools.wraps(function)
    def told(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return function(*arguments, **options)
        except Exception as error:
            _tell(error)
            raise

    return told


@contextlib.contextmanager
def composing() -> Iterator[None]:
    """Around what makes settings of the fields of a form: a mistake is said in one line, without Hydra's traceback."""
    try:
        yield
    except ColdcartError as error:
        _tell(error)
        raise error from None


def _tell(error: Exception) -> None:
    why = advice(error)
    get_run_logger().error("error: %s", why)
    publish_failure(why)


def advice(error: Exception) -> str:
    """What went wrong and what to do, in one line."""
    said = " ".join(str(error).split())
    if isinstance(error, ColdcartError):
        return said
    return (
        f"unexpected {type(error).__name__}: {said}. The traceback is in the log. Retry goes on from the last finished "
        "epoch or stage; if it fails again, this is a mistake in the program."
    )
