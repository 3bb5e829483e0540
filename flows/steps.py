"""Stages of a flow as Prefect tasks."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE

P = ParamSpec("P")
T = TypeVar("T")


def step(name: str, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Run one stage as a Prefect task, in this thread.

    Its arguments stay out of Prefect, which would look for futures inside every array.
    """

    @task(name=name, task_run_name=name, cache_policy=NO_CACHE)
    def work() -> T:
        return function(*arguments, **options)

    return work()
