"""Workbenches on a small world, with networks that train in a second."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tasks.benchmark.digests import plain_values
from tasks.benchmark.generators import GeneratorStore
from tasks.benchmark.ground import Asked, Ground, Grounds
from tasks.benchmark.methods import catalogue
from tasks.benchmark.workbench import Workbench

OVERRIDES = (
    "dataset.users=1500",
    "trainer=smoke",
    "trainer.max_epochs=3",
    "trainer.validate_every=1",
    "network.item_dimensions=8",
    "network.width=16",
)


@cache
def ground() -> Ground:
    """``block_world``, its first question; read once per test session."""
    return Grounds().ground(Asked("block_world", OVERRIDES, "validation"), "next_visits", 0)


def workbench(store: Path, seed: int = 0) -> Workbench:
    """On that ground, with a store of generators of its own."""
    return Workbench(ground(), seed, GeneratorStore(store))


def resolved(bench: Workbench, name: str) -> Mapping[str, Any]:
    """Settings of a method where nothing was tuned."""
    method = catalogue()[name]
    needed = {need: resolved(bench, need) for need in method.needs}
    return plain_values(method.resolve(method.defaults(bench.config), needed))
