"""Units of work that are handed to worker processes, and what comes back; plain values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.benchmark.digests import DataIdentity
from tasks.benchmark.ground import Asked
from tasks.benchmark.method import BenchmarkRole, Part


@dataclass(frozen=True, slots=True)
class Survey:
    """Read a data set's log and say what it is.

    Attributes:
        asked: The data set.

    """

    asked: Asked

    @property
    def title(self) -> str:
        """For people."""
        return f"read {self.asked.dataset}"


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A data set as it was found.

    Attributes:
        identity: What identifies its data.
        questions: Questions it answers, the first one first.
        reason: Why these are not the questions asked for; None where they are.

    """

    identity: DataIdentity
    questions: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Tune:
    """Try settings of a method on half A.

    Attributes:
        asked: The data set.
        question: The question.
        method: Name of the method.
        needed: Resolved settings of what it is built on.
        trials: Number of settings.
        digest: Of this tuning; names its journal.
        deadline: Time (``time.time``) after which no trial is begun.
        recommendations: File with somebody's own lists.

    """

    asked: Asked
    question: str
    method: str
    needed: Mapping[str, Any]
    trials: int
    digest: str
    deadline: float
    recommendations: str | None = None

    @property
    def title(self) -> str:
        """For people."""
        return f"tune {self.asked.dataset} {self.question} {self.method}"


@dataclass(frozen=True, slots=True)
class Call:
    """One cell to compute.

    Attributes:
        dataset: Name of the data set.
        question: The question.
        method: Name of the method.
        role: Role of the method.
        seed: Of the model.
        settings: Resolved settings.
        digest: Of the cell.
        trials: Settings that were tried.
        edges: Tuned settings at the edge of their range.
        tune_seconds: Time of the tuning.
        use: What the method is used for; empty where it makes lists of recommendations, which cells are about.
        cell: Where it is used for something else: name of the method's cell, empty for a yardstick.

    """

    dataset: str
    question: str
    method: str
    role: BenchmarkRole
    seed: int
    settings: Mapping[str, Any]
    digest: str
    trials: int
    edges: tuple[str, ...]
    tune_seconds: float
    use: str = ""
    cell: str = ""

    @property
    def what(self) -> str:
        """The method, behind the use if there is one: ``hybrid``, ``rerank/hybrid``."""
        return f"{self.use}/{self.method}" if self.use else self.method


@dataclass(frozen=True, slots=True)
class Measure:
    """Compute the cells of a question and seed, or measure uses of its methods.

    Attributes:
        asked: The data set.
        question: The question.
        seed: Of the models.
        calls: The cells.
        folder: Folder of the results.
        part: Whose figures are reported: ``test`` or ``half_b``.
        deadline: Time (``time.time``) after which no cell is begun.
        recommendations: File with somebody's own lists.

    """

    asked: Asked
    question: str
    seed: int
    calls: tuple[Call, ...]
    folder: str
    part: Part
    deadline: float
    recommendations: str | None = None

    @property
    def title(self) -> str:
        """For people."""
        what = "uses of" if any(call.use for call in self.calls) else "measure"
        return f"{what} {self.asked.dataset} {self.question} seed {self.seed}"


Unit = Survey | Tune | Measure


@dataclass(frozen=True, slots=True)
class Started:
    """A cell is begun.

    Attributes:
        call: Which.

    """

    call: Call


@dataclass(frozen=True, slots=True)
class CellDone:
    """A cell was computed and written.

    Attributes:
        call: Which.
        name: Its name in the results folder.
        seconds: Time of fit and measurement.
        headline: Figures by name: NDCG@10 and HR@10 by shots.

    """

    call: Call
    name: str
    seconds: float
    headline: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CellFailed:
    """A cell could not be computed.

    Attributes:
        call: Which.
        reason: Why, in one line.
        trace: The traceback.

    """

    call: Call
    reason: str
    trace: str


@dataclass(frozen=True, slots=True)
class Said:
    """A log record of a worker.

    Attributes:
        logger: Name of the logger.
        level: Its level.
        text: The message.

    """

    logger: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A unit came to its end.

    Attributes:
        result: ``Surveyed`` of a survey, ``Best`` of a tuning, None of a measurement or where time was over.
        reason: Why it failed, in one line; None where it did not.
        trace: The traceback.

    """

    result: Any = None
    reason: str | None = None
    trace: str = ""


Message = Started | CellDone | CellFailed | Said | Finished
