"""The catalogue: every method of the benchmark under its fixed name.

A recommender is one as soon as conf/recommender names it. The hybrid and its ablations are registered in
``tasks.benchmark.hybrid_methods``.
"""

import difflib
from collections.abc import Mapping, Sequence

from tasks.benchmark.completed import CompletedMethod, FillMethod, GeneratorMethod, NoAdversaryMethod
from tasks.benchmark.hybrid_methods import NAMES, hybrid_methods
from tasks.benchmark.method import BenchmarkMethod
from tasks.benchmark.own import OwnMethod
from tasks.benchmark.recommended import RecommenderMethod
from tasks.errors import ConfigError
from tasks.overrides import choices

VIRTUAL_OF = ("user_knn_cosine", "item_knn_cosine")
"""Collaborative filters that are also measured over profiles the generator completed."""
FILLED = "user_knn_cosine"
"""The filter whose profiles placebo fills complete."""
OWN = "own"
"""Name of somebody's own lists."""


def catalogue(recommendations: str | None = None) -> dict[str, BenchmarkMethod]:
    """The methods that can be run, in the order of reports: baselines, placebos, ours, ablations, own lists.

    Args:
        recommendations: File with somebody's own lists.

    """
    methods: list[BenchmarkMethod] = [RecommenderMethod(name) for name in choices("recommender")]
    methods += [FillMethod(name, FILLED) for name in choices("fill")]
    methods.append(NoAdversaryMethod(FILLED))
    methods += [CompletedMethod(filter_name) for filter_name in VIRTUAL_OF]
    methods.append(GeneratorMethod())
    methods += hybrid_methods()
    methods.append(OwnMethod(OWN, recommendations))
    return {method.name: method for method in methods}


def known_names() -> tuple[str, ...]:
    """Every fixed name, of methods that cannot be run yet, too."""
    return tuple(dict.fromkeys([*catalogue(), *NAMES]))


def chosen(
    names: Sequence[str] | None, recommendations: str | None
) -> tuple[dict[str, BenchmarkMethod], tuple[str, ...]]:
    """The methods to run, and the names among those asked for that no method stands behind yet.

    Args:
        names: Names; None for all.
        recommendations: File with somebody's own lists; they are measured whenever there is one.

    Raises:
        ConfigError: A name is not one of the catalogue's.

    """
    available, known = catalogue(recommendations), known_names()
    asked = [name for name in known if name != OWN] if names is None else list(dict.fromkeys(names))
    for name in asked:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Methods are {', '.join(known)}."
            raise ConfigError(f"methods: {name!r} is no method of the benchmark. {hint}")
    if OWN in asked and recommendations is None:
        raise ConfigError(f"methods: {OWN} needs a file of lists, recommendations=<file>")
    if recommendations is not None and OWN not in asked:
        asked.append(OWN)
    missing = tuple(name for name in asked if name not in available)
    return {name: available[name] for name in available if name in asked}, missing


def with_needs(methods: Mapping[str, BenchmarkMethod]) -> dict[str, BenchmarkMethod]:
    """These methods and all they are built on, each after what it needs.

    Raises:
        ConfigError: One is built on a method that does not exist.

    """
    available = catalogue() | dict(methods)
    ordered: dict[str, BenchmarkMethod] = {}

    def add(name: str, by: str) -> None:
        if name in ordered:
            return
        if name not in available:
            raise ConfigError(f"methods: {by} is built on {name!r}, which is no method of the benchmark")
        for need in available[name].needs:
            add(need, name)
        ordered[name] = available[name]

    for name in methods:
        add(name, name)
    return ordered
