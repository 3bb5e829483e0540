"""Somebody's own lists as a method of the benchmark."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.benchmark.method import BenchmarkRole, EpochReport, FittedMethod, Part, Settings
from tasks.benchmark.workbench import Workbench
from tasks.config import RunConfig
from tasks.domain import Posed
from tasks.errors import DataError
from tasks.evaluation.methods import Method
from tasks.model_format import ItemVocabulary
from tasks.stages.own_lists import read_own_lists


@dataclass(frozen=True)
class OwnMethod:
    """The lists of ``recommendations=<file>``; they answer for the users who are reported, not for half A.

    Attributes:
        name: Of the method.
        file: CSV or Parquet; None where there is none.

    """

    name: str
    file: str | None = None
    role: BenchmarkRole = "own"
    version: int = 1
    search: str | None = None
    needs: tuple[str, ...] = ()
    once_per_dataset: bool = False

    def defaults(self, config: RunConfig) -> Settings:
        """The digest of the file.

        Raises:
            DataError: It cannot be read.

        """
        return {"file": _sha256(self.file)}

    def starts(self, defaults: Settings, needed: Mapping[str, Settings]) -> Sequence[Settings]:
        """Nothing is tuned."""
        return (defaults,)

    def resolve(self, own: Settings, needed: Mapping[str, Settings]) -> Settings:
        """As given."""
        return own

    def fit(self, bench: Workbench, settings: Settings, on_epoch: EpochReport | None = None) -> FittedMethod:
        """Read the file.

        Raises:
            DataError: The file cannot be used.

        """
        assert self.file is not None
        vocabulary = ItemVocabulary.of(bench.ingested.log, bench.prepared.ground.catalogue)
        part: Part = "test" if bench.prepared.test else "half_b"
        lists = read_own_lists(self.file, vocabulary, bench.posed(part))

        def method_for(asked: Part, posed: Posed) -> Method | None:
            return Method(lists[posed.shots_name]) if asked == part else None

        return FittedMethod(method_for)


def _sha256(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        return hashlib.sha256(Path(file).expanduser().read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(
            f"recommendations={file} cannot be read: {error.strerror}. Name a CSV or Parquet file"
        ) from error
