"""From what is typed behind ``flows.sweep`` to a sweep that can be run: checked before anything is started."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tasks.config import RunConfig, load_appended, load_config
from tasks.errors import ConfigError
from tasks.runs.key import digest_of, relevant
from tasks.sweeps.dimensions import Dimension, Values, as_overrides, grid, own_values, read_dimensions
from tasks.sweeps.settings import SweepSettings

GROUP = "sweep"


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """A sweep before it starts.

    Attributes:
        name: Its file in conf/sweep.
        settings: What is asked for.
        dimensions: What varies.
        base: Overrides of every run.
        config: A run with nothing varied.

    """

    name: str
    settings: SweepSettings
    dimensions: tuple[Dimension, ...]
    base: tuple[str, ...]
    config: RunConfig

    @property
    def start(self) -> Values | None:
        """The settings of a run with nothing varied, as a trial; None where they lie outside the space."""
        return own_values(self.dimensions, self.config)

    @property
    def experiment(self) -> str:
        """MLflow experiment of all its runs."""
        varies = any(dimension.name == "dataset" for dimension in self.dimensions)
        return self.config.tracking.experiment_name("sweeps" if varies else self.config.names["dataset"])

    def overrides(self, values: Values) -> tuple[str, ...]:
        """The whole run of a trial, as on a command line."""
        # Groups first: a setting of one exists only once it is chosen.
        varied = sorted(as_overrides(values), key=lambda text: "." in text.partition("=")[0])
        return (*self.base, *varied)

    def key(self, sources: Sequence[str], code_version: str) -> str:
        """Key of the sweep: the same space, settings, data and code go on with one that was stopped.

        Args:
            sources: sha256 of each source file.
            code_version: ``CodeState.version``.

        """
        asked = {name: value for name, value in asdict(self.settings).items() if name not in ("workers", "overrides")}
        content = {"sweep": asked, "config": relevant(self.config.plain), "sources": list(sources)}
        return digest_of({**content, "space": list(self.settings.space), "code": code_version})


def plan_sweep(name: str, overrides: Sequence[str]) -> SweepPlan:
    """Compose a sweep and check every end of its space.

    Not thread-safe (Hydra keeps global state): call it once, before any task.

    Args:
        name: A file in conf/sweep.
        overrides: Of the runs (``dataset=ml_100k``), and of the sweep (``sweep.trials=10``).

    Raises:
        ConfigError: Something cannot be used; the message names it.

    """
    own = [text for text in overrides if _key(text).split(".")[0] == GROUP]
    typed = [text for text in overrides if text not in own]
    settings = load_appended(GROUP, SweepSettings, [f"+{GROUP}={name}", *(one for one in own if _key(one) != GROUP)])
    base = (*settings.overrides, *typed)
    dimensions = read_dimensions(settings.space)
    config = load_config(base)
    _check(settings, dimensions, config)
    plan = SweepPlan(name, settings, dimensions, base, config)
    for dimension in dimensions:
        needed = {earlier: options[0] for earlier, options in dimension.when.items()}
        for value in dimension.ends():
            load_config(plan.overrides({**needed, dimension.name: value}))
    return plan


def _check(settings: SweepSettings, dimensions: Sequence[Dimension], config: RunConfig) -> None:
    if config.evaluate == "test":
        raise ConfigError("evaluate: a sweep chooses by validation users and never looks at test users; leave it out")
    if config.register_model:
        raise ConfigError("register: a sweep registers nothing; train the best settings once more with register=true")
    if settings.sampler == "grid" and not grid(dimensions):
        raise ConfigError("sweep.space: the grid is empty")
    for dimension in dimensions:
        if dimension.name in ("evaluate", "register", "tracking") or dimension.name.startswith("tracking."):
            raise ConfigError(f"sweep.space.{dimension.name}: this cannot vary within a sweep")


def sweep_name(overrides: Sequence[str]) -> tuple[str, list[str]]:
    """What ``+sweep=<name>`` names, and the other overrides.

    Raises:
        ConfigError: Nothing does.

    """
    named = [text for text in overrides if _key(text) == GROUP]
    if not named:
        load_appended(GROUP, SweepSettings, [])
    return named[-1].partition("=")[2], [text for text in overrides if text not in named]


def _key(text: str) -> str:
    return text.partition("=")[0].lstrip("+~")
