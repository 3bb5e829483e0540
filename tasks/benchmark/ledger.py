"""What is planned, what is finished, what failed: the books of one benchmark."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.tuned.store import TunedSettings

CellId = tuple[str, str, str, int]
"""Data set, question, method, seed."""
TuningId = tuple[str, str, str]
"""Data set, question, method."""


class UnresolvedError(Exception):
    """A method's settings are not known: its tuning, or that of what it is built on, failed or was not reached.

    Attributes:
        failed: Why it failed; None where it was not reached.

    """

    def __init__(self, failed: str | None) -> None:
        super().__init__(failed or "not reached")
        self.failed = failed


@dataclass
class Ledger:
    """Grows as the benchmark goes; written under the board's lock or by the one thread that did the work.

    Attributes:
        planned: Cells of this benchmark, in their order.
        kept: Names of cells that were finished before.
        computed: Names of cells that were computed now.
        failed: Why a cell failed.
        tuned: Tuned settings.
        tuning_failed: Why a tuning failed.

    """

    planned: list[CellId] = field(default_factory=list)
    kept: dict[CellId, str] = field(default_factory=dict)
    computed: dict[CellId, str] = field(default_factory=dict)
    failed: dict[CellId, str] = field(default_factory=dict)
    tuned: dict[TuningId, TunedSettings] = field(default_factory=dict)
    tuning_failed: dict[TuningId, str] = field(default_factory=dict)

    @property
    def finished(self) -> Mapping[CellId, str]:
        """Names of finished cells."""
        return {**self.kept, **self.computed}

    @property
    def missing(self) -> list[CellId]:
        """Cells that were neither finished nor failed."""
        return [
            one for one in self.planned if one not in self.kept and one not in self.computed and one not in self.failed
        ]

    def merged(self, earlier: list[str]) -> list[str]:
        """Names for the manifest: what is finished, and what stood there of other data sets, questions, methods, seeds.

        Args:
            earlier: Names that stood in the manifest.

        """
        planned = {
            "/".join([dataset, question, method, f"{seed}-"]) for dataset, question, method, seed in self.planned
        }
        others = [name for name in earlier if name[: name.rfind("-") + 1] not in planned]
        return sorted({*others, *self.finished.values()})
