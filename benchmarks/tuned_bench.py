"""Data, fits and settings of conf/tuned for scripts that look at validation users; nothing touches test users."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.benchmark.workbench import Workbench


def bench_of(dataset: str, question: str) -> "Workbench":
    """Data and fits of a question, seed 0."""
    from tasks.benchmark.ground import Asked, Grounds
    from tasks.benchmark.workbench import Workbench, generator_store
    from tasks.runs.home import Home

    ground = Grounds().ground(Asked(dataset, (), "validation"), question, 0)
    return Workbench(ground, 0, generator_store(Home.current()))


def settings_of(bench: "Workbench", name: str) -> dict[str, Any]:
    """Resolved settings of a method: tuned ones where there are some, else the defaults."""
    from tasks.benchmark.digests import plain_values
    from tasks.benchmark.methods import catalogue
    from tasks.benchmark.settings import TUNED
    from tasks.tuned.store import read_tuned

    tuned, methods = read_tuned(TUNED, bench.config.names["dataset"], bench.question), catalogue()

    def resolved(one: str) -> dict[str, Any]:
        method = methods[one]
        own = tuned[one].settings if one in tuned else plain_values(method.defaults(bench.config))
        return dict(method.resolve(own, {needed: resolved(needed) for needed in method.needs}))

    return resolved(name)
