"""What the benchmark needs of a use: who is asked, figures per user or item, and words for the report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.domain import NewUsers, Posed
from tasks.evaluation.methods import Method

T = TypeVar("T")

UNIT = "unit"
"""Column that tells the users or items that figures belong to."""


@dataclass(frozen=True)
class Case:
    """A part of the new users, and what answers for them.

    Attributes:
        posed: The question at each number of shots.
        method_for: The fitted method at one number of shots; None for a yardstick, which needs none.
        warm_users: int64 (I,), warm users that hold each item.
        places: From users of ``posed`` to their positions in the list of all who are asked, int (U,).
        kept: What a use keeps for the other methods on the same users; one mapping serves them all.

    """

    posed: Sequence[Posed]
    method_for: Callable[[Posed], Method] | None
    warm_users: NDArray[np.int64]
    places: Callable[[Posed], NDArray[np.int64]]
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What ``make`` gives, made once for all methods on these users.

        Args:
            key: Tells it from what else is kept.
            make: Makes it from the users alone.

        """
        if key not in self.kept:
            self.kept[key] = make()
        made: T = self.kept[key]
        return made

    def answering(self, posed: Posed) -> tuple[Method, NewUsers]:
        """The method, and the users as it sees them: with their virtual behaviour where it has some.

        Raises:
            ValueError: It is a yardstick's case.

        """
        if self.method_for is None:
            raise ValueError("a yardstick is not asked")
        method = self.method_for(posed)
        virtual = method.virtual(posed.users) if method.virtual is not None else None
        return method, posed.users.with_virtual(virtual)


@dataclass(frozen=True, eq=False)
class Measured:
    """What a use found of one method.

    Attributes:
        frame: ``unit`` (Int32, distinct and ascending: positions of users, or rows of items) and Float32 columns
            ``<figure>/<shots>``, null where there is no figure.
        half_a: Means on half A by ``<figure>/<shots>``: they choose the reference.
        notes: What else is to be kept, plain.

    """

    frame: pl.DataFrame
    half_a: Mapping[str, float]
    notes: Mapping[str, Any] = field(default_factory=dict)


class Use(Protocol):
    """A use; implementations are frozen dataclasses.

    Attributes:
        name: Fixed, a–z, 0–9 and _.
        version: Raised by hand when its arithmetic changes; another version is measured anew.
        methods: Methods it concerns whenever the benchmark measures them.
        with_references: Whether it also concerns the references of the question.
        yardsticks: Names of rivals that need no fitted method.
        unit: What figures are averaged and resampled over: ``users`` or ``items``.
        figures: Labels by figure, the headline first; higher is better.
        title: Heading in the report.
        explained: Lines that say what is measured.

    """

    @property
    def name(self) -> str: ...  # noqa: D102 - as the class says
    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def methods(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def with_references(self) -> bool: ...  # noqa: D102
    @property
    def yardsticks(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def figures(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def explained(self) -> tuple[str, ...]: ...  # noqa: D102

    def measure(self, name: str, reported: Case, half_a: Case) -> Measured:
        """Measure a method, or a yardstick, on the users who are reported and on half A.

        Args:
            name: Of the method or yardstick.
            reported: Half B or the test users.
            half_a: Half A.

        """
        ...


def shots_of(posed: Posed) -> str:
    """``3``, or ``all``: the end of a column's name."""
    return posed.shots_name.removeprefix("shots_")


def frame_of(units: NDArray[np.integer], columns: Mapping[str, NDArray[np.floating]]) -> pl.DataFrame:
    """The frame of ``Measured``.

    Args:
        units: int (N,), ascending.
        columns: float (N,) by ``<figure>/<shots>``, ``nan`` where there is no figure. Four digits are kept: the rest
            is far below what users differ by, and costs most of the space.

    """
    kept = {name: pl.Series(np.round(values, 4).astype(np.float32)).fill_nan(None) for name, values in columns.items()}
    return pl.DataFrame({UNIT: pl.Series(units.astype(np.int32))} | kept)


def means_of(frame: pl.DataFrame) -> dict[str, float]:
    """Means of every column of a frame that has a value."""
    means = {name: frame[name].cast(pl.Float64).mean() for name in frame.columns if name != UNIT}
    return {name: float(mean) for name, mean in means.items() if isinstance(mean, float)}
