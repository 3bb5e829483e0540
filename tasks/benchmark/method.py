"""What the benchmark needs of a method: settings that can be tuned, a fit, and answers for each part of the users."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tasks.config import RunConfig
from tasks.domain import Posed
from tasks.evaluation.methods import Method
from tasks.training.epoch_reports import EpochReport

if TYPE_CHECKING:
    from tasks.benchmark.workbench import Workbench

Settings = Mapping[str, Any]
"""Nested plain values, as YAML has them."""
Part = Literal["half_a", "half_b", "test"]
"""Which new users are asked: half A tunes, half B and test are reported."""
BenchmarkRole = Literal["baseline", "ours", "placebo", "ablation", "own"]


@dataclass(frozen=True, slots=True)
class FittedMethod:
    """A fitted method.

    Attributes:
        method_for: The ranker that answers a part's users at one number of shots. On ``half_b`` a method whose gate
            was fitted there answers out of fold (``Workbench.folds``). None where it has no answer for that part.
        shares_for: Mean weight of each score there, by its name; None for a method without a gate.
        tuning_value: What tuning maximises, where it is not the method's own figure on half A.

    """

    method_for: Callable[[Part, Posed], Method | None]
    shares_for: Callable[[Part, Posed], Mapping[str, float]] | None = None
    tuning_value: float | None = None

    @classmethod
    def everywhere(cls, method: Method, tuning_value: float | None = None) -> "FittedMethod":
        """One ranker for everybody."""
        return cls(lambda part, posed: method, tuning_value=tuning_value)


class BenchmarkMethod(Protocol):
    """A row of the benchmark; implementations are frozen dataclasses.

    Attributes:
        name: Fixed, a–z, 0–9 and _.
        role: What it is in the comparison.
        version: Raised by hand when its arithmetic changes; another version is another cell.
        search: Its file in conf/search; None where nothing is tuned.
        needs: Methods whose tuned settings enter those of this one; they are tuned first.
        once_per_dataset: Whether it is tuned on the data set's first question only, for all questions.

    """

    @property
    def name(self) -> str: ...  # noqa: D102 - as the class says
    @property
    def role(self) -> BenchmarkRole: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def search(self) -> str | None: ...  # noqa: D102
    @property
    def needs(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def once_per_dataset(self) -> bool: ...  # noqa: D102

    def defaults(self, config: RunConfig) -> Settings:
        """Its own settings as conf/ has them; names in the search file are dotted paths into these."""
        ...

    def starts(self, defaults: Settings, needed: Mapping[str, Settings]) -> Sequence[Settings]:
        """Own settings that tuning tries first, the defaults before all others."""
        ...

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """Everything that decides its result: its own settings and those of what it is built on.

        Args:
            own: Its own settings, tuned or the defaults.
            needed: Resolved settings of each method in ``needs``.

        """
        ...

    def fit(self, bench: "Workbench", settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Fit on the workbench's warm users.

        Args:
            bench: Data, fitted recommenders and trained generators of one data set, question and seed.
            settings: What ``resolve`` gave.
            on_epoch: Told the figure of each epoch, where the method is trained in epochs.

        """
        ...
